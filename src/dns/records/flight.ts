import type { Exchange, Failure } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { Chase } from './chase.ts';
import type { Waiter } from './waiter.ts';

/** A question under way, and who waits for its answer, in the order in which they came. */
export class Flight {
  readonly name: NameKey;
  readonly type: number;
  readonly startedMs: number;
  /** The longest that it lasts. */
  readonly endMs: number;
  /** Of name and type; with its neighbour, the table's own. */
  readonly hash: number;
  behind: Flight | undefined;
  /** `false`: the target of an alias is asked for, whatever is known. */
  readonly usesKnown: boolean;
  /** It goes on when nobody waits: a prefetch, or somebody was given stale records meanwhile. */
  goesOn = false;
  /** Whichever of the two is under way: the question itself, or the aliases that it has led to. */
  exchange: Exchange | undefined;
  chase: Chase | undefined;
  first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor(
    name: NameKey,
    type: number,
    hash: number,
    startedMs: number,
    endMs: number,
    usesKnown: boolean,
  ) {
    this.name = name;
    this.type = type;
    this.hash = hash;
    this.startedMs = startedMs;
    this.endMs = endMs;
    this.usesKnown = usesKnown;
  }

  /** The servers are asked no more. */
  cancel(): void {
    this.exchange?.cancel();
    this.exchange = undefined;
    this.chase?.cancel();
    this.chase = undefined;
  }

  /** What the servers have said until now. */
  soFar(): Failure | undefined {
    return this.exchange?.soFar() ?? this.chase?.soFar();
  }

  add(waiter: Waiter): void {
    waiter.flight = this;
    waiter.previous = this.#last;
    if (this.#last === undefined) this.first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
  }

  remove(waiter: Waiter): void {
    const { next, previous } = waiter;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    waiter.flight = undefined;
    waiter.next = undefined;
    waiter.previous = undefined;
  }
}
