import type { Fault } from '../../../core/fault.ts';
import type { ClientFailure } from '../../../http/client-options.ts';
import type { HttpError } from '../../../http/http-error.ts';
import type { NextUpstream } from '../../conf/proxy-conf.ts';

/** What a failed attempt is: what `proxy_next_upstream` calls it, and what it is answered with. */
export type Failure = { readonly condition: NextUpstream; readonly status: number };

const ERROR: Failure = { condition: 'error', status: 502 };
const TIMEOUT: Failure = { condition: 'timeout', status: 504 };
export const INVALID_HEADER: Failure = { condition: 'invalid_header', status: 502 };

/** A connection was not to be had. `status`: how the operation ended. */
export function connectFailure(isLate: boolean): Failure {
  return isLate ? TIMEOUT : ERROR;
}

export function failureOf({ kind }: ClientFailure): Failure {
  if (kind === 'timeout') return TIMEOUT;
  return kind === 'closed' ? ERROR : INVALID_HEADER;
}

/** Scripts search for these texts. */
export function connectText(isLate: boolean, cause: unknown): string {
  if (isLate) return 'upstream timed out (110: Connection timed out) while connecting to upstream';
  const why = systemText(cause) ?? '111: Connection refused';
  return `connect() failed (${why}) while connecting to upstream`;
}

/** `inBody`: a part of the answer is with the client already. */
export function failureText(failure: ClientFailure, inBody: boolean): string {
  const reading = inBody ? 'while reading upstream' : 'while reading response header from upstream';
  switch (failure.kind) {
    case 'timeout': {
      const doing = failure.direction === 'write' ? 'while sending request to upstream' : reading;
      return `upstream timed out (110: Connection timed out) ${doing}`;
    }
    case 'closed': {
      const why = systemText(failure.fault);
      if (why === undefined) return `upstream prematurely closed connection ${reading}`;
      return `recv() failed (${why}) ${reading}`;
    }
    default:
      return `${protocolText(failure.error)} ${reading}`;
  }
}

function protocolText({ code, message }: HttpError): string {
  if (code === 'HEAD_TOO_LARGE' || code === 'FIELD_TOO_LARGE' || code === 'TOO_MANY_FIELDS')
    return 'upstream sent too big header';
  if (code.includes('CHUNK')) return `upstream sent invalid chunked response: "${message}"`;
  if (code === 'BAD_STATUS_LINE') return 'upstream sent no valid HTTP/1.0 header';
  return `upstream sent invalid header: "${message}"`;
}

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: '111: Connection refused',
  ECONNRESET: '104: Connection reset by peer',
  EPIPE: '32: Broken pipe',
  EHOSTUNREACH: '113: No route to host',
  ENETUNREACH: '101: Network is unreachable',
  ETIMEDOUT: '110: Connection timed out',
  ENOENT: '2: No such file or directory',
  EACCES: '13: Permission denied',
  EADDRNOTAVAIL: '99: Cannot assign requested address',
};

function systemText(cause: unknown): string | undefined {
  const code = (cause as Partial<Fault> | undefined)?.native?.code;
  if (code === undefined) return undefined;
  return TEXTS[code] ?? code;
}
