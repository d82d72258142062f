import type { RateEntry, RateTable } from './rate-table.ts';

/** One limit. Requests in thousandths, as their excess is counted. */
export type RateLimit = {
  readonly table: RateTable;
  /** Requests per 1000 seconds. */
  readonly rate: number;
  readonly burst: number;
  /** Excess up to which nothing waits. */
  readonly delay: number;
};

/** The request is over a limit. */
export const OVER_LIMIT = -1;
/** No limit is about this request: all keys were empty. */
export const NOT_LIMITED = -2;
const MILLI = 1000;

/**
 * One request against several limits: it is charged to all of them, or to none. What it came to
 * last is in `excess` and `limit`.
 */
export class RateLimits {
  readonly limits: readonly RateLimit[];
  /** Of the limit that decided, in thousandths. */
  excess = 0;
  /** Which one decided. */
  limit = 0;
  readonly #held: (RateEntry | undefined)[] = [];

  constructor(limits: readonly RateLimit[]) {
    this.limits = limits;
  }

  /**
   * Milliseconds that the request has to wait, or one of the words above. `keys`: one for each
   * limit; an empty one is not counted.
   */
  admit(keys: readonly string[], nowMs: number): number {
    const last = this.limits.length - 1;
    let isLimited = false;
    this.excess = 0;
    this.limit = last;
    this.#held.length = 0;
    for (let index = 0; index <= last; index += 1) {
      const key = keys[index] as string;
      if (key === '') continue;
      isLimited = true;
      if (this.#look(index, key, nowMs, index === last)) continue;
      this.limit = index;
      this.#release();
      return OVER_LIMIT;
    }
    if (!isLimited) return NOT_LIMITED;
    return this.#charge(keys[last] !== '', nowMs);
  }

  /** Is there room? The last limit is charged at once. */
  #look(index: number, key: string, nowMs: number, charges: boolean): boolean {
    const { table, rate, burst } = this.limits[index] as RateLimit;
    const known = table.get(key);
    this.excess = known?.excessAt(nowMs, rate) ?? 0;
    if (this.excess > burst) return false;
    const entry = known ?? table.add(key, nowMs, rate);
    if (entry === undefined) return false;
    if (charges) {
      entry.excess = this.excess;
      entry.lastMs = nowMs;
      return true;
    }
    if (known === undefined) entry.lastMs = Number.NEGATIVE_INFINITY;
    entry.holds += 1;
    this.#held[index] = entry;
    return true;
  }

  /** Charges what was only looked at; the longest wait counts. */
  #charge(lastIsCharged: boolean, nowMs: number): number {
    const { limits } = this;
    let waitMs = lastIsCharged ? waitOf(limits.at(-1) as RateLimit, this.excess) : 0;
    if (!lastIsCharged) this.excess = 0;
    for (let index = limits.length - 1; index >= 0; index -= 1) {
      const entry = this.#held[index];
      if (entry === undefined) continue;
      const limit = limits[index] as RateLimit;
      entry.excess = entry.lastMs < 0 ? 0 : entry.excessAt(nowMs, limit.rate);
      entry.lastMs = nowMs;
      entry.holds -= 1;
      const ms = waitOf(limit, entry.excess);
      if (ms <= waitMs) continue;
      waitMs = ms;
      this.excess = entry.excess;
      this.limit = index;
    }
    this.#held.length = 0;
    return waitMs;
  }

  #release(): void {
    for (const entry of this.#held) if (entry !== undefined) entry.holds -= 1;
    this.#held.length = 0;
  }
}

function waitOf({ rate, delay }: RateLimit, excess: number): number {
  return excess <= delay ? 0 : Math.trunc(((excess - delay) * MILLI) / rate);
}

/** `1.299`, as messages show an excess. */
export function excessText(excess: number): string {
  return `${Math.trunc(excess / MILLI)}.${String(excess % MILLI).padStart(3, '0')}`;
}
