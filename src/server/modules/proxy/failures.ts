import type { Fault } from '../../../core/fault.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';

/** What the error log says of a failed attempt: scripts search for these texts. */
export function failureText({ type, cause }: ProxyError): string {
  const why = systemText(cause);
  switch (type) {
    case 'ConnectTimeout':
      return 'upstream timed out (110: Connection timed out) while connecting to upstream';
    case 'ConnectRefused':
    case 'ConnectReset':
      return `connect() failed (${why ?? '111: Connection refused'}) while connecting to upstream`;
    case 'ReadTimeout':
      return 'upstream timed out (110: Connection timed out) while reading response header from upstream';
    case 'WriteTimeout':
      return 'upstream timed out (110: Connection timed out) while sending request to upstream';
    case 'ConnectionClosed':
      return why === undefined
        ? 'upstream prematurely closed connection while reading response header from upstream'
        : `recv() failed (${why}) while reading response header from upstream`;
    case 'ProtocolError':
      return `upstream sent invalid header: ${String(cause)} while reading response header from upstream`;
    default:
      return `${type} while connecting to upstream`;
  }
}

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: '111: Connection refused',
  ECONNRESET: '104: Connection reset by peer',
  EHOSTUNREACH: '113: No route to host',
  ENETUNREACH: '101: Network is unreachable',
  ENOENT: '2: No such file or directory',
  EACCES: '13: Permission denied',
  EADDRNOTAVAIL: '99: Cannot assign requested address',
};

function systemText(cause: unknown): string | undefined {
  const code = (cause as Partial<Fault> | undefined)?.native?.code;
  return code === undefined ? undefined : TEXTS[code];
}
