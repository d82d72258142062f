import type { NameKey } from '../wire/name.ts';
import type { Chase } from './chase.ts';
import type { Waiter } from './waiter.ts';

/** A question under way, and who waits for its answer, in the order in which they came. */
export class Flight {
  readonly name: NameKey;
  readonly type: number;
  readonly startedMs: number;
  chase: Chase | undefined;
  /** It goes on when nobody waits: a prefetch, or somebody was given stale records meanwhile. */
  goesOn = false;
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor(name: NameKey, type: number, startedMs: number) {
    this.name = name;
    this.type = type;
    this.startedMs = startedMs;
  }

  get first(): Waiter | undefined {
    return this.#first;
  }

  add(waiter: Waiter): void {
    waiter.flight = this;
    waiter.previous = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
  }

  remove(waiter: Waiter): void {
    const { next, previous } = waiter;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    waiter.flight = undefined;
    waiter.next = undefined;
    waiter.previous = undefined;
  }
}
