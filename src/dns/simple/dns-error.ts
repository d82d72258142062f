import type { Endpoint } from '../../core/endpoint.ts';
import type { Fault } from '../../core/fault.ts';

/**
 * Safe to branch on. What a server answered: `NXDOMAIN` no such name, `NODATA` no address of the
 * type that was asked for, `TRUNCATED`, and the other response codes of RFC 1035 §4.1.1 by name;
 * `OTHER_RCODE` is one that came later. What became of the look-up otherwise: `BAD_NAME` was never
 * asked; `BAD_MESSAGE` breaks the protocol; `NETWORK` no socket, or nobody there; `TIMEOUT`;
 * `LIMIT` too many look-ups at once; `CANCELLED` the port was closed.
 */
export type DnsErrorCode =
  | 'BAD_MESSAGE'
  | 'BAD_NAME'
  | 'CANCELLED'
  | 'FORMERR'
  | 'LIMIT'
  | 'NETWORK'
  | 'NODATA'
  | 'NOTIMP'
  | 'NXDOMAIN'
  | 'OTHER_RCODE'
  | 'REFUSED'
  | 'SERVFAIL'
  | 'TIMEOUT'
  | 'TRUNCATED';

export type DnsErrorOptions = {
  /** Where the message is wrong, in bytes from its start; only with `BAD_MESSAGE`. */
  readonly offset?: number;
  /** Whose answer, or silence, it was. */
  readonly server?: Endpoint;
  /** The evidence; only with `NETWORK` and `CANCELLED`, and there not always. */
  readonly fault?: Fault | undefined;
};

/** A name could not be turned into addresses. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  readonly code: DnsErrorCode;
  readonly offset: number | undefined;
  readonly server: Endpoint | undefined;
  readonly fault: Fault | undefined;

  constructor(code: DnsErrorCode, message: string, options: DnsErrorOptions = {}) {
    super(message);
    this.code = code;
    this.offset = options.offset;
    this.server = options.server;
    this.fault = options.fault;
  }
}

/** For decoders: what is wrong with a message, and where. */
export function badMessage(offset: number, what: string): DnsError {
  return new DnsError('BAD_MESSAGE', `${what}, at byte ${offset}`, { offset });
}
