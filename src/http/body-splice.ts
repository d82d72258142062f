import { NO_SOCKET, type SocketId, type SpliceOperation } from '../core/operation.ts';
import { SPLICE_BYTES_MAX, spliceOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';

/** A body with less than this to come is received and sent: it is not worth two calls and a pipe. */
export const MOVE_BYTES_MIN: number = 64 * 1024;
/** Of a splice that moves fewer bytes than this, its two calls cost more than a copy. */
const MUCH_BYTES_MIN = 16 * 1024;

/** Told how a splice ended. */
export interface SpliceOwner {
  bodyMoved(splice: SpliceOperation, much: boolean): void;
}

/** Moves a large body inside the kernel, from its connection to the one of whoever asked for it. */
export class BodySplice {
  readonly #port: ProactorPort;
  readonly #operation: SpliceOperation;
  /** Since when nothing has moved. */
  #stillSinceMs = 0;
  #readMs = 0;
  #sendMs = 0;

  constructor(port: ProactorPort, from: SocketId, owner: SpliceOwner) {
    this.#port = port;
    this.#operation = spliceOperation(from, NO_SOCKET, (splice) => {
      owner.bodyMoved(splice, splice.bytes >= MUCH_BYTES_MIN);
    });
  }

  get pending(): boolean {
    return this.#operation.status === 'pending';
  }

  /**
   * `left`: bytes of the body that are still to come. `readMs` and `sendMs`: how long each side may
   * keep the other waiting.
   */
  begin(to: SocketId, left: number, readMs: number, sendMs: number): void {
    const splice = this.#operation;
    const { turnMs } = this.#port.loop;
    if (splice.bytes > 0 || splice.status !== 'expired') this.#stillSinceMs = turnMs;
    splice.to = to;
    splice.maxBytes = Math.min(left, SPLICE_BYTES_MAX);
    this.#readMs = readMs;
    this.#sendMs = sendMs;
    splice.deadlineMs = turnMs + Math.min(readMs, sendMs);
    splice.bytes = 0;
    this.#port.submit(splice);
  }

  /**
   * Has the side that was waited for had all its time? Each has its own. When within a splice that
   * moved something the last byte went is not known: the wait begins anew, and is twice as long at most.
   */
  isLate({ bytes, faultSide }: SpliceOperation): boolean {
    const stillMs = this.#port.loop.turnMs - this.#stillSinceMs;
    return bytes === 0 && stillMs >= (faultSide === 'to' ? this.#sendMs : this.#readMs);
  }
}
