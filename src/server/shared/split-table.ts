import type { SplitShare } from '../conf/lookup-conf.ts';
import { murmur2 } from './murmur2.ts';

/** Hundredths of a percent in all. */
export const SPLIT_TOTAL: number = 10_000;
const HASHES = 0xffff_ffff;

/** Values by the hash of a text, each with its share of all, as `split_clients` has them. */
export class SplitTable {
  readonly #bounds: number[] = [];
  readonly #values: string[] = [];

  /** Throws for shares of more than the whole. */
  constructor(shares: readonly SplitShare[]) {
    let sum = 0;
    let bound = 0;
    for (const { share, value } of shares) {
      sum = share === 'rest' ? SPLIT_TOTAL : sum + share;
      if (sum > SPLIT_TOTAL) throw new Error('percent total is greater than 100%');
      if (share !== 'rest') bound += Math.floor((share * HASHES) / SPLIT_TOTAL);
      this.#bounds.push(sum === SPLIT_TOTAL ? Number.POSITIVE_INFINITY : bound);
      this.#values.push(value);
    }
  }

  /** `undefined`: the text is in no share. */
  find(text: string): string | undefined {
    const hash = murmur2(text);
    const index = this.#bounds.findIndex((bound) => hash < bound);
    return this.#values[index];
  }
}
