import { COUNT_BYTES_MIN, type Counts, countBytesOf, type Held } from './connection-table.ts';
import { SlotCounts, type SlotCountsLayout, slotCountsBytes } from './slot-counts.ts';
import type { ZoneMemory } from './zone-memory.ts';

/** Memory that a zone of counts takes. */
export function countMemoryBytes(bytesMax: number, slots: number): number {
  return slotCountsBytes(layoutOf(bytesMax), slots);
}

function layoutOf(bytesMax: number): SlotCountsLayout {
  return { bytesMax, capacity: Math.max(1, Math.floor(bytesMax / COUNT_BYTES_MIN)), own: 0 };
}

/** The same as a `ConnectionTable`, in memory that processes share. Keys are hashes of 128 bits. */
export class SharedConnectionTable implements Counts {
  readonly bytesMax: number;
  readonly #counts: SlotCounts;
  /** By place of the entry: what callers hold of it is the same for all of them. */
  readonly #held = new Map<number, Held>();

  constructor(bytesMax: number, memory: ZoneMemory) {
    this.bytesMax = bytesMax;
    this.#counts = new SlotCounts(memory, layoutOf(bytesMax));
  }

  get size(): number {
    return this.#counts.index.size;
  }

  enter(key: string, max: number): Held | 'limited' | 'full' {
    const { index, lock } = this.#counts;
    index.aim(key);
    if (!lock.take()) return 'full';
    const entry = this.#counts.entry(countBytesOf(key));
    const isLimited = entry !== 0 && this.#counts.sum(entry) >= max;
    if (entry !== 0 && !isLimited) this.#counts.add(entry, 1);
    lock.free();
    if (isLimited) return 'limited';
    return entry === 0 ? 'full' : this.#hold(entry);
  }

  /** A process has ended. */
  left(slot: number): void {
    this.#counts.left(slot);
  }

  #hold(entry: number): Held {
    let held = this.#held.get(entry);
    if (held === undefined) {
      held = { release: () => this.#release(entry) };
      this.#held.set(entry, held);
    }
    return held;
  }

  #release(entry: number): void {
    if (this.#counts.add(entry, -1) > 0) return;
    this.#held.delete(entry);
    this.#counts.forgetIfUnused(entry);
  }
}
