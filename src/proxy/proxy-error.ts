import type { Fault } from '../core/fault.ts';
import type { ClientFailure } from '../http/client-connection.ts';

/** Whose failure it was. */
export type ErrorSource = 'upstream' | 'downstream' | 'internal';

export type ErrorType =
  | 'ConnectTimeout'
  | 'ConnectRefused'
  | 'ConnectReset'
  | 'DnsFailure'
  | 'ReadTimeout'
  | 'WriteTimeout'
  | 'ConnectionClosed'
  | 'ProtocolError'
  | 'NoUpstream';

const STATUS: Readonly<Record<ErrorType, 502 | 504>> = {
  ConnectTimeout: 504,
  ConnectRefused: 502,
  ConnectReset: 502,
  DnsFailure: 502,
  ReadTimeout: 504,
  WriteTimeout: 504,
  ConnectionClosed: 502,
  ProtocolError: 502,
  NoUpstream: 502,
};

/** Why an exchange failed: a value for logs and for the choice of an answer. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly type: ErrorType;
  readonly source: ErrorSource;
  /** What the client is answered, as long as it can be. */
  readonly status: 502 | 504;

  constructor(type: ErrorType, source: ErrorSource, cause: unknown) {
    super(`${source}: ${type}`, { cause });
    this.type = type;
    this.source = source;
    this.status = STATUS[type];
  }
}

/** A connection that could not be opened. */
export function connectError(status: string, fault: Fault | undefined): ProxyError {
  if (status === 'expired' || fault?.code === 'kernelTimeout') {
    return new ProxyError('ConnectTimeout', 'upstream', fault);
  }
  const type = fault?.code === 'reset' ? 'ConnectReset' : 'ConnectRefused';
  return new ProxyError(type, 'upstream', fault);
}

/** A response that did not come, or not to its end. */
export function responseError(failure: ClientFailure): ProxyError {
  switch (failure.kind) {
    case 'closed':
      return new ProxyError('ConnectionClosed', 'upstream', failure.fault);
    case 'timeout': {
      const type = failure.direction === 'read' ? 'ReadTimeout' : 'WriteTimeout';
      return new ProxyError(type, 'upstream', undefined);
    }
    case 'protocol':
      return new ProxyError('ProtocolError', 'upstream', failure.error);
    default:
      return failure satisfies never;
  }
}
