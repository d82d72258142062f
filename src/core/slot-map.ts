import type { SocketId } from './operation.ts';
import { slotOf } from './socket-table.ts';

/**
 * What somebody besides the port knows of its sockets, by their numbers: an array with a place for
 * each slot, as a hash table costs three times the memory and grows with every removal.
 */
export class SlotMap<T extends { readonly socket: SocketId }> {
  readonly #entries: (T | undefined)[] = [];

  get(id: SocketId): T | undefined {
    const slot = slotOf(id);
    const entry = slot < this.#entries.length ? this.#entries[slot] : undefined;
    return entry?.socket === id ? entry : undefined;
  }

  /** Takes the place of whatever had the slot before. */
  add(entry: T): void {
    const slot = slotOf(entry.socket);
    // Without gaps, so that V8 keeps it an array.
    while (this.#entries.length < slot) this.#entries.push(undefined);
    this.#entries[slot] = entry;
  }

  remove(id: SocketId): void {
    if (this.get(id) !== undefined) this.#entries[slotOf(id)] = undefined;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** The entries at this moment. Allocates: for closing. */
  entries(): T[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }
}
