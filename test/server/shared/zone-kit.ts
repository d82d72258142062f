import { type WantedZone, zoneMemoryBytes } from '../../../src/server/shared/zone-kinds.ts';
import { HEAD, type ZoneMemory } from '../../../src/server/shared/zone-memory.ts';

const SECRET = [11, 22, 33, 44];

/** A zone's memory, and how the processes that share it see it. */
export class TestMemory {
  readonly slots: number;
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  /** Told each time a process lets others run. */
  onPause: () => void = () => {};
  pauses = 0;

  constructor(wanted: WantedZone, slots = 8) {
    this.slots = slots;
    this.buffer = new SharedArrayBuffer(8 * Math.ceil(zoneMemoryBytes(wanted, slots) / 8));
    this.words = new Int32Array(this.buffer);
    this.words.set(SECRET, HEAD.secret);
  }

  seenBy(slot: number, originMs = 0): ZoneMemory {
    const pause = (): void => {
      this.pauses += 1;
      this.onPause();
    };
    return { buffer: this.buffer, slots: this.slots, slot, originMs, pause };
  }

  /** As its master sees it. */
  get whole(): ZoneMemory {
    return this.seenBy(this.slots);
  }

  /** The process of this slot is in the midst of something. */
  lockFor(slot: number): void {
    Atomics.store(this.words, HEAD.lock, slot + 1);
  }

  unlock(): void {
    Atomics.store(this.words, HEAD.lock, 0);
  }
}
