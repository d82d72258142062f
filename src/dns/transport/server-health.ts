/** A server that failed is left alone for so long, doubled with each further failure, up to the last. */
export const BACK_OFF_MS_MIN: number = 1_000;
export const BACK_OFF_MS_MAX: number = 10_000;

/**
 * How well a server does: its round-trip time, in the form of RFC 6298 §2, and how often it failed
 * in a row. Nothing here is final: one valid answer restores a server.
 */
export class ServerHealth {
  /** Failures since the last valid answer. */
  failures = 0;
  /** Until then it stands behind all others. */
  backOffUntilMs = 0;
  /** Smoothed, in milliseconds; -1 while unknown. */
  rttMs = -1;
  #deviationMs = 0;
  /** When it last answered, or failed. */
  #goodMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;

  /** How long an answer may take, before any bounds; -1 while unknown. */
  get expectedMs(): number {
    return this.rttMs < 0 ? -1 : this.rttMs + 4 * this.#deviationMs;
  }

  /** A valid answer came. */
  restored(nowMs: number): void {
    this.failures = 0;
    this.backOffUntilMs = 0;
    this.#goodMs = nowMs;
  }

  /** The same, in one round trip; `sentMs` is when it was asked for. */
  answered(sentMs: number, nowMs: number): void {
    this.restored(nowMs);
    const sampleMs = Math.max(nowMs - sentMs, 0);
    if (this.rttMs < 0) {
      this.rttMs = sampleMs;
      this.#deviationMs = sampleMs / 2;
      return;
    }
    this.#deviationMs += (Math.abs(this.rttMs - sampleMs) - this.#deviationMs) / 4;
    this.rttMs += (sampleMs - this.rttMs) / 8;
  }

  /**
   * It gave no answer, or a useless one, to what it was asked at `sentMs`. Questions that were
   * asked before the last failure was known fail with it, and count once; one that was lost while
   * others were answered does not count at all. The back-off begins with the question, so that a
   * server which is there again is found within the longest one.
   */
  failed(sentMs: number, nowMs: number): void {
    if (sentMs <= this.#failedMs || sentMs < this.#goodMs) return;
    this.#failedMs = nowMs;
    const factor = 2 ** Math.min(this.failures, 10);
    this.backOffUntilMs = sentMs + Math.min(BACK_OFF_MS_MIN * factor, BACK_OFF_MS_MAX);
    this.failures += 1;
  }
}
