import { ENTRY, type EntryLayout, KeyIndex, memoryBytes } from './key-index.ts';
import { ZoneLock } from './zone-lock.ts';
import { HEAD, type ZoneMemory } from './zone-memory.ts';

/** Entries that are looked at for room, and while the lock is held once. */
const SWEEP_MAX = 256;

export type SlotCountsLayout = {
  readonly bytesMax: number;
  readonly capacity: number;
  /** Words of an entry that are the user's own; a multiple of two. */
  readonly own: number;
};

function layoutOf({ bytesMax, capacity, own }: SlotCountsLayout, slots: number): EntryLayout {
  const counts = slots + (slots % 2);
  return { words: ENTRY.words + own + counts, capacity, bytesMax };
}

/** Memory that such counts take. */
export function slotCountsBytes(layout: SlotCountsLayout, slots: number): number {
  return memoryBytes(layoutOf(layout, slots));
}

/**
 * Entries that count something for each process on its own: only the process itself changes its
 * count, and when it has ended, whoever looks after it sets that to 0. Nothing is lost with a
 * process, and what is over needs no lock. An entry stays while any count is not 0.
 */
export class SlotCounts {
  readonly lock: ZoneLock;
  readonly index: KeyIndex;
  readonly #slot: number;
  readonly #countsAt: number;
  /** Where the search for entries that nobody uses goes on. */
  #hand = 0;

  constructor(memory: ZoneMemory, layout: SlotCountsLayout) {
    this.lock = new ZoneLock(memory);
    this.index = new KeyIndex(memory, layoutOf(layout, memory.slots));
    this.#slot = memory.slot;
    this.#countsAt = ENTRY.words + layout.own;
    const { words } = this.index;
    // Slots are given by one process, which waits until this one works: nobody else writes here.
    if (memory.slot < memory.slots && (words[HEAD.slots] as number) <= memory.slot) {
      raise(words, HEAD.slots, memory.slot + 1);
    }
  }

  /** Of all processes. */
  sum(entry: number): number {
    const { words } = this.index;
    const from = entry + this.#countsAt;
    const end = from + Atomics.load(words, HEAD.slots);
    let sum = 0;
    for (let at = from; at < end; at += 1) sum += Atomics.load(words, at);
    return sum;
  }

  /** Adds to this process's count, and answers what it is then. */
  add(entry: number, more: number): number {
    const at = entry + this.#countsAt + this.#slot;
    return Atomics.add(this.index.words, at, more) + more;
  }

  /** With the lock: the entry of the key that is aimed at, or a new one; 0: there is no room. */
  entry(bytes: number): number {
    const known = this.index.find();
    if (known !== 0) return known;
    const entry = this.index.add(bytes);
    if (entry !== 0) return entry;
    this.#sweep(SWEEP_MAX);
    return this.index.add(bytes);
  }

  /** This process counts nothing there any more: it goes, if nobody else does. */
  forgetIfUnused(entry: number): void {
    // Where the lock cannot be had, a search for room finds it later.
    if (!this.lock.take()) return;
    if (this.index.isUsed(entry) && this.sum(entry) === 0) this.index.remove(entry);
    this.lock.free();
  }

  /** A process has ended: nothing of it counts any more. */
  left(slot: number): void {
    const { index, lock } = this;
    if (lock.takeFrom(slot)) {
      index.rebuild();
      lock.free();
    }
    for (let number = 0; number < index.fresh; number += 1) {
      Atomics.store(index.words, index.at(number) + this.#countsAt + slot, 0);
    }
    for (let number = 0; number < index.fresh; number += SWEEP_MAX) {
      if (!lock.take()) return;
      this.#sweep(SWEEP_MAX);
      lock.free();
    }
  }

  #sweep(count: number): void {
    const { index } = this;
    const { fresh } = index;
    for (let left = Math.min(count, fresh); left > 0; left -= 1) {
      this.#hand = this.#hand + 1 < fresh ? this.#hand + 1 : 0;
      const entry = index.at(this.#hand);
      if (index.isUsed(entry) && this.sum(entry) === 0) index.remove(entry);
    }
  }
}

/** At least this much: several processes may raise it at once. */
function raise(words: Int32Array, at: number, least: number): void {
  for (let seen = Atomics.load(words, at); seen < least; ) {
    seen = Atomics.compareExchange(words, at, seen, least);
  }
}
