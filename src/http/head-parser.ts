import { requestLine, statusLine } from './first-line.ts';
import { HEAD_LIMITS, type HeadLimits } from './head-limits.ts';
import type { HeadProgress, HeadState } from './head-state.ts';
import { HttpError } from './http-error.ts';
import { latin1 } from './latin1.ts';
import { MessageHead } from './message-head.ts';

/**
 * Reads one head (RFC 9112 §2 to §5), strictly: whatever is ambiguous is refused. Request and
 * response differ in their first line alone.
 *
 * A head that came in pieces is given again, whole, with what came since: offsets count from its
 * first byte, and no byte is looked at twice.
 */
export class HeadParser implements HeadProgress {
  readonly head: MessageHead = new MessageHead();
  readonly #first: HeadState;
  readonly limits: HeadLimits;
  #state: HeadState;
  at = 0;
  start = 0;
  lineStart = 0;
  valueEnd = 0;
  seen = 0;
  done = false;

  constructor(kind: 'request' | 'response', limits: HeadLimits = HEAD_LIMITS) {
    this.#first = kind === 'request' ? requestLine : statusLine;
    this.#state = this.#first;
    this.limits = limits;
  }

  reset(): void {
    this.head.reset();
    this.#state = this.#first;
    this.at = 0;
    this.start = 0;
    this.lineStart = 0;
    this.seen = 0;
    this.done = false;
  }

  /** Has a byte of a head been seen? */
  get begun(): boolean {
    return this.at > this.start;
  }

  /**
   * Goes on with the head that begins at `start`, given up to `end`. Returns whether it is
   * complete; `at` is then the first byte behind it. Throws `HttpError`.
   */
  parse(data: Uint8Array, start: number, end: number): boolean {
    this.at += start - this.start;
    this.start = start;
    const limit = start + this.limits.headBytesMax;
    const stop = end > limit ? limit : end;
    while (this.at < stop && !this.done) this.#state = this.#state(this, data, stop);
    if (this.done) {
      this.head.bytes = this.at - start;
      this.head.text = latin1(data, start, this.at);
      return true;
    }
    if (stop < end) throw new HttpError('HEAD_TOO_LARGE', `over ${this.limits.headBytesMax} bytes`);
    return false;
  }
}
