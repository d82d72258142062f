/** How long an entry that is used up is kept at least, in milliseconds. */
const KEPT_MS = 60_000;
const MILLI = 1000;

/** How much of its rate one key has used. */
export interface RateState {
  /** Requests over the rate, in thousandths. */
  excess: number;
  lastMs: number;
  /** Requests that are being looked at: it may not go away. */
  holds: number;
}

/** What the excess is once another request has come. `rate` in requests per 1000 seconds. */
export function excessAt({ excess, lastMs }: RateState, nowMs: number, rate: number): number {
  const passed = Math.max(0, nowMs - lastMs);
  return Math.max(0, excess - Math.trunc((rate * passed) / MILLI) + MILLI);
}

/** Is nothing left of it that is worth keeping? */
export function isUsedUp({ excess, lastMs }: RateState, nowMs: number, rate: number): boolean {
  const passed = Math.abs(nowMs - lastMs);
  return passed >= KEPT_MS && excess - Math.trunc((rate * passed) / MILLI) <= 0;
}

/** A table of rates: of this process alone, or shared. */
export interface Rates {
  readonly bytesMax: number;
  /** What tables are locked in the order of: the same in all processes. */
  readonly id: string;
  /** Without others, nothing has to be opened. */
  readonly isShared: boolean;
  /** Added to the time of the loop it is the table's time. */
  readonly originMs: number;
  /**
   * Begins to work with the entry of a key; nobody else does until `close`. `false`: the table
   * cannot be had now.
   */
  open(key: string): boolean;
  close(): void;
  /** The entry of a key that is open, which was used now. */
  get(key: string): RateState | undefined;
  /** A new entry of a key that is open; `undefined`: all there are are held, and there is no room. */
  add(key: string, nowMs: number, rate: number): RateState | undefined;
}

/** An entry of a table that is this process's own. */
export class RateEntry implements RateState {
  readonly key: string;
  excess = 0;
  lastMs = 0;
  holds = 0;
  newer: RateEntry | undefined;
  older: RateEntry | undefined;

  constructor(key: string) {
    this.key = key;
  }
}

/** Memory of a slab allocator: pieces are powers of two. */
export const RATE_BYTES_MIN: number = 128;
const ENTRY_BYTES = 80;

/** Bytes that an entry counts for: what it takes in nginx's zones, so that sizes mean the same. */
export function rateBytesOf(key: string): number {
  let bytes = RATE_BYTES_MIN;
  while (bytes < ENTRY_BYTES + key.length) bytes *= 2;
  return bytes;
}

/**
 * Keys and how much of their rate they have used: a leaky bucket for each. Bounded by bytes; where
 * there is no room, the entry that was used least recently goes.
 */
export class RateTable implements Rates {
  readonly bytesMax: number;
  readonly id: string;
  readonly isShared: boolean = false;
  readonly originMs: number = 0;
  readonly #entries = new Map<string, RateEntry>();
  #newest: RateEntry | undefined;
  #oldest: RateEntry | undefined;
  #bytes = 0;

  constructor(bytesMax: number, id = '') {
    this.bytesMax = bytesMax;
    this.id = id;
  }

  open(): boolean {
    return true;
  }

  close(): void {
    // It is nobody else's.
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of a key, which was used now. */
  get(key: string): RateEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** A new entry; `undefined`: all there are are held, and there is no room. */
  add(key: string, nowMs: number, rate: number): RateEntry | undefined {
    const bytes = rateBytesOf(key);
    this.#forgetUnused(nowMs, rate);
    if (this.#bytes + bytes > this.bytesMax) {
      this.#forgetOldest();
      this.#forgetUnused(nowMs, rate);
      if (this.#bytes + bytes > this.bytesMax) return undefined;
    }
    const entry = new RateEntry(key);
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    this.#link(entry);
    return entry;
  }

  #forgetOldest(): void {
    if (this.#oldest !== undefined && this.#oldest.holds === 0) this.#forget(this.#oldest);
  }

  /** One or two that nothing is left of: as many as may be added for each request. */
  #forgetUnused(nowMs: number, rate: number): void {
    for (let count = 0; count < 2; count += 1) {
      const entry = this.#oldest;
      if (entry === undefined || entry.holds > 0) return;
      if (!isUsedUp(entry, nowMs, rate)) return;
      this.#forget(entry);
    }
  }

  #forget(entry: RateEntry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
    this.#bytes -= rateBytesOf(entry.key);
  }

  #link(entry: RateEntry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
  }

  #unlink(entry: RateEntry): void {
    const { newer, older } = entry;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
  }
}
