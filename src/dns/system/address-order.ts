import { commonBits } from './cidr-list.ts';
import { ipOf, isMapped } from './ip-text.ts';

/**
 * The address that a packet to `address` would leave from; `null`: there is no way to it;
 * `undefined`: not known, and rules that need it do not speak.
 */
export type SourceOf = (address: string) => string | null | undefined;

/** Scopes of RFC 6724 §3.1 that unicast addresses have. */
const LINK_LOCAL = 2;
const SITE_LOCAL = 5;
const GLOBAL = 14;

/** Precedence and label of RFC 6724 §2.1; the longest prefix that matches counts. */
const POLICY: readonly { prefix: Uint8Array; bits: number; precedence: number; label: number }[] = [
  policy('::1', 128, 50, 0),
  policy('::ffff:0:0', 96, 35, 4),
  policy('::', 96, 1, 3),
  policy('2001::', 32, 5, 5),
  policy('2002::', 16, 30, 2),
  policy('3ffe::', 16, 1, 12),
  policy('fec0::', 10, 1, 11),
  policy('fc00::', 7, 3, 13),
  policy('::', 0, 40, 1),
];

/** What the rules ask about an address, IPv4 as `::ffff:a.b.c.d`. */
export type AddressTraits = {
  readonly bytes: Uint8Array;
  readonly scope: number;
  readonly label: number;
  readonly precedence: number;
};

type Candidate = {
  readonly address: string;
  readonly at: AddressTraits;
  /** `null`: no way. */
  readonly source: AddressTraits | null | undefined;
};

/**
 * Sorts destinations by RFC 6724 §6; equal ones keep their order. Rules 3, 4 and 7 (deprecated,
 * home and tunnelled addresses) ask what a program is not told. Rule 9, the longest prefix in
 * common with the source, is for IPv6 alone: for IPv4 it would undo the rotation of a name's records.
 */
export function orderAddresses(addresses: readonly string[], sourceOf: SourceOf): string[] {
  if (addresses.length < 2) return [...addresses];
  const candidates = addresses.map((address) => candidateOf(address, sourceOf(address)));
  return candidates.sort(compare).map(({ address }) => address);
}

function candidateOf(address: string, source: string | null | undefined): Candidate {
  const from = typeof source === 'string' ? traitsOf(source) : source;
  return { address, at: traitsOf(address), source: from };
}

function compare(a: Candidate, b: Candidate): number {
  const usable = Number(b.source !== null) - Number(a.source !== null); // Rule 1.
  if (usable !== 0) return usable;
  if (a.source && b.source) {
    const scope = Number(b.at.scope === b.source.scope) - Number(a.at.scope === a.source.scope); // Rule 2.
    if (scope !== 0) return scope;
    const label = Number(b.at.label === b.source.label) - Number(a.at.label === a.source.label); // Rule 5.
    if (label !== 0) return label;
  }
  const precedence = b.at.precedence - a.at.precedence; // Rule 6.
  if (precedence !== 0) return precedence;
  const scope = a.at.scope - b.at.scope; // Rule 8.
  if (scope !== 0) return scope;
  if (!a.source || !b.source || isMapped(a.at.bytes) || isMapped(b.at.bytes)) return 0;
  return prefixBits(b.at, b.source) - prefixBits(a.at, a.source); // Rule 9.
}

/** RFC 6724 §2.2: beyond the prefix of the source, by custom 64 bits, nothing is meant by it. */
function prefixBits(at: AddressTraits, source: AddressTraits): number {
  return Math.min(commonBits(at.bytes, source.bytes), 64);
}

/** Scope, label and precedence of an address; what is none counts as the worst there is. */
export function traitsOf(address: string): AddressTraits {
  const bytes = wide(ipOf(address)?.bytes ?? new Uint8Array(16));
  for (const { prefix, bits, precedence, label } of POLICY) {
    if (commonBits(bytes, prefix) >= bits) {
      return { bytes, scope: scopeOf(bytes), label, precedence };
    }
  }
  return { bytes, scope: GLOBAL, label: 1, precedence: 40 };
}

/** RFC 6724 §3.1 and §3.2: loopback counts as link-local, private IPv4 addresses as global. */
function scopeOf(bytes: Uint8Array): number {
  const [a = 0, b = 0] = isMapped(bytes) ? bytes.subarray(12) : bytes;
  if (isMapped(bytes)) return a === 127 || (a === 169 && b === 254) ? LINK_LOCAL : GLOBAL;
  if (a === 0xff) return b & 0x0f;
  if (a === 0xfe && (b & 0xc0) === 0x80) return LINK_LOCAL;
  if (a === 0xfe && (b & 0xc0) === 0xc0) return SITE_LOCAL;
  const isLoopback = bytes[15] === 1 && bytes.subarray(0, 15).every((byte) => byte === 0);
  return isLoopback ? LINK_LOCAL : GLOBAL;
}

function wide(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  mapped.set(bytes, 12);
  return mapped;
}

function policy(
  prefix: string,
  bits: number,
  precedence: number,
  label: number,
): (typeof POLICY)[number] {
  return { prefix: ipOf(prefix)?.bytes ?? new Uint8Array(16), bits, precedence, label };
}
