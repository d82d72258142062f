import type { BufferPool } from '../buffer-pool.ts';

const NONE = new Uint8Array(0);

/**
 * The pooled chunks that hold an outbox's copies, oldest first. Pieces are numbered for the whole
 * life of the outbox; a chunk goes back to the pool when the last piece in it was sent.
 */
export class ChunkQueue {
  readonly #pool: BufferPool;
  readonly #chunks: Uint8Array[] = [];
  /** Where each chunk goes back to. */
  readonly #pools: BufferPool[] = [];
  readonly #lastPiece: number[] = [];
  /** Within the newest chunk: bytes used, and where its newest piece begins. */
  #filled = 0;
  #pieceStart = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Can a copy be joined to piece number `piece`? It must be the newest here, with room behind. */
  continues(piece: number): boolean {
    const newest = this.#chunks.length - 1;
    return newest >= 0 && this.#lastPiece[newest] === piece && this.#filled < this.#pool.chunkBytes;
  }

  /** Copies what fits of `data` from `start` to `end` as, or onto, piece number `piece`. */
  copy(data: Uint8Array, start: number, end: number, piece: number): number {
    let newest = this.#chunks.length - 1;
    if (newest < 0 || this.#filled === this.#pool.chunkBytes) {
      this.#chunks.push(this.#pool.take());
      this.#pools.push(this.#pool);
      this.#filled = 0;
      newest += 1;
    }
    if (this.#filled === 0 || this.#lastPiece[newest] !== piece) this.#pieceStart = this.#filled;
    this.#lastPiece[newest] = piece;
    const bytes = Math.min(this.#pool.chunkBytes - this.#filled, end - start);
    (this.#chunks[newest] as Uint8Array).set(data.subarray(start, start + bytes), this.#filled);
    this.#filled += bytes;
    return bytes;
  }

  /** Takes over a chunk of any pool that is piece number `piece`. Nothing is copied behind it. */
  adopt(pool: BufferPool, chunk: Uint8Array, piece: number): void {
    this.#chunks.push(chunk);
    this.#pools.push(pool);
    this.#lastPiece.push(piece);
    this.#filled = this.#pool.chunkBytes;
  }

  /** The newest piece, as it is now. */
  piece(): Uint8Array {
    const newest = this.#chunks.length - 1;
    return this.#chunks[newest]?.subarray(this.#pieceStart, this.#filled) ?? NONE;
  }

  /** Returns the chunks whose pieces all have a number below `sent`. */
  giveBack(sent: number): void {
    while (this.#chunks.length > 0 && (this.#lastPiece[0] as number) < sent) {
      this.#lastPiece.shift();
      const pool = this.#pools.shift() as BufferPool;
      pool.give(this.#chunks.shift() as Uint8Array);
    }
  }
}
