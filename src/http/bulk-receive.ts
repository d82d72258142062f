import { type BufferPool, SCRATCH_BYTES } from '../core/buffer-pool.ts';
import type { RecvOperation } from '../core/operation.ts';

/** Size of a bulk chunk, in bytes: what one receive of a large body takes at most. */
export const BULK_BYTES: number = 256 * 1024;
/** Bulk chunks kept for the next body: 32 MiB. */
export const BULK_IDLE_MAX = 128;
/** Fewer bytes than this are cheaper to copy than to keep a whole chunk for. */
const CLAIM_BYTES_MIN = 16 * 1024;

/**
 * Where a large body is received: once a receive has filled the loop's scratch buffer, the next one
 * gets a chunk of its own, which can be passed on to an outbox without a copy. The port takes it
 * only when bytes are there, so that few chunks go round, and those are still in the processor's
 * cache. As soon as less comes, the scratch buffer serves again.
 */
export class BulkReceive {
  readonly #pool: BufferPool | undefined;
  /** The last receive's chunk, until it is claimed or given back. */
  #chunk: Uint8Array | undefined;
  /** There is much to come: the last receive was full. */
  much = false;
  /** The last receive has filled its buffer: there may be more, of whatever it is. */
  full = false;

  /** Without a pool, as for ports that copy into a caller's buffer, nothing changes. */
  constructor(pool: BufferPool | undefined) {
    this.#pool = pool;
  }

  /** Before each submit. `inBody`: what comes is a body's, and can be passed on as it is. */
  prepare(recv: RecvOperation, inBody: boolean): void {
    recv.pool = this.much && inBody ? this.#pool : undefined;
  }

  /** After each completion. */
  received(recv: RecvOperation): void {
    const { status, bytes, chunk } = recv;
    this.much = status === 'done' && bytes >= SCRATCH_BYTES;
    this.full = this.much && bytes >= (chunk?.length ?? SCRATCH_BYTES);
    this.#chunk = chunk;
    recv.chunk = undefined;
  }

  /**
   * Takes over the chunk that holds `data`, if it is one and holds enough: whoever claims it gives
   * it back to the pool that is returned.
   */
  claim(data: Uint8Array, bytes: number): BufferPool | undefined {
    if (data !== this.#chunk || bytes < CLAIM_BYTES_MIN) return undefined;
    this.#chunk = undefined;
    return this.#pool;
  }

  /** What was received has been used, or copied. */
  release(): void {
    if (this.#chunk !== undefined) this.#pool?.give(this.#chunk);
    this.#chunk = undefined;
  }
}
