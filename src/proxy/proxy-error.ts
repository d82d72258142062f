import type { Fault } from '../core/fault.ts';
import type { ClientFailure } from '../http/client-options.ts';

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
  | 'BodyTooLarge'
  | 'NoUpstream'
  | 'HttpStatus'
  | 'Internal';

const STATUS: Readonly<Record<ErrorType, number>> = {
  ConnectTimeout: 504,
  ConnectRefused: 502,
  ConnectReset: 502,
  DnsFailure: 502,
  ReadTimeout: 504,
  WriteTimeout: 504,
  ConnectionClosed: 502,
  ProtocolError: 502,
  BodyTooLarge: 413,
  NoUpstream: 502,
  HttpStatus: 502,
  Internal: 500,
};

/** Why an exchange failed: a value for logs and for the choice of an answer. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly type: ErrorType;
  readonly source: ErrorSource;
  /** What the client is answered, as long as it can be. */
  readonly status: number;
  /** The connection had served an exchange before: a close may be the server's idle deadline. */
  reusedConnection = false;
  /** Bytes of head and body that this attempt handed over to be sent. */
  requestBytesSent = 0;
  /** Of a 405 (RFC 9110 §15.5.6): the methods with which a route would have been found. */
  allow: string | undefined = undefined;
  /** What the engine does unless a handler decides. */
  retry = false;

  constructor(type: ErrorType, source: ErrorSource, cause: unknown, status?: number) {
    super(`${source}: ${type}`, { cause });
    this.type = type;
    this.source = source;
    this.status = status ?? STATUS[type];
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
