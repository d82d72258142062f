import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { cryptDigits } from './crypt-base64.ts';

const ROUNDS_DEFAULT = 5000;
const ROUNDS_MIN = 1000;
/** More would keep a processor busy for seconds; the format itself allows 999,999,999. */
export const SHA_ROUNDS_MAX: number = 500_000;
const SALT_CHARS_MAX = 16;

/** The bytes of a digest in the order that their digits have, three for four digits. */
const ORDER_256: readonly (readonly [number, number, number])[] = Array.from(
  { length: 10 },
  (_, group) => turned([group, group + 10, group + 20], group),
);
const ORDER_512: readonly (readonly [number, number, number])[] = Array.from(
  { length: 21 },
  (_, group) => turned([group, group + 21, group + 42], -group),
);

/** Each group begins with the next of its three bytes. */
function turned(bytes: readonly [number, number, number], by: number): [number, number, number] {
  const at = (index: number): number => bytes[(((index + -by) % 3) + 3) % 3] as number;
  return [at(0), at(1), at(2)];
}

/**
 * A SHA-256 or SHA-512 crypt (Drepper, "Unix crypt using SHA-256 and SHA-512"), in pieces: it takes
 * thousands of rounds, which need not come one after the other.
 */
export class ShaCrypt {
  readonly #bits: 256 | 512;
  readonly #salt: string;
  readonly #rounds: number;
  readonly #hasRounds: boolean;
  readonly #password: Buffer;
  readonly #grain: Buffer;
  #digest: Buffer;
  #round = 0;

  /** `undefined` for a hash that asks for more rounds than we do. */
  static of(password: string, hash: string): ShaCrypt | undefined {
    const parsed = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]*)/.exec(hash);
    if (parsed === null) return undefined;
    const rounds = parsed[2] === undefined ? ROUNDS_DEFAULT : Number(parsed[2]);
    if (rounds > SHA_ROUNDS_MAX) return undefined;
    const bits = parsed[1] === '5' ? 256 : 512;
    const salt = (parsed[3] as string).slice(0, SALT_CHARS_MAX);
    return new ShaCrypt(password, bits, salt, rounds, parsed[2] !== undefined);
  }

  private constructor(
    password: string,
    bits: 256 | 512,
    salt: string,
    rounds: number,
    hasRounds: boolean,
  ) {
    this.#bits = bits;
    this.#salt = salt;
    this.#rounds = Math.max(ROUNDS_MIN, rounds);
    this.#hasRounds = hasRounds;
    const word = Buffer.from(password, 'latin1');
    const grain = Buffer.from(salt, 'latin1');
    this.#digest = this.#first(word, grain);
    const times = 16 + (this.#digest[0] as number);
    this.#password = this.#spread(
      Array.from({ length: word.length }, () => word),
      word.length,
    );
    this.#grain = this.#spread(
      Array.from({ length: times }, () => grain),
      grain.length,
    );
  }

  /** Does at most so many rounds. `undefined`: they were not enough. */
  run(roundsMax: number): string | undefined {
    const end = Math.min(this.#rounds, this.#round + roundsMax);
    for (; this.#round < end; this.#round += 1) {
      const isOdd = this.#round % 2 === 1;
      const parts: Uint8Array[] = [isOdd ? this.#password : this.#digest];
      if (this.#round % 3 !== 0) parts.push(this.#grain);
      if (this.#round % 7 !== 0) parts.push(this.#password);
      parts.push(isOdd ? this.#digest : this.#password);
      this.#digest = this.#sha(parts);
    }
    if (this.#round < this.#rounds) return undefined;
    const rounds = this.#hasRounds ? `rounds=${this.#rounds}$` : '';
    return `$${this.#bits === 256 ? 5 : 6}$${rounds}${this.#salt}$${this.#digits()}`;
  }

  #sha(parts: readonly Uint8Array[]): Buffer {
    const hash = createHash(this.#bits === 256 ? 'sha256' : 'sha512');
    for (const part of parts) hash.update(part);
    return hash.digest();
  }

  #first(word: Buffer, grain: Buffer): Buffer {
    const inner = this.#sha([word, grain, word]);
    const parts: Uint8Array[] = [word, grain, repeated(inner, word.length)];
    for (let bits = word.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? inner : word);
    return this.#sha(parts);
  }

  #spread(parts: readonly Uint8Array[], bytes: number): Buffer {
    return repeated(this.#sha(parts), bytes);
  }

  #digits(): string {
    const digest = this.#digest;
    let text = '';
    for (const [high, middle, low] of this.#bits === 256 ? ORDER_256 : ORDER_512) {
      const value = (digest[high] as number) * 65_536 + (digest[middle] as number) * 256;
      text += cryptDigits(value + (digest[low] as number), 4);
    }
    if (this.#bits === 512) return text + cryptDigits(digest[63] as number, 2);
    return text + cryptDigits((digest[31] as number) * 256 + (digest[30] as number), 3);
  }
}

/** `bytes` bytes of a digest, again and again. */
function repeated(digest: Buffer, bytes: number): Buffer {
  const result = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += digest.length) digest.copy(result, at);
  return result;
}
