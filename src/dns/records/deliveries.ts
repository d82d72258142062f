import type { TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { RingQueue } from '../../core/ring-queue.ts';
import type { Found } from './found.ts';
import type { Waiter } from './waiter.ts';

/**
 * Answers on their way to those who waited. Callbacks run in the loop, never inside a call of
 * theirs, each once, and one that throws costs no other its answer. The queue is as long as what
 * was asked and answered in one turn: it is emptied in every turn.
 */
export class Deliveries {
  readonly #port: ProactorPort;
  readonly #ready = new RingQueue<Waiter>();
  readonly #run = (): void => this.#deliver();
  /** For a loop that takes no tasks any more: a timer is always ended, if only as cancelled. */
  readonly #last: TimerOperation;
  #asked = false;

  constructor(port: ProactorPort) {
    this.#port = port;
    this.#last = timerOperation(this.#run);
  }

  add(waiter: Waiter, found: Found): void {
    waiter.found = found;
    this.#ready.push(waiter);
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    if (!this.#port.loop.post(this.#run)) this.#port.submit(this.#last);
  }

  #deliver(): void {
    this.#asked = false;
    try {
      // What the callbacks ask for is answered in the next turn.
      for (let left = this.#ready.size; left > 0; left -= 1) {
        const waiter = this.#ready.shift() as Waiter;
        if (waiter.gone) continue;
        waiter.gone = true;
        waiter.told(waiter.found as Found);
      }
    } finally {
      if (this.#ready.size > 0) this.#ask();
    }
  }
}
