import type { BufferPool } from '../buffer-pool.ts';
import type { PeekOperation, RecvOperation } from '../operation.ts';

const NONE = new Uint8Array(0);

/**
 * Bytes that a port has delivered and nobody has taken yet. While they are only lent, they stay
 * where they are: who attempts at once copies nothing. `keep` moves the rest to a pooled chunk.
 */
export class Spill {
  readonly #pool: BufferPool;
  #data: Uint8Array = NONE;
  #start = 0;
  #end = 0;
  #owned = false;
  #chunk: Uint8Array | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  get bytes(): number {
    return this.#end - this.#start;
  }

  /** Shows a view that is lent until `keep`, or for good when `owned`. The spill is empty before. */
  show(data: Uint8Array, offset: number, bytes: number, owned: boolean): void {
    this.#data = data;
    this.#start = offset;
    this.#end = offset + bytes;
    this.#owned = owned;
  }

  /** The lent view ends: copies what nobody took. At most one chunk, unless a port lent more. */
  keep(): void {
    const { bytes } = this;
    if (bytes === 0 || this.#owned || this.#chunk !== undefined) return;
    const view = this.#data.subarray(this.#start, this.#end);
    if (bytes > this.#pool.chunkBytes) {
      this.show(new Uint8Array(view), 0, bytes, true);
      return;
    }
    this.#chunk = this.#pool.take();
    this.#chunk.set(view);
    this.show(this.#chunk, 0, bytes, false);
  }

  /** Copies as much as fits into `into`, at most, and returns how much that was. */
  copy(into: Uint8Array): number {
    const bytes = Math.min(this.bytes, into.length);
    into.set(this.#data.subarray(this.#start, this.#start + bytes));
    this.#start += bytes;
    if (this.bytes === 0) this.clear();
    return bytes;
  }

  /**
   * Lends all of it, once. The chunk is idle from now on, but nothing is shown, so nothing is
   * kept, before control is back at the loop.
   */
  lend(operation: Pick<RecvOperation, 'data' | 'offset' | 'bytes'>): boolean {
    const owned = this.#owned;
    this.#answer(operation, this.bytes);
    this.clear();
    return owned;
  }

  /** Lends up to `wantBytes` and keeps them. */
  look(operation: PeekOperation): void {
    this.#answer(operation, Math.min(this.bytes, operation.wantBytes));
  }

  clear(): void {
    if (this.#chunk !== undefined) this.#pool.give(this.#chunk);
    this.#chunk = undefined;
    this.show(NONE, 0, 0, false);
  }

  #answer(operation: Pick<RecvOperation, 'data' | 'offset' | 'bytes'>, bytes: number): void {
    operation.data = this.#data;
    operation.offset = this.#start;
    operation.bytes = bytes;
  }
}
