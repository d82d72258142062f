const DELAY_MS_MAX = 2 ** 31 - 1; // Node turns a longer delay into 1 ms.

/** One Node timer that serves all timers and deadlines of a loop. */
export class Alarm {
  readonly #onRing: () => void;
  #timeout: NodeJS.Timeout | undefined;
  /** When it rings, on the clock of `performance.now()`; `Infinity` when it is not set. */
  #dueMs = Number.POSITIVE_INFINITY;
  #keepsAlive = true;

  constructor(onRing: () => void) {
    this.#onRing = onRing;
  }

  /**
   * Rings at `dueMs` or earlier, never inside this call: the owner expires nothing before its time,
   * and asks for the rest again. One that is set for an earlier time stays. `keepAlive`: the
   * process does not end before it has rung.
   */
  ringAt(dueMs: number, keepAlive: boolean): void {
    if (dueMs < this.#dueMs) {
      clearTimeout(this.#timeout);
      this.#dueMs = dueMs;
      const delayMs = Math.min(Math.max(Math.ceil(dueMs - performance.now()), 1), DELAY_MS_MAX);
      this.#timeout = setTimeout(this.#ring, delayMs);
      this.#keepsAlive = true;
    }
    if (keepAlive === this.#keepsAlive) return;
    this.#keepsAlive = keepAlive;
    if (keepAlive) this.#timeout?.ref();
    else this.#timeout?.unref();
  }

  /** It does not ring, until it is set again. */
  cancel(): void {
    clearTimeout(this.#timeout);
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  // Node counts from its cached time and may call early (nodejs/node#26578).
  readonly #ring = (): void => {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#onRing();
  };
}
