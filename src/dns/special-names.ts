import type { DnsErrorCode } from './dns-error.ts';
import { ipOf } from './system/ip-text.ts';

/** 4 or 6. */
export type Family = 4 | 6;

/** A name that no server is asked about, and what it is instead. */
export type SpecialName =
  | { readonly kind: 'literal'; readonly address: string; readonly family: Family }
  /** This machine itself. */
  | { readonly kind: 'loopback' }
  | {
      readonly kind: 'none';
      readonly code: Extract<DnsErrorCode, 'EBADNAME' | 'ENOTFOUND'>;
      readonly why: string;
    };

/** The addresses of this machine for itself. */
export const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' };

/**
 * Other readers take `127.1`, `0x7f.1` and `2130706433` for IPv4 addresses. No name ends in a number
 * (RFC 3696 §2), and whoever writes such a thing means no name.
 */
const NUMERIC_END = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/i;
/** RFC 6761 §6.3. */
const LOOPBACK_NAME = /(?:^|\.)localhost\.?$/i;
/** RFC 6761 §6.4, RFC 7686 §2: to ask about them would tell a server what it is not to know. */
const NOWHERE = /(?:^|\.)(?:invalid|onion)\.?$/i;

const LETTER_A = 0x61;
const LETTER_I = 0x69;
const LETTER_L = 0x6c;
const LETTER_O = 0x6f;
const LETTER_Z = 0x7a;

const EMPTY: SpecialName = { kind: 'none', code: 'EBADNAME', why: 'an empty name' };
const NUMBER: SpecialName = { kind: 'none', code: 'EBADNAME', why: 'no name ends in a number' };
const NOBODY: SpecialName = { kind: 'none', code: 'ENOTFOUND', why: 'no such names exist' };
const ITSELF: SpecialName = { kind: 'loopback' };

/** What `name` is, where that is known without asking; `undefined`: a name like others. */
export function specialName(name: string): SpecialName | undefined {
  if (name === '') return EMPTY;
  if (isCommon(name)) return undefined;
  const ip = ipOf(name);
  if (ip !== undefined) {
    // As it was written: who compares it with what went in must find the same.
    return { kind: 'literal', address: name, family: ip.family === 'ipv4' ? 4 : 6 };
  }
  if (NUMERIC_END.test(name)) return NUMBER;
  if (LOOPBACK_NAME.test(name)) return ITSELF;
  return NOWHERE.test(name) ? NOBODY : undefined;
}

/**
 * Nearly all names: neither is any part of them special, nor need anybody look closer. The last
 * label of one that may be special begins with a digit, or with a letter of `localhost`, `invalid`
 * or `onion`.
 */
function isCommon(name: string): boolean {
  if (name.includes(':')) return false;
  const end = name.endsWith('.') ? name.length - 1 : name.length;
  const lower = name.charCodeAt(name.lastIndexOf('.', end - 1) + 1) | 0x20;
  if (lower < LETTER_A || lower > LETTER_Z) return false;
  return lower !== LETTER_I && lower !== LETTER_L && lower !== LETTER_O;
}
