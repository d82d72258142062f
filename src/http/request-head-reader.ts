import type { HeadParser } from './head-parser.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';
import { CR, LF } from './syntax.ts';

/** Reads the heads of a connection's requests; it has a parser only from a head's first byte on. */
export class RequestHeadReader {
  readonly #parsers: ParserPool;
  #parser: HeadParser | undefined;
  /** The one empty line that may come before a request has come. */
  sawEmptyLine = false;

  constructor(parsers: ParserPool) {
    this.#parsers = parsers;
  }

  /** Has a head begun, or come, that was not released? */
  get holds(): boolean {
    return this.#parser !== undefined;
  }

  /** The head that has come; nothing of it may be kept after `release`. */
  get head(): MessageHead {
    return (this.#parser as HeadParser).head;
  }

  get complete(): boolean {
    return this.#parser?.done === true;
  }

  /**
   * Returns where the head, or the empty line before it, ends; -1 when it is not complete, and
   * is to be given again, whole, with what comes. Throws `HttpError`.
   */
  read(data: Uint8Array, at: number, end: number): number {
    if (this.#parser === undefined) {
      if (this.#parsers.rules.emptyLines && isLineEnd(data[at])) return skipLineEnds(data, at, end);
      // One empty line before a request is ignored (RFC 9112 §2.2).
      const first = data[at];
      if (first === CR && !this.sawEmptyLine) {
        if (at + 1 === end) return -1;
        if (data[at + 1] === LF) {
          this.sawEmptyLine = true;
          return at + 2;
        }
      } else if (first === LF && !this.sawEmptyLine && this.#parsers.rules.bareLf) {
        this.sawEmptyLine = true;
        return at + 1;
      }
      this.#parser = this.#parsers.take();
    }
    return this.#parser.parse(data, at, end) ? this.#parser.at : -1;
  }

  /** The head that has begun is refused, or does not go on: what there is of it can be seen. */
  salvage(data: Uint8Array, start: number, end: number): void {
    this.#parser ??= this.#parsers.take();
    this.#parser.salvage(data, start, end);
  }

  /** The exchange is over: the next head may come. */
  release(): void {
    this.sawEmptyLine = false;
    if (this.#parser === undefined) return;
    this.#parsers.give(this.#parser);
    this.#parser = undefined;
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === CR || byte === LF;
}

function skipLineEnds(data: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isLineEnd(data[at])) at += 1;
  return at;
}
