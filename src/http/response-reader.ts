import { BodyReader } from './body-reader.ts';
import { Carry } from './carry.ts';
import type { BodySink } from './chunked.ts';
import type { ClientExchange } from './client-options.ts';
import type { HeadParser } from './head-parser.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';
import { readResponse } from './read-head.ts';

/** Interim responses to one request; more are an attack or a mistake. */
const INTERIM_MAX = 10;

/** Whose responses are read. */
export interface ResponseOwner {
  /** What has come is no response; without an error, nobody had asked for it. */
  responseBroken(error: HttpError | undefined): void;
}

/**
 * Takes the responses of one connection out of what it receives, one to each exchange, which is told
 * of all that it consists of:
 *
 *   idle ──begin()──→ head ──final response──→ body ──its end──→ idle …
 *     │                └──101 that was asked for──→ switched
 *     └──────────────── stop() ────────────────→ end
 *
 * What comes before its time is carried.
 */
export class ResponseReader implements BodySink {
  /** What is read next. */
  reading: 'idle' | 'head' | 'body' | 'switched' | 'end' = 'idle';
  /** Whose response it is, until that has ended. */
  exchange: ClientExchange | undefined;
  /** The head waits for its reader, and everything behind it. */
  held = false;
  /** The request was HEAD: the response has no body, whatever it says. */
  bodiless = false;
  /** Another protocol was asked for: a 101 is the final response then. */
  switches = false;
  /** Trailer fields are wanted. */
  keepsTrailers = false;
  /** May the connection be used again, by what the last response said? */
  persistent = true;
  /** Behind the last response stood bytes that nobody asked for. */
  surplus = false;
  readonly body: BodyReader = new BodyReader(this);
  readonly #carry = new Carry();
  readonly #parsers: ParserPool;
  readonly #owner: ResponseOwner;
  #parser: HeadParser | undefined;
  #interim = 0;

  constructor(parsers: ParserPool, owner: ResponseOwner) {
    this.#parsers = parsers;
    this.#owner = owner;
  }

  /** A request is on its way. */
  begin(exchange: ClientExchange, bodiless: boolean): void {
    this.exchange = exchange;
    this.reading = 'head';
    this.held = false;
    this.bodiless = bodiless;
    this.switches = false;
    this.keepsTrailers = false;
    this.persistent = false;
    this.#interim = 0;
  }

  /** Nothing more is read of this connection. */
  stop(): void {
    this.reading = 'end';
    this.exchange = undefined;
    this.#returnParser();
  }

  /** Reads a lent view and carries what is left. */
  take(data: Uint8Array, start: number, end: number, owned: boolean): void {
    const carry = this.#carry;
    try {
      if (carry.bytes > 0) {
        carry.add(data, start, end);
        carry.use(this.#consume(carry.data, carry.at, carry.end, false));
      } else {
        const to = this.#consume(data, start, end, owned);
        const waits = this.reading === 'head' || this.reading === 'switched' || this.held;
        if (to < end && waits) carry.add(data, to, end);
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Goes on behind a head that was held. */
  releaseHead(): void {
    this.held = false;
    this.#returnParser();
    if (this.reading !== 'body') return;
    const carry = this.#carry;
    try {
      const at = this.#endIfDone(carry.at, carry.end);
      carry.use(this.reading === 'body' ? this.#consume(carry.data, at, carry.end, false) : at);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** So many bytes of the body have gone another way, and nothing stands behind them yet. */
  resume(): void {
    this.#endIfDone(0, 0);
  }

  /** The connection has ended. `true`: that was the body's end, too. */
  endsHere(): boolean {
    if (this.reading !== 'body' || !this.body.endsHere()) return false;
    this.#endIfDone(0, 0);
    return true;
  }

  /** Takes what was carried, to be read by somebody else. */
  takeCarried(): Uint8Array {
    const carry = this.#carry;
    const carried = carry.data.subarray(carry.at, carry.end);
    carry.use(carry.end);
    return carried;
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.exchange?.responseBody(data, from, to, owned);
  }

  /** Takes all that can be read now; returns where it stopped. */
  #consume(data: Uint8Array, start: number, end: number, owned: boolean): number {
    let at = start;
    while (at < end) {
      switch (this.reading) {
        case 'head': {
          const to = this.#readHead(data, at, end);
          if (to < 0) return at;
          if (this.held || this.#isSwitched) return to;
          at = this.#endIfDone(to, end);
          break;
        }
        case 'body':
          if (this.held) return at;
          at = this.#endIfDone(this.body.read(data, at, end, owned), end);
          break;
        case 'idle':
          this.#owner.responseBroken(undefined);
          return end;
        default:
          return end;
      }
    }
    return at;
  }

  get #isSwitched(): boolean {
    return this.reading === 'switched';
  }

  /** Returns where the head ends, or -1 when it is not complete. */
  #readHead(data: Uint8Array, at: number, end: number): number {
    this.#parser ??= this.#parsers.take();
    const parser = this.#parser;
    if (!parser.parse(data, at, end)) return -1;
    const { head, at: to } = parser;
    readResponse(head, this.bodiless);
    if (head.status === 101 && this.switches) {
      this.reading = 'switched'; // The parser stays: its head is read until the socket goes.
      this.exchange?.responseHead(head);
      return to;
    }
    if (head.status < 200) {
      this.#takeInterim(head);
    } else {
      this.reading = 'body';
      this.persistent = head.persistent;
      this.body.start(head.framing, head.contentLength);
      if (this.keepsTrailers) this.body.keepTrailers();
      this.exchange?.responseHead(head);
      if (this.held) return to;
    }
    this.#returnParser();
    return to;
  }

  /** 100 says nothing that we have not said; 101 was not asked for. */
  #takeInterim(head: MessageHead): void {
    this.#interim += 1;
    if (head.status === 101) throw new HttpError('BAD_STATUS_LINE', '101 without an Upgrade');
    if (this.#interim > INTERIM_MAX) {
      throw new HttpError('TOO_MANY_INTERIM', `over ${INTERIM_MAX} interim responses`);
    }
    if (head.status === 103) this.exchange?.earlyHints?.(head);
  }

  /** Ends the response where its body has ended; `end` is where the bytes at hand end. */
  #endIfDone(at: number, end: number): number {
    if (this.reading !== 'body' || !this.body.done) return at;
    this.reading = 'idle';
    this.surplus = at < end;
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.responseEnd();
    return end;
  }

  #refuse(error: unknown): void {
    if (!(error instanceof HttpError)) throw error;
    this.#owner.responseBroken(error);
  }

  #returnParser(): void {
    if (this.#parser === undefined) return;
    this.#parsers.give(this.#parser);
    this.#parser = undefined;
  }
}
