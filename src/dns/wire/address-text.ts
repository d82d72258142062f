import { Buffer } from 'node:buffer';

const OCTET: readonly string[] = Array.from({ length: 256 }, (_, value) => String(value));
const OCTET_DOT: readonly string[] = OCTET.map((octet) => `${octet}.`);
const GROUPS = 8;
const COLON = 0x3a;
const HEX = Buffer.from('0123456789abcdef');
/** Where an IPv6 address is written: the longest has 8 groups of 4 digits and 7 colons. */
const scratch = Buffer.alloc(39);

/** The 4 bytes at `at` as a dotted quad. */
export function ipv4Text(bytes: Uint8Array, at: number): string {
  return (
    (OCTET_DOT[bytes[at] as number] as string) +
    (OCTET_DOT[bytes[at + 1] as number] as string) +
    (OCTET_DOT[bytes[at + 2] as number] as string) +
    (OCTET[bytes[at + 3] as number] as string)
  );
}

/**
 * The 16 bytes at `at` as RFC 5952 says, and so as `formatIp` does: a set of addresses is written
 * for every answer, so here it is done without an array or a view.
 */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  let gapAt = 0;
  let gap = 0;
  let zeros = 0;
  for (let group = 0; group < GROUPS; group += 1) {
    zeros = groupOf(bytes, at, group) === 0 ? zeros + 1 : 0;
    if (zeros > gap) {
      gap = zeros;
      gapAt = group - zeros + 1;
    }
  }
  // RFC 5952 §5: a well-known prefix of an embedded IPv4 address is followed by a dotted quad.
  if (gap === 5 && gapAt === 0 && groupOf(bytes, at, 5) === 0xffff) {
    return `::ffff:${ipv4Text(bytes, at + 12)}`;
  }
  if (gap < 2) return scratch.toString('latin1', 0, groupsInto(bytes, at, 0, GROUPS, 0));
  const behind = groupsInto(bytes, at, 0, gapAt, 0);
  scratch[behind] = COLON;
  scratch[behind + 1] = COLON;
  const end = groupsInto(bytes, at, gapAt + gap, GROUPS, behind + 2);
  return scratch.toString('latin1', 0, end);
}

/** Writes the groups from `from` to `to`. Answers where they end in the scratch buffer. */
function groupsInto(bytes: Uint8Array, at: number, from: number, to: number, into: number): number {
  let end = into;
  for (let group = from; group < to; group += 1) {
    const value = groupOf(bytes, at, group);
    if (group > from) {
      scratch[end] = COLON;
      end += 1;
    }
    // Leading zeros are left out.
    for (let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0; ) {
      scratch[end] = HEX[(value >> shift) & 0xf] as number;
      end += 1;
      shift -= 4;
    }
  }
  return end;
}

function groupOf(bytes: Uint8Array, at: number, group: number): number {
  return ((bytes[at + 2 * group] as number) << 8) | (bytes[at + 2 * group + 1] as number);
}
