import type { Flight } from './flight.ts';
import type { Found, Search, SearchMode } from './found.ts';

/**
 * One caller's wait, which is part of the caller: it makes no object of its own.
 *
 *   waits, `flight` is set ──► ready, `found` is set ──► told, once
 *            └──────────── leave ──────┴───────────────► never told
 */
export interface Waiter {
  readonly mode: SearchMode;
  readonly deadlineMs: number;
  /** It was told, or has left. What follows is the records' own. */
  gone: boolean;
  found: Found | undefined;
  /** What is waited for, and the neighbours there. */
  flight: Flight | undefined;
  next: Waiter | undefined;
  previous: Waiter | undefined;
  dueMs: number;
  dueIndex: number;
  dueOrder: number;
  /** The end of the wait, in the loop. */
  told(found: Found): void;
}

/** Who keeps the waiters. */
export interface WaiterHost {
  leave(waiter: Waiter): void;
}

/** A wait whose end is a callback. */
export class CallbackWaiter implements Waiter, Search {
  readonly mode: SearchMode;
  readonly deadlineMs: number;
  gone = false;
  found: Found | undefined;
  flight: Flight | undefined;
  next: Waiter | undefined;
  previous: Waiter | undefined;
  dueMs = 0;
  dueIndex = -1;
  dueOrder = 0;
  readonly #host: WaiterHost;
  readonly #onEnd: (found: Found) => void;

  constructor(
    host: WaiterHost,
    mode: SearchMode,
    deadlineMs: number,
    onEnd: (found: Found) => void,
  ) {
    this.#host = host;
    this.mode = mode;
    this.deadlineMs = deadlineMs;
    this.#onEnd = onEnd;
  }

  told(found: Found): void {
    this.#onEnd(found);
  }

  cancel(): void {
    this.#host.leave(this);
  }
}
