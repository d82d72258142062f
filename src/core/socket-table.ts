import { InvariantError } from './invariant-error.ts';
import type { SocketId } from './operation.ts';
import { RingQueue } from './ring-queue.ts';

const SLOT_BITS = 20;
const SLOTS_MAX = 1 << SLOT_BITS;
const GENERATIONS = 1 << 11; // Slot and generation together stay a small integer.

/** The slot that a socket's number names: the numbers of open sockets differ in it. */
export function slotOf(id: SocketId): number {
  return id & (SLOTS_MAX - 1);
}

/**
 * Numbers sockets, and finds them again. A slot is used again in turn, with its generation
 * raised, so that a late event or a stale number finds nothing.
 */
export class SocketTable<T> {
  readonly #entries: (T | undefined)[] = [];
  readonly #ids: SocketId[] = [];
  readonly #free = new RingQueue<number>();
  size = 0;

  /** Throws when 2^20 sockets are open: descriptors run out long before. */
  add(entry: T): SocketId {
    const slot = this.#free.shift() ?? this.#entries.length;
    if (slot === SLOTS_MAX) throw new InvariantError('2^20 sockets are open');
    const last = this.#ids[slot];
    const generation = last === undefined ? 0 : ((last >> SLOT_BITS) + 1) % GENERATIONS;
    const id = generation * SLOTS_MAX + slot;
    this.#entries[slot] = entry;
    this.#ids[slot] = id;
    this.size += 1;
    return id;
  }

  get(id: SocketId): T | undefined {
    const slot = slotOf(id);
    return this.#ids[slot] === id ? this.#entries[slot] : undefined;
  }

  /** Puts another entry in the place of `id`, which keeps its number. */
  replace(id: SocketId, entry: T): void {
    if (this.get(id) !== undefined) this.#entries[slotOf(id)] = entry;
  }

  remove(id: SocketId): void {
    const slot = slotOf(id);
    if (this.#ids[slot] !== id || this.#entries[slot] === undefined) return;
    this.#entries[slot] = undefined;
    this.#free.push(slot);
    this.size -= 1;
  }

  /** The entries at this moment, oldest slot first. Allocates: for closing and for people. */
  entries(): T[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }
}
