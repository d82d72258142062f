import type { TimerOperation } from '../core/operation.ts';
import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { RingQueue } from '../core/ring-queue.ts';

/** Somebody who waits for a short while. `dueMs` is the queue's. */
export interface Impatient {
  readonly ended: boolean;
  dueMs: number;
  /** The while is over. */
  waitedEnough(): void;
}

/**
 * Those who wait for the same short while: first in, first out, so that one timer serves all. Who
 * has ended meanwhile stays in the queue for the rest of it; it is as long as what was asked in one
 * such while.
 */
export class Patience {
  readonly #port: ProactorPort;
  readonly #whileMs: number;
  readonly #queue = new RingQueue<Impatient>();
  readonly #timer: TimerOperation;

  constructor(port: ProactorPort, whileMs: number) {
    this.#port = port;
    this.#whileMs = whileMs;
    this.#timer = timerOperation(() => this.#look());
  }

  /** Calls `waitedEnough` after the while, unless it has ended by then. */
  add(one: Impatient): void {
    one.dueMs = this.#port.loop.nowMs() + this.#whileMs;
    this.#queue.push(one);
    if (this.#timer.status !== 'pending') this.#arm(one.dueMs);
  }

  /** Nobody is waited for any more. */
  close(): void {
    while (this.#queue.size > 0) this.#queue.shift();
    this.#port.cancel(this.#timer);
  }

  #arm(dueMs: number): void {
    this.#timer.atMs = dueMs;
    this.#port.submit(this.#timer);
  }

  #look(): void {
    // A port that is closing ends what they wait for.
    if (this.#timer.status !== 'done') return;
    const nowMs = this.#port.loop.nowMs();
    for (;;) {
      const first = this.#queue.peek();
      if (first === undefined) return;
      if (!first.ended && first.dueMs > nowMs) break;
      this.#queue.shift();
      if (!first.ended) first.waitedEnough();
    }
    this.#arm((this.#queue.peek() as Impatient).dueMs);
  }
}
