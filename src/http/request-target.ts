import type { HeadRules } from './head-limits.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
/** authority-form = uri-host ":" port (RFC 9112 §3.2.3). */
const AUTHORITY = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/;
const PORT_MAX = 65_535;
const SLASH = 0x2f;

/** Does the request ask for a tunnel (RFC 9110 §9.3.6)? */
export function isConnect(head: MessageHead): boolean {
  return head.methodEnd === 7 && head.method === 'CONNECT';
}

/**
 * Refuses targets of the wrong form (RFC 9112 §3.2), and paths that mislead. By its rules a tunnel
 * may be asked for, which a reverse proxy has none of.
 */
export function checkTarget(head: MessageHead, { connect, isHost }: HeadRules): void {
  const { text, targetStart } = head;
  if (isConnect(head)) {
    if (!connect) throw new HttpError('METHOD_NOT_ALLOWED', 'CONNECT on a reverse proxy');
    const port = Number(AUTHORITY.exec(head.target)?.[1] ?? 0);
    if (port === 0 || port > PORT_MAX) throw new HttpError('BAD_TARGET', 'not a host and a port');
    return;
  }
  if (text.charCodeAt(targetStart) !== SLASH) {
    const { target } = head;
    const asterisk = target === '*' && head.method === 'OPTIONS';
    const authority = ABSOLUTE.exec(target)?.[1] ?? '';
    if (!asterisk && !isHost(authority, 0, authority.length)) {
      throw new HttpError('BAD_TARGET', 'not a path');
    }
  }
  if (head.targetMarked) checkPath(pathOf(head));
}

/** The path of the target, without host and query. */
export function pathOf(head: MessageHead): string {
  const target = originForm(head);
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** The target as a path with its query, whatever form it came in. */
export function originForm(head: MessageHead): string {
  const { target } = head;
  if (target.charCodeAt(0) === SLASH) return target;
  const rest = ABSOLUTE.exec(target)?.[2] ?? '*';
  if (rest.startsWith('/') || rest === '*') return rest;
  // About the server as a whole, as its last hop has to be asked (RFC 9112 §3.2.4).
  return rest === '' && head.method === 'OPTIONS' ? '*' : `/${rest}`;
}

/** `%` without two digits, an encoded NUL, and `..` above the root are refused. */
function checkPath(path: string): void {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) {
    throw new HttpError('BAD_TARGET', '% without two hexadecimal digits');
  }
  const decoded = path.replaceAll(/%([0-9A-Fa-f]{2})/g, decodePercent);
  if (decoded.includes('\0')) throw new HttpError('BAD_TARGET', 'an encoded NUL');
  if (!decoded.includes('..')) return;
  let depth = 0;
  for (const segment of decoded.slice(1).split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '.' && segment !== '') depth += 1;
    if (depth < 0) throw new HttpError('BAD_TARGET', 'a path above the root');
  }
}

function decodePercent(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}
