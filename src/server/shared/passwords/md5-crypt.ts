import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { cryptDigits } from './crypt-base64.ts';

const ROUNDS = 1000;
const SALT_CHARS_MAX = 8;
const MD5_BYTES = 16;

function md5(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `$1$salt$…` of BSD, and `$apr1$salt$…` of Apache's httpd, which differ in nothing but that. */
export function md5Crypt(password: string, magic: '$1$' | '$apr1$', salted: string): string {
  const salt = (/^[^$]*/.exec(salted.slice(magic.length))?.[0] ?? '').slice(0, SALT_CHARS_MAX);
  const word = Buffer.from(password, 'latin1');
  const grain = Buffer.from(salt, 'latin1');
  const hash: Hash = createHash('md5').update(word).update(magic, 'latin1').update(grain);
  const inner = md5(word, grain, word);
  for (let left = word.length; left > 0; left -= MD5_BYTES) {
    hash.update(inner.subarray(0, Math.min(left, MD5_BYTES)));
  }
  for (let bits = word.length; bits > 0; bits >>= 1) {
    hash.update((bits & 1) === 1 ? Buffer.of(0) : word.subarray(0, 1));
  }
  let result: Uint8Array = hash.digest();
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts: Uint8Array[] = [round % 2 === 1 ? word : result];
    if (round % 3 !== 0) parts.push(grain);
    if (round % 7 !== 0) parts.push(word);
    parts.push(round % 2 === 1 ? result : word);
    result = md5(...parts);
  }
  return `${magic}${salt}$${digitsOf(result)}`;
}

/** The bytes of a digest in the order that their digits have. */
const ORDER = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;

function digitsOf(digest: Uint8Array): string {
  let text = '';
  for (const [high, middle, low] of ORDER) {
    const value = (digest[high] as number) * 65_536 + (digest[middle] as number) * 256;
    text += cryptDigits(value + (digest[low] as number), 4);
  }
  return text + cryptDigits(digest[11] as number, 2);
}
