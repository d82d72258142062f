import type { Fault } from '../../../core/fault.ts';

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: '13: Permission denied',
  ENOENT: '2: No such file or directory',
  EPIPE: '32: Broken pipe',
  ENETUNREACH: '101: Network is unreachable',
  EADDRNOTAVAIL: '99: Cannot assign requested address',
  ECONNRESET: '104: Connection reset by peer',
  ETIMEDOUT: '110: Connection timed out',
  ECONNREFUSED: '111: Connection refused',
  EHOSTUNREACH: '113: No route to host',
};

/** What the system said, in nginx's form: `111: Connection refused`. */
export function systemText(fault: Fault | undefined): string {
  const { code, errno = 0 } = fault?.native ?? { code: fault?.code ?? 'unknown' };
  return TEXTS[code] ?? `${Math.abs(errno)}: ${code}`;
}

/** Why there is no connection: scripts search for these texts. */
export function connectFailure(status: string, fault: Fault | undefined): string {
  return status === 'expired'
    ? 'upstream timed out (110: Connection timed out)'
    : `connect() failed (${systemText(fault)})`;
}
