import { excessAt, type RateState, type Rates } from './rate-table.ts';

/** One limit. Requests in thousandths, as their excess is counted. */
export type RateLimit = {
  readonly table: Rates;
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
/** The request cannot be counted: there is no room for its key. */
export const NO_ROOM = -3;
/** The request cannot be counted: somebody else does not give the table back. */
export const LOCKED = -4;
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
  readonly #held: (RateState | undefined)[] = [];
  /** Indices of limits: two processes that open the same tables do it in the same order. */
  readonly #order: readonly number[];
  readonly #isShared: boolean;

  constructor(limits: readonly RateLimit[]) {
    this.limits = limits;
    this.#isShared = limits.some(({ table }) => table.isShared);
    const idOf = (index: number): string => limits[index]?.table.id ?? '';
    this.#order = limits.map((_, index) => index).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  }

  /**
   * Milliseconds that the request has to wait, or one of the words above. `keys`: one for each
   * limit; an empty one is not counted. `nowMs` is the loop's.
   */
  admit(keys: readonly string[], nowMs: number): number {
    return this.#isShared ? this.#admitOpened(keys, nowMs) : this.#admit(keys, nowMs);
  }

  #admitOpened(keys: readonly string[], nowMs: number): number {
    let opened = 0;
    try {
      for (; opened < this.#order.length; opened += 1) {
        const index = this.#order[opened] as number;
        const key = keys[index] as string;
        if (key === '' || (this.limits[index] as RateLimit).table.open(key)) continue;
        this.limit = index;
        return LOCKED;
      }
      return this.#admit(keys, nowMs);
    } finally {
      while (opened > 0) {
        opened -= 1;
        const index = this.#order[opened] as number;
        if (keys[index] !== '') (this.limits[index] as RateLimit).table.close();
      }
    }
  }

  #admit(keys: readonly string[], nowMs: number): number {
    const last = this.limits.length - 1;
    let isLimited = false;
    this.excess = 0;
    this.limit = last;
    this.#held.length = 0;
    for (let index = 0; index <= last; index += 1) {
      const key = keys[index] as string;
      if (key === '') continue;
      isLimited = true;
      const refused = this.#look(index, key, nowMs, index === last);
      if (refused === 0) continue;
      this.limit = index;
      this.#release();
      return refused;
    }
    if (!isLimited) return NOT_LIMITED;
    return this.#charge(keys[last] !== '', nowMs);
  }

  /** Is there room? 0, or why not. The last limit is charged at once. */
  #look(index: number, key: string, nowMs: number, charges: boolean): number {
    const { table, rate, burst } = this.limits[index] as RateLimit;
    const timeMs = nowMs + table.originMs;
    const known = table.get(key);
    this.excess = known === undefined ? 0 : excessAt(known, timeMs, rate);
    if (this.excess > burst) return OVER_LIMIT;
    const entry = known ?? table.add(key, timeMs, rate);
    if (entry === undefined) return NO_ROOM;
    if (charges) {
      entry.excess = this.excess;
      entry.lastMs = timeMs;
      return 0;
    }
    if (known === undefined) entry.lastMs = Number.NEGATIVE_INFINITY;
    entry.holds += 1;
    this.#held[index] = entry;
    return 0;
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
      const timeMs = nowMs + limit.table.originMs;
      entry.excess = entry.lastMs < 0 ? 0 : excessAt(entry, timeMs, limit.rate);
      entry.lastMs = timeMs;
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
