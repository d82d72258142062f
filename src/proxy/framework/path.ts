import { Buffer } from 'node:buffer';

const PERCENT = /%[0-9A-Fa-f]{2}/;
/** What a path may have as it is (RFC 3986 §3.3): everything else is escaped. */
const ESCAPED = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu;

/**
 * The path that a request means: percent-decoded, without `.` and `..` segments and without empty
 * ones, never empty. Bytes that are no UTF-8 are taken as latin1. `checkTarget` has refused what
 * climbs above the root.
 */
export function normalizedPath(path: string): string {
  if (!path.includes('%') && !path.includes('.') && !path.includes('//')) return path || '/';
  const decoded = PERCENT.test(path) ? decode(path) : path;
  const segments: string[] = [];
  const parts = decoded.split('/');
  const last = parts[parts.length - 1];
  for (const part of parts) {
    if (part === '..') segments.pop();
    else if (part !== '.' && part !== '') segments.push(part);
  }
  const directory = last === '' || last === '.' || last === '..';
  return `/${segments.join('/')}${directory && segments.length > 0 ? '/' : ''}`;
}

/**
 * A path as it can stand in a request line: no character of it is read as something else.
 * `latin1`: its characters stand for bytes.
 */
export function escapedPath(path: string, latin1: boolean): string {
  return path.replaceAll(ESCAPED, latin1 ? escapedByte : escapedChar);
}

/** Are the bytes that are escaped in this path no UTF-8, so that they were taken as latin1? */
export function isLatin1(raw: string): boolean {
  return raw.includes('%') && bytesOf(raw).toString('utf8').includes('\ufffd');
}

/**
 * The path to forward where routes were chosen by the normalised one: the text that came, unless
 * it could be read as another path than the one that was matched.
 */
export function forwardedPath(raw: string, normalized: string): string {
  if (raw === normalized) return raw;
  const again = escapedPath(normalized, isLatin1(raw));
  return sameButForEscapes(raw, again) ? raw : again;
}

function decode(path: string): string {
  const bytes = bytesOf(path);
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

function bytesOf(path: string): Buffer {
  const bytes = path.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}

function escapedByte(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function escapedChar(char: string): string {
  let escaped = '';
  for (const byte of Buffer.from(char, 'utf8')) escaped += escapedByte(String.fromCharCode(byte));
  return escaped;
}

/** Do the two differ in nothing but which harmless characters are escaped, and in the digits' case? */
function sameButForEscapes(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

/** Escapes of letters and the like undone; those of separators kept, as they change the meaning. */
function canonical(path: string): string {
  return path.replaceAll(/%([0-9A-Fa-f]{2})/g, (triplet, digits: string) => {
    const char = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9\-_~!$&'()*+,=:@]/.test(char) ? char : triplet.toUpperCase();
  });
}
