import { Buffer } from 'node:buffer';

/** The number at `at`. Callers have made sure that both bytes are there. */
export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** The number at `at`. Callers have made sure that all 4 bytes are there. */
export function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}

/** The TTL at `at`, in seconds; with the top bit set it is 0 (RFC 2181 §8). */
export function ttlAt(bytes: Uint8Array, at: number): number {
  const seconds = uint32(bytes, at);
  return seconds > 0x7fff_ffff ? 0 : seconds;
}

/** What is no UTF-8 becomes U+FFFD. */
export function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
