import { InvariantError } from './invariant-error.ts';

/** Size of the loop's scratch buffer, in bytes: what one receive shows at most. */
export const SCRATCH_BYTES: number = 64 * 1024;
/** Size of a pooled chunk, in bytes. */
export const CHUNK_BYTES: number = 16 * 1024;
const CHUNKS_IDLE_MAX = 256; // 4 MiB kept for the next rush; what comes back beyond is dropped.

/**
 * Chunks of one size, lent and returned. It never refuses: what is lent is bounded by who
 * borrows (outboxes by `full`, parsers by their limits), what is idle by `idleMax`.
 */
export class BufferPool {
  readonly chunkBytes: number;
  readonly #idleMax: number;
  readonly #idle: Uint8Array[] = [];
  /** Chunks that are lent at this moment: 0 when nothing leaks. */
  lent = 0;

  constructor(chunkBytes: number = CHUNK_BYTES, idleMax: number = CHUNKS_IDLE_MAX) {
    this.chunkBytes = chunkBytes;
    this.#idleMax = idleMax;
  }

  get idle(): number {
    return this.#idle.length;
  }

  take(): Uint8Array {
    this.lent += 1;
    return this.#idle.pop() ?? new Uint8Array(this.chunkBytes);
  }

  give(chunk: Uint8Array): void {
    if (chunk.length !== this.chunkBytes) throw new InvariantError('not a chunk of this pool');
    this.lent -= 1;
    if (this.#idle.length < this.#idleMax) this.#idle.push(chunk);
  }

  /** Copies a lent view, so that it outlives the callback that was shown it. */
  keep(data: Uint8Array, offset: number, bytes: number): Lease {
    return new Lease(this, data, offset, bytes);
  }
}

/** Bytes kept in pooled chunks until `release`. Using them later, or twice, is a bug. */
export class Lease {
  readonly #pool: BufferPool;
  #chunks: Uint8Array[] | undefined;
  readonly bytes: number;

  constructor(pool: BufferPool, data: Uint8Array, offset: number, bytes: number) {
    this.#pool = pool;
    this.bytes = bytes;
    this.#chunks = [];
    for (let at = 0; at < bytes; at += pool.chunkBytes) {
      const chunk = pool.take();
      chunk.set(data.subarray(offset + at, offset + Math.min(at + pool.chunkBytes, bytes)));
      this.#chunks.push(chunk);
    }
  }

  /** Views of what was kept, in order; valid until `release`. */
  views(): Uint8Array[] {
    const chunks = this.#chunks;
    if (chunks === undefined) throw new InvariantError('a lease used after its release');
    return chunks.map((chunk, i) => chunk.subarray(0, this.bytes - i * this.#pool.chunkBytes));
  }

  release(): void {
    const chunks = this.#chunks;
    if (chunks === undefined) throw new InvariantError('a lease released twice');
    this.#chunks = undefined;
    for (const chunk of chunks) this.#pool.give(chunk);
  }
}
