import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';

/** uri-host [ ":" port ], not empty and without a user (RFC 9110 §7.2, §4.2.4). */
export const HOST_FORM: RegExp =
  /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;
const SLASH = 0x2f;

/** Refuses targets of the wrong form for a reverse proxy (RFC 9112 §3.2), and paths that mislead. */
export function checkTarget(head: MessageHead): void {
  const { text, targetStart } = head;
  if (head.methodEnd === 7 && head.method === 'CONNECT') {
    throw new HttpError('METHOD_NOT_ALLOWED', 'CONNECT on a reverse proxy');
  }
  if (text.charCodeAt(targetStart) !== SLASH) {
    const { target } = head;
    const asterisk = target === '*' && head.method === 'OPTIONS';
    const authority = ABSOLUTE.exec(target)?.[1];
    if (!asterisk && !HOST_FORM.test(authority ?? '')) {
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
  return rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
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
