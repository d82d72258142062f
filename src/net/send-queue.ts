import { ownFault } from '../core/fault.ts';
import type { SendOperation, SocketId } from '../core/operation.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import { HIGH_BYTES, type Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { RingQueue } from '../core/ring-queue.ts';
import { IoError } from './io-error.ts';
import { poolOf } from './pool-of.ts';
import { errorOf, Waiter, type WaitOptions } from './wait.ts';

/** Sends, and flushes, that may wait at once on one stream; one more ends with `limit`. */
export const SENDS_WAITING_MAX: number = 1024;

export type SendOptions = WaitOptions & {
  /** The caller gives the buffer away, so it need not be copied. */
  readonly owned?: boolean;
};

/** A send whose bytes are not all in the outbox yet, or whose outbox is above its high mark. */
type WaitingSend = {
  data: Uint8Array;
  /** Bytes that the outbox has. */
  at: number;
  owned: boolean;
  waiter: Waiter | undefined;
};

/**
 * The sends of one stream, in order, on their way into its outbox. A send larger than the outbox
 * takes goes in slices, as the level allows; others wait behind it, so that messages stay whole.
 */
export class SendQueue implements OutboxOwner {
  readonly outbox: Outbox;
  readonly #port: ProactorPort;
  readonly #sends = new RingQueue<WaitingSend>();
  readonly #flushes = new Set<Waiter>();
  #error: IoError | undefined;
  #ended = false;
  /** Does somebody know already that bytes were lost? */
  told = false;
  /** The owner wanted what was unsent to be dropped. */
  discarded = false;

  constructor(port: ProactorPort, socket: SocketId) {
    this.#port = port;
    this.outbox = new Outbox(port, poolOf(port), this, socket);
  }

  /** Ends when all of `data` is queued and the outbox is below its high mark. */
  send(data: Uint8Array, options: SendOptions): Promise<void> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const send: WaitingSend = { data, at: 0, owned: options.owned === true, waiter: undefined };
    this.#sends.push(send);
    this.#pump();
    if (this.#sends.peek() === undefined) return Promise.resolve();
    send.waiter = new Waiter(this.#port, 'send', options, () => this.#givenUp(send));
    return send.waiter.promise;
  }

  /** Ends when the kernel has everything that was sent. */
  flush(options: WaitOptions): Promise<void> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.#error !== undefined) return Promise.reject(this.#tell(this.#error));
    if (this.isEmpty) return Promise.resolve();
    if (this.#flushes.size === SENDS_WAITING_MAX) return Promise.reject(limit('flush'));
    this.outbox.flush();
    const waiter: Waiter = new Waiter(this.#port, 'flush', options, () => {
      this.#flushes.delete(waiter);
    });
    this.#flushes.add(waiter);
    return waiter.promise;
  }

  /** No send is taken any more; those that wait go out. */
  end(): void {
    this.#ended = true;
  }

  /** Nothing more goes out; those who wait are told. The outbox is let go once `release` runs. */
  discard(): void {
    this.#ended = true;
    if (this.#error !== undefined || this.isEmpty) return;
    this.discarded = true;
    this.#fail(new IoError({ code: 'cancelled', call: 'send' }));
  }

  /**
   * For when the close is submitted, and not before: an adapter may be able to cancel a send only
   * by ending the connection, and then the close must have said how.
   */
  release(): void {
    if (this.outbox.queuedBytes > 0) this.outbox.discard();
    this.outbox.forgetDeadline();
  }

  get isEmpty(): boolean {
    return this.#sends.size === 0 && this.outbox.queuedBytes === 0 && !this.outbox.inFlight;
  }

  outboxLevel(level: Level): void {
    if (level === 'open') this.#pump();
  }

  outboxDrained(): void {
    this.#pump();
    if (!this.isEmpty) return;
    for (const waiter of this.#flushes) waiter.resolve();
    this.#flushes.clear();
  }

  outboxBroken(send: SendOperation): void {
    const { bytes, bytesPossible } = send;
    this.#fail(errorOf(send, { progress: { bytes, bytesPossible } }));
  }

  #refusal(): IoError | undefined {
    if (this.#error !== undefined) return this.#tell(this.#error);
    if (this.#ended) return new IoError(ownFault('brokenPipe', 'send'));
    return this.#sends.size === SENDS_WAITING_MAX ? limit('send') : undefined;
  }

  /** Queues slices until the outbox is high: at most one slice above the mark, far below `full`. */
  #pump(): void {
    for (let send = this.#sends.peek(); send !== undefined; send = this.#sends.peek()) {
      while (send.at < send.data.length) {
        if (this.outbox.level === 'high') return;
        const end = Math.min(send.at + HIGH_BYTES, send.data.length);
        const slice = send.owned && this.outbox.append(send.data.subarray(send.at, end));
        if (!slice && !this.outbox.appendCopy(send.data, send.at, end)) return; // It is broken.
        send.at = end;
      }
      if (this.outbox.level === 'high') return;
      this.#sends.shift();
      send.waiter?.resolve();
    }
  }

  /** A message that began goes out whole; the caller gets its buffer back by a copy of the rest. */
  #givenUp(send: WaitingSend): void {
    if (send.at === 0 && send.data.length > 0) {
      this.#sends.remove(send);
    } else if (!send.owned && send.at < send.data.length) {
      send.data = Uint8Array.from(send.data.subarray(send.at)); // A Buffer slice is a view.
      send.at = 0;
      send.owned = true;
    }
  }

  #fail(error: IoError): void {
    this.#error = error;
    for (let send = this.#sends.shift(); send !== undefined; send = this.#sends.shift()) {
      if (send.waiter !== undefined && !send.waiter.settled) send.waiter.reject(this.#tell(error));
    }
    for (const waiter of this.#flushes) waiter.reject(this.#tell(error));
    this.#flushes.clear();
  }

  #tell(error: IoError): IoError {
    this.told = true;
    return error;
  }
}

function limit(call: string): IoError {
  const about = `over ${SENDS_WAITING_MAX} wait`;
  return new IoError({ code: 'limit', call }, { about });
}
