const PERCENT = /%([0-9A-Fa-f]{2})/g;

/** The path of a request as locations and files see it; `undefined`: it cannot be meant. */
export function normalizedPath(path: string, mergeSlashes: boolean): string | undefined {
  let plain = path;
  if (path.includes('%')) {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
    plain = path.replace(PERCENT, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (plain.includes('\0')) return undefined;
  }
  if (mergeSlashes && plain.includes('//')) plain = plain.replace(/\/{2,}/g, '/');
  return plain.includes('/.') ? withoutDots(plain) : plain;
}

/** Resolves `.` and `..` (RFC 3986 §5.2.4); above the root there is nothing. */
function withoutDots(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split('/');
  for (let i = 1; i < segments.length; i += 1) {
    const segment = segments[i] as string;
    const isLast = i === segments.length - 1;
    if (segment === '..') {
      if (kept.length === 0) return undefined;
      kept.pop();
      if (isLast) kept.push('');
    } else if (segment === '.') {
      if (isLast) kept.push('');
    } else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** What must not stand in a path that is sent: it is escaped (as nginx does for a URI). */
const ESCAPED_IN_URI = /[\0-\x20"#%<>?\\^`{|}\x7f-\xff]/g;
const ESCAPED_IN_ARGS = /[\0-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/g;

/** A decoded path as it is written in a request or a Location. */
export function escapeUri(path: string): string {
  return path.replace(ESCAPED_IN_URI, percent);
}

/** A value as it is written among arguments. */
export function escapeArgument(text: string): string {
  return text.replace(ESCAPED_IN_ARGS, percent);
}

/** A URL within a page. */
export function escapeRefresh(url: string): string {
  return url.replace(/[\0-\x20"%'\x7f-\xff]/g, percent);
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
