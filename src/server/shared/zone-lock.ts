import { HEAD, type ZoneMemory } from './zone-memory.ts';

/** How often is looked before the process lets others run, and how often it does that. */
const LOOKS_MAX = 256;
const PAUSES_MAX = 100;

/**
 * Keeps processes out of each other's way, for some dozens of instructions each time. The word in
 * memory is 0, or the owner's slot and one: whoever sees that process end can open the lock.
 */
export class ZoneLock {
  readonly #words: Int32Array;
  readonly #owner: number;
  readonly #memory: ZoneMemory;
  /** Whoever waited in vain does not wait again, before it has had the lock once more. */
  #pauses = PAUSES_MAX;

  constructor(memory: ZoneMemory) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer);
    this.#owner = ownerOf(memory.slot);
  }

  /** `false`: it could not be had in about a tenth of a second. */
  take(): boolean {
    const isFree = Atomics.compareExchange(this.#words, HEAD.lock, 0, this.#owner) === 0;
    if (!isFree && !this.#wait()) return false;
    this.#pauses = PAUSES_MAX;
    return true;
  }

  free(): void {
    Atomics.store(this.#words, HEAD.lock, 0);
  }

  /** Takes over what a process holds that is gone. `false`: it does not hold the lock. */
  takeFrom(slot: number): boolean {
    const gone = ownerOf(slot);
    return Atomics.compareExchange(this.#words, HEAD.lock, gone, this.#owner) === gone;
  }

  #wait(): boolean {
    for (let pauses = 0; ; pauses += 1) {
      for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
        if (Atomics.load(this.#words, HEAD.lock) !== 0) continue;
        if (Atomics.compareExchange(this.#words, HEAD.lock, 0, this.#owner) === 0) return true;
      }
      if (pauses >= this.#pauses) break;
      this.#memory.pause();
    }
    this.#pauses = 0;
    return false;
  }
}

function ownerOf(slot: number): number {
  return slot + 1;
}
