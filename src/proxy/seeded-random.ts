import type { Random } from '../core/random.ts';

/** xorshift32 (Marsaglia 2003): good enough to balance by, and nothing else. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.trunc(seed * 1000) | 1;
  }

  nextUint32(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}
