/** How long an entry that is used up is kept at least, in milliseconds. */
const KEPT_MS = 60_000;
/** Clock that went back: that far, and time is taken as having stood still. */
const MILLI = 1000;

/** How much of its rate one key has used. */
export class RateEntry {
  readonly key: string;
  /** Requests over the rate, in thousandths. */
  excess = 0;
  lastMs = 0;
  /** Requests that are being looked at: it may not go away. */
  holds = 0;
  newer: RateEntry | undefined;
  older: RateEntry | undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** What the excess is once another request has come. `rate` in requests per 1000 seconds. */
  excessAt(nowMs: number, rate: number): number {
    const passed = Math.max(0, nowMs - this.lastMs);
    return Math.max(0, this.excess - Math.trunc((rate * passed) / MILLI) + MILLI);
  }
}

/** Memory of a slab allocator: pieces are powers of two. */
const PIECE_BYTES_MIN = 128;
const ENTRY_BYTES = 80;

/** Bytes that an entry counts for: what it takes in nginx's zones, so that sizes mean the same. */
function bytesOf(key: string): number {
  let bytes = PIECE_BYTES_MIN;
  while (bytes < ENTRY_BYTES + key.length) bytes *= 2;
  return bytes;
}

/**
 * Keys and how much of their rate they have used: a leaky bucket for each. Bounded by bytes; where
 * there is no room, the entry that was used least recently goes.
 */
export class RateTable {
  readonly bytesMax: number;
  readonly #entries = new Map<string, RateEntry>();
  #newest: RateEntry | undefined;
  #oldest: RateEntry | undefined;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
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
    const bytes = bytesOf(key);
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
      const passed = Math.abs(nowMs - entry.lastMs);
      if (passed < KEPT_MS || entry.excess - Math.trunc((rate * passed) / MILLI) > 0) return;
      this.#forget(entry);
    }
  }

  #forget(entry: RateEntry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
    this.#bytes -= bytesOf(entry.key);
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
