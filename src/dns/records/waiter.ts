import type { Flight } from './flight.ts';
import type { Found, Search, SearchMode } from './found.ts';

/** Who keeps the waiters. */
export interface WaiterHost {
  leave(waiter: Waiter): void;
}

/**
 * One caller's wait.
 *
 *   waits, `flight` is set ──► ready, `found` is set ──► ended, `onEnd` has run
 *            └──────────── cancel ─────┴───────────────► ended, `onEnd` is gone
 */
export class Waiter implements Search {
  readonly #host: WaiterHost;
  readonly mode: SearchMode;
  readonly deadlineMs: number;
  onEnd: ((found: Found) => void) | undefined;
  found: Found | undefined;
  /** What is waited for, and the neighbours there. */
  flight: Flight | undefined;
  next: Waiter | undefined;
  previous: Waiter | undefined;
  dueMs = 0;
  dueIndex: number = -1;
  dueOrder = 0;

  constructor(
    host: WaiterHost,
    mode: SearchMode,
    deadlineMs: number,
    onEnd: (found: Found) => void,
  ) {
    this.#host = host;
    this.mode = mode;
    this.deadlineMs = deadlineMs;
    this.onEnd = onEnd;
  }

  cancel(): void {
    this.#host.leave(this);
  }
}
