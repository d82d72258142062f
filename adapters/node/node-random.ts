import { randomFillSync } from 'node:crypto';
import type { Random } from '../../src/core/random.ts';

/** Numbers that are fetched at once: a call of the system's generator costs more than they do. */
const POOL_NUMBERS = 256;

/** Chance from the system's cryptographic generator: what it gave does not tell what comes. */
export function nodeRandom(): Random {
  return new NodeRandom();
}

class NodeRandom implements Random {
  readonly #pool = new Uint32Array(POOL_NUMBERS);
  #next = POOL_NUMBERS;

  nextUint32(): number {
    if (this.#next === POOL_NUMBERS) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    const number = this.#pool[this.#next] as number;
    // What was given out may have become a secret: it does not stay here.
    this.#pool[this.#next] = 0;
    this.#next += 1;
    return number;
  }
}
