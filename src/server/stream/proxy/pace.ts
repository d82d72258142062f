const SECOND = 1000;

/**
 * How many bytes may come now, as nginx reckons: the rate times the seconds since the begin, the
 * first one included, and a pause after each receive that lasts as long as its bytes are worth.
 */
export class Pace {
  /** Bytes per second; 0 is any number. */
  readonly rate: number;
  readonly #startS: number;

  constructor(rate: number, nowMs: number) {
    this.rate = rate;
    this.#startS = Math.floor(nowMs / SECOND);
  }

  /** Bytes that may come, `bytes` of them being there; 0 or fewer: none. */
  room(bytes: number, nowMs: number): number {
    if (this.rate === 0) return Number.POSITIVE_INFINITY;
    return this.rate * (Math.floor(nowMs / SECOND) - this.#startS + 1) - bytes;
  }

  /** How long to wait where there is no room: `room` is 0 or negative. */
  waitMs(room: number): number {
    return Math.floor((-room * SECOND) / this.rate) + 1;
  }

  /** The pause after a receive. */
  pauseMs(received: number): number {
    return this.rate === 0 ? 0 : Math.floor((received * SECOND) / this.rate);
  }
}
