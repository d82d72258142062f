import { requestLine, statusLine } from './first-line.ts';
import { HEAD_LIMITS, HEAD_RULES, type HeadLimits, type HeadRules } from './head-limits.ts';
import { type HeadProgress, type HeadState, tooLarge } from './head-state.ts';
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
  readonly rules: HeadRules;
  #state: HeadState;
  at = 0;
  start = 0;
  lineStart = 0;
  valueEnd = 0;
  seen = 0;
  done = false;
  bareLf = false;

  /** `rules` are for requests: there are none of them for responses. */
  constructor(
    kind: 'request' | 'response',
    limits: HeadLimits = HEAD_LIMITS,
    rules: HeadRules = HEAD_RULES,
  ) {
    this.#first = kind === 'request' ? requestLine : statusLine;
    this.#state = this.#first;
    this.limits = limits;
    this.rules = rules;
  }

  reset(): void {
    this.head.reset();
    this.#state = this.#first;
    this.at = 0;
    this.start = 0;
    this.lineStart = 0;
    this.seen = 0;
    this.done = false;
    this.bareLf = false;
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
      this.head.rawBytes = this.at - start;
      this.head.text = latin1(data, start, this.at);
      if (this.bareLf) this.#rewrite();
      return true;
    }
    if (stop < end) throw tooLarge(this, 'HEAD_TOO_LARGE', this.limits.headBytesMax, 'bytes');
    return false;
  }

  /** What has come of a head that was refused, or that does not go on, is all there is of it. */
  salvage(data: Uint8Array, start: number, end: number): void {
    if (this.done && this.head.text !== '') return;
    const limit = start + this.limits.headBytesMax;
    this.head.salvage(latin1(data, start, end > limit ? limit : end));
  }

  /** Reads the complete head anew, as if each of its lines had ended with CR and LF. */
  #rewrite(): void {
    const { head, at, start } = this;
    const text = head.text.replaceAll(/(?<!\r)\n/g, '\r\n');
    const data = Uint8Array.from(text, (char) => char.charCodeAt(0));
    this.reset();
    while (!this.done) this.#state = this.#state(this, data, data.length);
    head.bytes = data.length;
    head.rawBytes = at - start;
    head.text = text;
    this.at = at;
    this.start = start;
  }
}
