/**
 * Safe to branch on; the codes of Node's resolver. `ENOTFOUND` no such name; `ENODATA` the name has
 * nothing of the type; `ESERVFAIL`, `EREFUSED` what the servers answered; `ETIMEOUT` nobody answered
 * in time; `ECANCELLED` the caller, or the resolver's close, ended it; `EBADNAME` never asked;
 * `ENOSERVER` no server could be asked.
 */
export type DnsErrorCode =
  | 'EBADNAME'
  | 'ECANCELLED'
  | 'ENODATA'
  | 'ENOSERVER'
  | 'ENOTFOUND'
  | 'EREFUSED'
  | 'ESERVFAIL'
  | 'ETIMEOUT';

/** How a query travels; `tls` is not there yet. */
export type Transport = 'udp' | 'tcp' | 'tls';

/** One question to one server: who was asked, for how long, and what came of it. */
export type AttemptRecord = {
  /** As people write it: `192.0.2.1:53`, `[2001:db8::1]:53`. */
  readonly server: string;
  readonly transport: Transport;
  readonly ms: number;
  /** `SERVFAIL`, `timeout`, `refused (ECONNREFUSED)`, `invalid: owner`, … */
  readonly outcome: string;
};

export type DnsErrorDetails = {
  /** What was asked for, `AAAA`; absent where it was addresses of any family. */
  readonly type?: string | undefined;
  readonly syscall?: DnsError['syscall'];
  readonly server?: string | undefined;
  readonly attempts?: readonly AttemptRecord[] | undefined;
  readonly cause?: unknown;
  /** What was wrong, for people; default: the code. */
  readonly why?: string;
};

const NO_ATTEMPTS: readonly AttemptRecord[] = [];

/** A name could not be turned into what was asked for. Its text says who was asked, and what came. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  readonly code: DnsErrorCode;
  /** Control characters are escaped. */
  readonly hostname: string;
  readonly type: string | undefined;
  readonly syscall: `query${string}` | 'getaddrinfo';
  /** Whose answer, or silence, decided. */
  readonly server: string | undefined;
  readonly attempts: readonly AttemptRecord[];

  constructor(code: DnsErrorCode, hostname: string, details: DnsErrorDetails = {}) {
    const { type, server, attempts = NO_ATTEMPTS, cause, why } = details;
    const syscall =
      details.syscall ?? (type === undefined ? 'getaddrinfo' : `query${typeCase(type)}`);
    super(textOf(code, hostname, syscall, attempts, why), cause === undefined ? {} : { cause });
    this.code = code;
    this.hostname = hostname;
    this.type = type;
    this.syscall = syscall as DnsError['syscall'];
    this.server = server;
    this.attempts = attempts;
  }
}

/** Node's spelling: `queryA`, `queryAaaa`. */
function typeCase(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}

function textOf(
  code: string,
  hostname: string,
  syscall: string,
  attempts: readonly AttemptRecord[],
  why: string | undefined,
): string {
  const reason = why === undefined ? '' : `: ${why}`;
  const asked = attempts.map(
    ({ server, transport, ms, outcome }) =>
      `${server}${transport === 'udp' ? '' : ` over ${transport}`}: ${outcome} after ${Math.round(ms)} ms`,
  );
  const who = asked.length === 0 ? '' : ` (${asked.join('; ')})`;
  return `${syscall} ${code} ${hostname}${reason}${who}`;
}
