import type { Outbox } from '../core/outbox/outbox.ts';
import { BodyReader } from './body-reader.ts';
import { Carry } from './carry.ts';
import type { BodySink } from './chunked.ts';
import type { HeadRules } from './head-limits.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';
import { readRequest } from './read-head.ts';
import { RequestHeadReader } from './request-head-reader.ts';

/** Whose requests are read. */
export interface RequestSink extends BodySink {
  /** A head has come, and makes sense. Throws `HttpError` to refuse it. */
  requestHead(head: MessageHead): void;
  /** The body has come to its end. */
  requestEnd(): void;
  /** What has come behind the head is kept now, as `holdBody` has asked for. */
  bodyHeld(): void;
  /** What has come is no request, or not one that is taken. */
  refuse(error: HttpError): void;
}

/**
 * Takes the requests of one connection out of what it receives, one after the other:
 *
 *   head ──request──→ body ──its end──→ answer ──next()──→ head …
 *     └────────────────── stop() ─────────────────→ end
 *
 * What comes before its time is carried.
 */
export class RequestReader implements BodySink {
  /** What is read next; nothing while an answer is awaited, and at the end. */
  reading: 'head' | 'body' | 'answer' | 'end' = 'head';
  /** The body is not wanted for now. */
  paused = false;
  /** While it is paused, a little is read all the same, so that the client's end shows. */
  watched = false;
  /** Bytes are being read: who is called meanwhile need not ask for more. */
  consuming = false;
  /** The message was refused: nothing behind it is read, whatever its answer. */
  broken = false;
  /** The current request came together with what was before it. */
  pipelined = false;
  /** Where a head begins that came by itself; -1 where none does. */
  #freshAt = -1;
  #holdsBody = false;
  readonly carry: Carry = new Carry();
  readonly #heads: RequestHeadReader;
  readonly #body: BodyReader = new BodyReader(this);
  readonly #outbox: Outbox;
  readonly #rules: HeadRules;
  readonly #sink: RequestSink;

  /** `outbox`: what takes the answers. */
  constructor(parsers: ParserPool, outbox: Outbox, sink: RequestSink) {
    this.#heads = new RequestHeadReader(parsers);
    this.#outbox = outbox;
    this.#rules = parsers.rules;
    this.#sink = sink;
  }

  /** Reads for another connection from now on, as if it were new. */
  restart(): void {
    this.reading = 'head';
    this.broken = false;
  }

  /** Has a head begun, or come, whose exchange is not over? */
  get holds(): boolean {
    return this.#heads.holds;
  }

  /** Has nothing come yet of a next request? */
  get idle(): boolean {
    return this.reading === 'head' && !this.#heads.holds && this.carry.bytes === 0;
  }

  /** Is it as good as new? Not behind an empty line: there may not be another one. */
  get fresh(): boolean {
    return this.idle && !this.#heads.sawEmptyLine && !this.consuming;
  }

  /** The current request. */
  get head(): MessageHead {
    return this.#heads.head;
  }

  /** No more of the body for now, but for a little, so that the client's end shows. */
  watch(): void {
    this.paused = true;
    this.watched = true;
  }

  /** The body is wanted again. */
  unpause(): void {
    this.paused = false;
    this.watched = false;
  }

  /** Within `requestHead`: what has come of the body is kept first, and then there is a call. */
  holdBody(): void {
    this.paused = true;
    this.#holdsBody = true;
  }

  /** The head that has begun will not be complete: what there is of it can be seen. */
  salvage(): void {
    const { data, at, end } = this.carry;
    this.#heads.salvage(data, at, end);
  }

  /** The message is refused: its answer may take time, and is the last one. */
  fail(): void {
    this.reading = 'answer';
    this.broken = true;
    this.carry.use(this.carry.end);
  }

  /** The exchange is over: its head goes, and the next one may come. */
  next(): void {
    this.#heads.release();
    this.reading = 'head';
    this.broken = false;
  }

  /** Nothing more is read of this connection, and nothing kept. */
  stop(): void {
    this.#heads.release();
    this.reading = 'end';
    this.paused = false;
    this.#holdsBody = false;
    this.carry.use(this.carry.end);
  }

  /** Reads a lent view and carries what is left. `false`: it has ended before all was read. */
  take(data: Uint8Array, start: number, end: number, owned: boolean): boolean {
    if (this.carry.bytes > 0) {
      this.carry.add(data, start, end);
      this.resume();
      return true;
    }
    this.#freshAt = start;
    const to = this.#consume(data, start, end, owned);
    this.#freshAt = -1;
    if (to < end) {
      if (this.reading === 'end') return false;
      this.carry.add(data, to, end);
    }
    this.#tellHeld();
    return true;
  }

  #tellHeld(): void {
    if (!this.#holdsBody) return;
    this.#holdsBody = false;
    this.#sink.bodyHeld();
  }

  /** Goes on with what was carried. */
  resume(): void {
    const { carry } = this;
    if (carry.bytes === 0) return;
    carry.use(this.#consume(carry.data, carry.at, carry.end, false));
    this.#tellHeld();
  }

  /** Takes what was carried, to be read by somebody else. */
  takeCarried(): Uint8Array {
    const { carry } = this;
    const carried = carry.data.subarray(carry.at, carry.end);
    carry.use(carry.end);
    return carried;
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.#sink.bodyBytes(data, from, to, owned);
  }

  /** Takes all that can be read now; returns where it stopped. */
  #consume(data: Uint8Array, start: number, end: number, owned: boolean): number {
    let at = start;
    this.consuming = true;
    try {
      while (at < end) {
        if (this.reading === 'head') {
          // Who does not read the answers gets no more of them: what they take is bounded.
          if (this.#outbox.level === 'high') break;
          const to = this.#readHead(data, at, end);
          if (to < 0) break;
          at = to;
        } else if (this.reading === 'body' && !this.paused) {
          at = this.#readBody(data, at, end, owned);
        } else break;
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (this.reading === 'head') this.#heads.salvage(data, at, end);
      this.#sink.refuse(error);
      at = end;
    } finally {
      this.consuming = false;
    }
    return at;
  }

  /** Returns where the head, or the empty line before it, ends; -1 when it is not complete. */
  #readHead(data: Uint8Array, at: number, end: number): number {
    const heads = this.#heads;
    if (!heads.holds) this.pipelined = at !== this.#freshAt;
    const to = heads.read(data, at, end);
    if (heads.complete) {
      const { head } = heads;
      readRequest(head, this.#rules);
      const { framing, contentLength } = head;
      const bodiless = framing === 'none' || (framing === 'length' && contentLength === 0);
      this.reading = bodiless ? 'answer' : 'body';
      this.paused = false;
      this.watched = false;
      if (!bodiless) this.#body.start(framing, contentLength);
      this.#sink.requestHead(head);
    }
    return to;
  }

  #readBody(data: Uint8Array, start: number, end: number, owned: boolean): number {
    const body = this.#body;
    const at = body.read(data, start, end, owned);
    if (body.done && this.reading === 'body') {
      this.reading = 'answer';
      this.#sink.requestEnd();
    }
    return at;
  }
}
