import type { Attempt } from './attempt.ts';

const NOBODY = -1;
const SLOTS_MIN = 128;

/**
 * The numbers of the queries of one socket, and whose they are; `null`: the query is over. Open
 * addressing over arrays that are used again, as a socket lives for a few dozen queries only. The
 * numbers come from chance, so that they are their own hash.
 */
export class IdTable {
  #ids: Int32Array = new Int32Array(SLOTS_MIN).fill(NOBODY);
  #attempts: (Attempt | null)[] = new Array(SLOTS_MIN).fill(null);
  size = 0;

  has(id: number): boolean {
    return this.#ids[this.#slotOf(id)] === id;
  }

  /** `undefined`: no query of this socket has the number. */
  get(id: number): Attempt | null | undefined {
    const slot = this.#slotOf(id);
    return this.#ids[slot] === id ? this.#attempts[slot] : undefined;
  }

  set(id: number, attempt: Attempt | null): void {
    // A third of the slots stays free, so that what is not there is seen soon.
    if (3 * (this.size + 1) > 2 * this.#ids.length) this.#grow();
    const slot = this.#slotOf(id);
    if (this.#ids[slot] !== id) this.size += 1;
    this.#ids[slot] = id;
    this.#attempts[slot] = attempt;
  }

  /** Does nothing when it is not there. */
  delete(id: number): void {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let hole = this.#slotOf(id);
    if (ids[hole] !== id) return;
    this.size -= 1;
    // What stands behind the hole, and was looked for from before it, moves into it.
    for (let slot = (hole + 1) & mask; ids[slot] !== NOBODY; slot = (slot + 1) & mask) {
      const home = (ids[slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      ids[hole] = ids[slot] as number;
      this.#attempts[hole] = this.#attempts[slot] as Attempt | null;
      hole = slot;
    }
    ids[hole] = NOBODY;
    this.#attempts[hole] = null;
  }

  /** Those that are not over. */
  waiting(): Attempt[] {
    return this.#attempts.filter((attempt) => attempt !== null);
  }

  clear(): void {
    this.#ids.fill(NOBODY);
    this.#attempts.fill(null);
    this.size = 0;
  }

  /** Where the number is, or would be. */
  #slotOf(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let slot = id & mask;
    while (ids[slot] !== id && ids[slot] !== NOBODY) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const ids = this.#ids;
    const attempts = this.#attempts;
    this.#ids = new Int32Array(2 * ids.length).fill(NOBODY);
    this.#attempts = new Array(2 * ids.length).fill(null);
    this.size = 0;
    for (const [slot, id] of ids.entries()) {
      if (id !== NOBODY) this.set(id, attempts[slot] as Attempt | null);
    }
  }
}
