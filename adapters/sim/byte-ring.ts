import { RING_BYTES } from './conditions.ts';

const MASK = RING_BYTES - 1;
/** Buffers kept for the next ring that fills: 16 MiB. */
const BUFFERS_IDLE_MAX = 256;
/** In bytes. */
const BY_HAND_MAX = 512;

/** The buffers of a world's rings. What is lent is bounded by the sockets: two rings each. */
export class RingPool {
  readonly #idle: Uint8Array[] = [];
  /** Buffers in use: 0 when every ring is empty. */
  lent = 0;

  take(): Uint8Array {
    this.lent += 1;
    return this.#idle.pop() ?? new Uint8Array(RING_BYTES);
  }

  give(buffer: Uint8Array): void {
    this.lent -= 1;
    if (this.#idle.length < BUFFERS_IDLE_MAX) this.#idle.push(buffer);
  }
}

/**
 * Bytes on their way, first in, first out. It owns a buffer only while it holds bytes, so that
 * ten thousand idle connections own none.
 *
 *   buffer  [ . . a b c d e . . . ]
 *                 ^head     ^head + size, both modulo the length
 */
export class ByteRing {
  readonly #pool: RingPool;
  #buffer: Uint8Array | undefined;
  #head = 0;
  size = 0;
  /** Most bytes it takes: a socket's buffer size, at most `RING_BYTES`. */
  capacity: number;

  constructor(pool: RingPool, capacity: number) {
    this.#pool = pool;
    this.capacity = Math.min(capacity, RING_BYTES);
  }

  /** 0 also when the capacity was lowered below what is held. */
  get free(): number {
    return Math.max(0, this.capacity - this.size);
  }

  /** Takes what fits of `length` bytes or latin1 characters from `start` on; returns how many. */
  write(source: Uint8Array | string, start: number, length: number): number {
    const count = Math.min(length, this.free);
    if (count === 0) return 0;
    this.#buffer ??= this.#pool.take();
    const at = (this.#head + this.size) & MASK;
    if (typeof source === 'string') {
      for (let i = 0; i < count; i += 1) {
        this.#buffer[(at + i) & MASK] = source.charCodeAt(start + i);
      }
    } else {
      const first = Math.min(count, RING_BYTES - at);
      copy(source, start, this.#buffer, at, first);
      copy(source, start + first, this.#buffer, 0, count - first);
    }
    this.size += count;
    return count;
  }

  /** Copies `length` bytes, from `skip` behind the oldest on, which must be there. */
  copyTo(target: Uint8Array, targetAt: number, length: number, skip: number): void {
    if (this.#buffer === undefined || length === 0) return;
    const at = (this.#head + skip) & MASK;
    const first = Math.min(length, RING_BYTES - at);
    copy(this.#buffer, at, target, targetAt, first);
    copy(this.#buffer, 0, target, targetAt + first, length - first);
  }

  /** Moves as much as `target` takes. */
  moveTo(target: ByteRing): number {
    let moved = 0;
    while (this.#buffer !== undefined) {
      const run = Math.min(this.size, RING_BYTES - this.#head);
      const taken = target.write(this.#buffer, this.#head, run);
      if (taken === 0) break;
      moved += taken;
      this.drop(taken);
    }
    return moved;
  }

  /** Forgets the oldest bytes. */
  drop(length: number): void {
    this.size -= length;
    this.#head = (this.#head + length) & MASK;
    if (this.size > 0 || this.#buffer === undefined) return;
    this.#pool.give(this.#buffer);
    this.#buffer = undefined;
    this.#head = 0;
  }

  clear(): void {
    this.drop(this.size);
  }
}

/** Short runs are copied by hand: the two views that `set` needs would be garbage. */
function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  if (length <= BY_HAND_MAX) {
    for (let i = 0; i < length; i += 1) to[toAt + i] = from[at + i] as number;
  } else {
    to.set(from.subarray(at, at + length), toAt);
  }
}
