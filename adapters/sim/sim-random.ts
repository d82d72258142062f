import type { Random } from '../../src/core/random.ts';

const UINT32_RANGE = 2 ** 32;

/**
 * Seeded chance: xoshiro128** (Blackman and Vigna, 2018), its state filled by splitmix32. A fork
 * depends on the seed and its label alone, never on what was drawn before: a new draw in one
 * place does not shift the others.
 */
export class SimRandom implements Random {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number | string) {
    this.#name = String(seed);
    const hash = hashOf(this.#name);
    this.#a = splitmix(hash, 1);
    this.#b = splitmix(hash, 2);
    this.#c = splitmix(hash, 3);
    this.#d = splitmix(hash, 4) | 1; // An all-zero state would stay zero.
  }

  fork(label: string): SimRandom {
    return new SimRandom(`${this.#name}/${label}`);
  }

  nextUint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled >>> 0;
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return probability > 0 && this.nextUint32() < probability * UINT32_RANGE;
  }

  /** From `low` to `high`, in whole thousandths, so that traces stay readable. */
  between(low: number, high: number): number {
    if (high <= low) return low;
    const span = (high - low) * (this.nextUint32() / UINT32_RANGE);
    return Math.round((low + span) * 1000) / 1000;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash;
}

function splitmix(seed: number, step: number): number {
  let mixed = (seed + Math.imul(step, 0x9e3779b9)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

function rotateLeft(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}
