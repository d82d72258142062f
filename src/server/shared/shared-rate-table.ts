import { ENTRY, type EntryLayout, KeyIndex, memoryBytes } from './key-index.ts';
import { isUsedUp, RATE_BYTES_MIN, type RateState, type Rates, rateBytesOf } from './rate-table.ts';
import { RECENCY_WORDS, Recency } from './recency.ts';
import { ZoneLock } from './zone-lock.ts';
import type { ZoneMemory } from './zone-memory.ts';

/** Words of an entry behind the order of use: numbers of 64 bits. */
const LAST_MS = ENTRY.words + RECENCY_WORDS;
const EXCESS = LAST_MS + 2;
const WORDS = EXCESS + 2;

/** Memory that a zone of rates takes: less than its size. */
export function rateMemoryBytes(bytesMax: number): number {
  return memoryBytes(layoutOf(bytesMax));
}

function layoutOf(bytesMax: number): EntryLayout {
  return { words: WORDS, capacity: Math.max(1, Math.floor(bytesMax / RATE_BYTES_MIN)), bytesMax };
}

/** The one entry that is being worked with. */
class OpenEntry implements RateState {
  readonly #numbers: Float64Array;
  entry = 0;
  /** Of this process alone: while it works with an entry, it has the lock. */
  holds = 0;

  constructor(buffer: ArrayBufferLike) {
    this.#numbers = new Float64Array(buffer);
  }

  get excess(): number {
    return this.#numbers[(this.entry + EXCESS) / 2] as number;
  }

  set excess(excess: number) {
    this.#numbers[(this.entry + EXCESS) / 2] = excess;
  }

  get lastMs(): number {
    return this.#numbers[(this.entry + LAST_MS) / 2] as number;
  }

  set lastMs(ms: number) {
    this.#numbers[(this.entry + LAST_MS) / 2] = ms;
  }
}

/**
 * The same as a `RateTable`, in memory that processes share. Keys are hashes of 128 bits. An entry
 * is worked with under the lock of the zone, from `open` to `close`.
 */
export class SharedRateTable implements Rates {
  readonly bytesMax: number;
  readonly id: string;
  readonly isShared: boolean = true;
  readonly originMs: number;
  readonly #lock: ZoneLock;
  readonly #index: KeyIndex;
  readonly #order: Recency;
  readonly #open: OpenEntry;
  readonly #oldest: OpenEntry;
  #bytes = 0;

  constructor(bytesMax: number, id: string, memory: ZoneMemory) {
    this.bytesMax = bytesMax;
    this.id = id;
    this.originMs = memory.originMs;
    this.#lock = new ZoneLock(memory);
    this.#index = new KeyIndex(memory, layoutOf(bytesMax));
    this.#order = new Recency(this.#index.words);
    this.#open = new OpenEntry(memory.buffer);
    this.#oldest = new OpenEntry(memory.buffer);
  }

  get size(): number {
    return this.#index.size;
  }

  open(key: string): boolean {
    this.#index.aim(key);
    this.#bytes = rateBytesOf(key);
    return this.#lock.take();
  }

  close(): void {
    this.#lock.free();
  }

  get(): RateState | undefined {
    const entry = this.#index.find();
    if (entry === 0) return undefined;
    this.#order.touch(entry);
    this.#open.entry = entry;
    return this.#open;
  }

  add(_key: string, nowMs: number, rate: number): RateState | undefined {
    this.#forgetUnused(nowMs, rate);
    let entry = this.#index.add(this.#bytes);
    if (entry === 0) {
      this.#forgetOldest();
      this.#forgetUnused(nowMs, rate);
      entry = this.#index.add(this.#bytes);
      if (entry === 0) return undefined;
    }
    this.#order.add(entry);
    this.#open.entry = entry;
    return this.#open;
  }

  /** A process has ended. If that was in the midst of a change, all entries are forgotten. */
  left(slot: number): void {
    if (!this.#lock.takeFrom(slot)) return;
    this.#index.clear();
    this.#lock.free();
  }

  #forgetOldest(): void {
    const { oldest } = this.#order;
    if (oldest !== 0) this.#forget(oldest);
  }

  /** One or two that nothing is left of: as many as may be added for each request. */
  #forgetUnused(nowMs: number, rate: number): void {
    for (let count = 0; count < 2; count += 1) {
      this.#oldest.entry = this.#order.oldest;
      if (this.#oldest.entry === 0 || !isUsedUp(this.#oldest, nowMs, rate)) return;
      this.#forget(this.#oldest.entry);
    }
  }

  #forget(entry: number): void {
    this.#order.remove(entry);
    this.#index.remove(entry);
  }
}
