/*
 * Text and bytes of IP addresses. A parser answers with the bytes, or with the index at which
 * the text stopped being an address: what the index means to a person is the caller's affair.
 */

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;
const GROUPS = 8;

/** Four decimal numbers, no leading zeros, nothing around them (RFC 3986 §3.2.2, dec-octet). */
export function parseIpv4(text: string): Uint8Array | number {
  const bytes = new Uint8Array(4);
  const failedAt = ipv4Into(text, 0, bytes, 0);
  return failedAt === undefined ? bytes : failedAt;
}

/** The text forms of RFC 4291 §2.2: full, with one `::`, and with a dotted quad at the end. */
export function parseIpv6(text: string): Uint8Array | number {
  const bytes = new Uint8Array(16);
  let groups = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (groups === GROUPS) return at;
    const start = at;
    let value = 0;
    for (; at < text.length && hexValue(text.charCodeAt(at)) >= 0; at += 1) {
      if (at - start === 4) return at;
      value = value * 16 + hexValue(text.charCodeAt(at));
    }
    if (text.charCodeAt(at) === DOT) {
      if (groups > GROUPS - 2) return start;
      const failedAt = ipv4Into(text, start, bytes, groups * 2);
      if (failedAt !== undefined) return failedAt;
      groups += 2;
      at = text.length;
      break;
    }
    if (at === start) return at;
    bytes[groups * 2] = value >> 8;
    bytes[groups * 2 + 1] = value & 0xff;
    groups += 1;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== COLON) return at;
    at += 1;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return at;
      gap = groups;
      at += 1;
    } else if (at === text.length) {
      return at;
    }
  }
  return spread(bytes, groups, gap) ? bytes : text.length;
}

/** Reads either family. */
export function parseIp(text: string): Uint8Array | number {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Writes 4 bytes as a dotted quad, 16 as RFC 5952 says. */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

/** Moves the groups behind `::` to the end: it stands for at least one group (RFC 5952 §4.2.2). */
function spread(bytes: Uint8Array, groups: number, gap: number): boolean {
  if (gap < 0) return groups === GROUPS;
  if (groups === GROUPS) return false;
  const behind = (groups - gap) * 2;
  bytes.copyWithin(bytes.length - behind, gap * 2, groups * 2);
  bytes.fill(0, gap * 2, bytes.length - behind);
  return true;
}

/** Lower case, no leading zeros, `::` for the first of the longest runs of two zeros or more. */
function formatIpv6(bytes: Uint8Array): string {
  // RFC 5952 §5: a well-known prefix of an embedded IPv4 address is followed by a dotted quad.
  const mapped =
    bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups: number[] = [];
  for (let at = 0; at < bytes.length; at += 2) {
    groups.push((bytes[at] as number) * 256 + (bytes[at + 1] as number));
  }
  const { start, length } = longestZeros(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (length < 2) return text(0, GROUPS);
  return `${text(0, start)}::${text(start + length, GROUPS)}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

/** Reads from `start` to the end of `text`. Answers where it failed. */
function ipv4Into(text: string, start: number, bytes: Uint8Array, to: number): number | undefined {
  let at = start;
  for (let octet = 0; octet < 4; octet += 1) {
    if (octet > 0) {
      if (text.charCodeAt(at) !== DOT) return at;
      at += 1;
    }
    const first = at;
    let value = 0;
    for (; at < text.length; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      // A leading zero is octal to some readers and decimal to others, so it is neither here.
      if (at > first && value === 0) return first;
      value = value * 10 + digit;
      if (value > 255) return first;
    }
    if (at === first) return at;
    bytes[to + octet] = value;
  }
  return at === text.length ? undefined : at;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
