import { ipOf, isMapped, unmapped } from './ip-text.ts';

/** Ranges of one list. */
export const RANGES_MAX: number = 1_024;

type Range = { readonly bytes: Uint8Array; readonly bits: number };

/** Ranges of addresses of both families. */
export interface CidrList {
  /** A zone does not count; `::ffff:10.0.0.1` is in the ranges of `10.0.0.1`. No address is in none. */
  has(address: string): boolean;
}

/**
 * Reads `10.0.0.0/8`, `fc00::/7`, an address alone; bits behind the prefix do not count. `option`
 * names the list in the `TypeError` for what is none.
 */
export function parseCidrs(texts: readonly string[], option = 'ranges'): CidrList {
  if (texts.length > RANGES_MAX) throw new TypeError(`${option}: at most ${RANGES_MAX} ranges`);
  const ranges = texts.map((text) => rangeOf(text, option));
  return {
    has(address) {
      const ip = ipOf(address);
      if (ip === undefined) return false;
      const bytes = unmapped(ip.bytes);
      for (let i = 0; i < ranges.length; i += 1) {
        if (isIn(bytes, ranges[i] as Range)) return true;
      }
      return false;
    },
  };
}

/**
 * Says which addresses an answer may bring: not those in `deny`, but for those in `allow`.
 * `undefined`: all may come.
 */
export function answerGuard(
  deny: readonly string[] = [],
  allow: readonly string[] = [],
): ((address: string) => boolean) | undefined {
  const denied = parseCidrs(deny, 'denyAnswers');
  const allowed = parseCidrs(allow, 'allowAnswers');
  if (deny.length === 0) return undefined;
  return (address) => !denied.has(address) || allowed.has(address);
}

function rangeOf(text: string, option: string): Range {
  const [, host = '', digits] = /^([^/%]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const ip = ipOf(host);
  const full = (ip?.bytes.length ?? 0) * 8;
  const bits = digits === undefined ? full : Number(digits);
  if (ip === undefined || bits > full) {
    throw new TypeError(`${option}: ${JSON.stringify(text)} is no range of addresses (10.0.0.0/8)`);
  }
  // A range within ::ffff:0:0/96 is one of IPv4 addresses.
  if (isMapped(ip.bytes) && bits >= 96) return { bytes: unmapped(ip.bytes), bits: bits - 96 };
  return { bytes: ip.bytes, bits };
}

function isIn(bytes: Uint8Array, range: Range): boolean {
  if (bytes.length !== range.bytes.length) return false;
  return commonBits(bytes, range.bytes) >= range.bits;
}

/** How many leading bits two addresses of one family share. */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) {
    const differing = (a[i] as number) ^ (b[i] as number);
    if (differing !== 0) return i * 8 + Math.clz32(differing) - 24;
  }
  return a.length * 8;
}
