import type { Abortable } from './abort-groups.ts';
import type { AddressSet } from './address-set.ts';
import type { DnsError } from './dns-error.ts';
import type { SrvTarget } from './service-search.ts';
import { emptyState, isSame, newMembers, type WatchState } from './watch-state.ts';

/** `next` that may wait at once of one iterator; one more rejects. */
export const NEXTS_MAX: number = 64;

export type WatchEvent =
  | {
      readonly type: 'set';
      readonly set: AddressSet;
      /** With `service`. */
      readonly targets?: readonly SrvTarget[];
      /** Addresses; with `service` `address:port`. Both are empty where only weights changed. */
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | {
      readonly type: 'error';
      readonly error: DnsError;
      /** Refreshes in a row without success. */
      readonly consecutive: number;
    };

/** When a name has no address any more. */
export type WhenEmpty = { readonly onEmpty: 'hold' | 'emit'; readonly holdMs: number };

export type WatcherOptions = WhenEmpty & {
  readonly name: string;
  readonly service: boolean;
  readonly onEnd: (watcher: Watcher) => void;
};

type Next = IteratorResult<WatchEvent, undefined>;
type Waiting = (next: Next) => void;

const DONE: Next = { done: true, value: undefined };

/** One consumer. It is never told more than it takes: what it missed, the latest stands for. */
export class Watcher implements AsyncIterator<WatchEvent, undefined>, Abortable {
  readonly options: WatcherOptions;
  /** What it was told last. */
  #given: WatchState | undefined;
  /** What it is to be told next. */
  #state: WatchState | undefined;
  #error: Extract<WatchEvent, { type: 'error' }> | undefined;
  #waiting: Waiting[] = [];
  #ended = false;

  constructor(options: WatcherOptions) {
    this.options = options;
  }

  next(): Promise<Next> {
    const next = this.#take();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#waiting.length === NEXTS_MAX) {
      return Promise.reject(new RangeError(`over ${NEXTS_MAX} next() wait`));
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<Next> {
    this.end();
    return Promise.resolve(DONE);
  }

  /** The name is like this now. */
  offer(state: WatchState): void {
    this.#error = undefined;
    const isNews = this.#given === undefined || !isSame(this.#given, state);
    this.#state = isNews ? state : undefined;
    this.#wake();
  }

  /** The name has had no address since `forMs`. */
  empty(forMs: number, nowMs: number): void {
    const { onEmpty, holdMs, name, service } = this.options;
    const had = this.#state ?? this.#given;
    if (onEmpty === 'hold' && (had === undefined || forMs < holdMs)) return;
    if (had?.members.size !== 0) this.offer(emptyState(name, service, nowMs));
  }

  /** Does it still have what an empty answer may take from it? */
  get holds(): boolean {
    const { size } = (this.#state ?? this.#given)?.members ?? { size: 0 };
    return this.options.onEmpty === 'hold' && size > 0;
  }

  fail(error: DnsError, consecutive: number): void {
    this.#error = { type: 'error', error, consecutive };
    this.#wake();
  }

  abort(): void {
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state = undefined;
    this.#error = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(DONE);
    this.options.onEnd(this);
  }

  #wake(): void {
    while (this.#waiting.length > 0) {
      const next = this.#take();
      if (next === undefined) return;
      (this.#waiting.shift() as Waiting)(next);
    }
  }

  /** A set first: an error that came before it was forgotten with it. */
  #take(): Next | undefined {
    if (this.#ended) return DONE;
    const state = this.#state;
    if (state !== undefined) {
      this.#state = undefined;
      const value = setEvent(this.#given, state);
      this.#given = state;
      return { done: false, value };
    }
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? undefined : { done: false, value: error };
  }
}

function setEvent(before: WatchState | undefined, after: WatchState): WatchEvent {
  const { set, targets } = after;
  const added = newMembers(before, after);
  const removed = before === undefined ? [] : newMembers(after, before);
  return { type: 'set', set, ...(targets !== undefined && { targets }), added, removed };
}
