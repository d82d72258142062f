import { DeadlineQueue } from '../../core/deadline-queue.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { Alarm, type AlarmOwner } from '../transport/alarm.ts';
import type { Waiter } from './waiter.ts';

/** Whose waiters they are. */
export interface DeadlinesHost {
  /** The time of a waiter is up; it is out of the queue. */
  due(waiter: Waiter): void;
  /** Time has ended: there will be no timer any more. */
  portClosed(): void;
}

/** Where nobody waits any more, the timer is over so soon, in milliseconds. */
const LOOK_MS_MAX = 5_000;

/**
 * When each waiter's time is up: one queue, and one timer. It is not moved when a waiter ends, and
 * rarely when one comes: what waits alone, again and again, sets no timer per question.
 */
export class Deadlines implements AlarmOwner {
  readonly #host: DeadlinesHost;
  readonly #queue = new DeadlineQueue<Waiter>();
  readonly #alarm: Alarm;

  constructor(port: ProactorPort, host: DeadlinesHost) {
    this.#host = host;
    this.#alarm = new Alarm(port, this);
  }

  get size(): number {
    return this.#queue.size;
  }

  add(waiter: Waiter, dueMs: number, nowMs: number): void {
    this.#queue.add(waiter, dueMs);
    this.#alarm.lookAt(Math.min(dueMs, nowMs + LOOK_MS_MAX));
  }

  remove(waiter: Waiter): void {
    this.#queue.remove(waiter);
  }

  /** Nobody will come any more. */
  close(): void {
    this.#alarm.stop();
  }

  onTime(nowMs: number): number {
    const { added } = this.#queue;
    for (;;) {
      const waiter = this.#queue.takeDue(nowMs, added);
      if (waiter === undefined) break;
      this.#host.due(waiter);
    }
    return this.#queue.size === 0
      ? Number.POSITIVE_INFINITY
      : Math.min(this.#queue.nextMs, nowMs + LOOK_MS_MAX);
  }

  portClosed(): void {
    this.#host.portClosed();
  }
}
