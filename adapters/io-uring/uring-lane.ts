import type { Operation, SocketOperation } from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { TAG, type Tag } from './tag.ts';

/**
 * The operations of one socket and direction, oldest first. Only the first one has a request in
 * the ring, and never more than one; of accepts, each one has.
 */
export class UringLane {
  /** What the request under way is for; `ignored`: there is none. */
  request: Tag = TAG.ignored;
  /** Its operations are being served in a row: one more needs no start of its own. */
  serving = false;
  /** Went last: its deadline may still be queued when the socket is gone. */
  last: Operation | undefined;
  #first: SocketOperation | undefined;
  /** Made when a second operation comes: most lanes never have two. */
  #rest: RingQueue<SocketOperation> | undefined;

  get first(): SocketOperation | undefined {
    return this.#first;
  }

  get isIdle(): boolean {
    return this.request === TAG.ignored && this.#first === undefined;
  }

  get size(): number {
    return (this.#first === undefined ? 0 : 1) + (this.#rest?.size ?? 0);
  }

  push(operation: SocketOperation): void {
    if (this.#first === undefined) {
      this.#first = operation;
      return;
    }
    this.#rest ??= new RingQueue();
    this.#rest.push(operation);
  }

  shift(): SocketOperation | undefined {
    const first = this.#first;
    this.#first = this.#rest?.shift();
    return first;
  }

  /** Takes out any operation. Costs a walk. */
  remove(operation: SocketOperation): boolean {
    if (this.#first !== operation) return this.removeQueued(operation);
    this.shift();
    return true;
  }

  /** Takes out an operation behind the first one. Costs a walk. */
  removeQueued(operation: SocketOperation): boolean {
    return this.#rest?.remove(operation) === true;
  }

  /** Takes out the next operation behind the first one. */
  shiftQueued(): SocketOperation | undefined {
    return this.#rest?.shift();
  }
}
