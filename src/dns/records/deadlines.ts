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

/** When each waiter's time is up: one queue, and one timer for its head. */
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

  add(waiter: Waiter, dueMs: number): void {
    this.#queue.add(waiter, dueMs);
    this.#alarm.lookAt(dueMs);
  }

  /** Who has removed the last one calls `rest` when no other one is about to come. */
  remove(waiter: Waiter): void {
    this.#queue.remove(waiter);
  }

  /** Where nobody waits, no timer does. */
  rest(): void {
    if (this.#queue.size === 0) this.#alarm.stop();
  }

  onTime(nowMs: number): number {
    const { added } = this.#queue;
    for (;;) {
      const waiter = this.#queue.takeDue(nowMs, added);
      if (waiter === undefined) return this.#queue.nextMs;
      this.#host.due(waiter);
    }
  }

  portClosed(): void {
    this.#host.portClosed();
  }
}
