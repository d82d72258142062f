import type { BufferPool } from '../core/buffer-pool.ts';
import type { SocketId } from '../core/operation.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';
import { errorPage } from './reply.ts';
import { RequestReader, type RequestSink } from './request-reader.ts';
import { ClosingPool } from './server-closing.ts';
import type { Exchange, ServerTimeouts } from './server-options.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Who borrows an activity. */
export interface ActivityOwner extends OutboxOwner {
  readonly bodyBytesMax: number;
  /** A request has come, and may be answered, to its end, within the call. */
  beginRequest(): Exchange;
  /** A message was refused before there was an exchange. */
  refused(error: HttpError): void;
  /** Who answers what was refused; `undefined`: the connection does. */
  takeRefused(error: HttpError): Exchange | undefined;
  /** A body that nobody wanted has come to its end, behind its answer. */
  bodyDiscarded(): void;
  /** Closes once the answers are with the kernel; with `linger`, what is still sent is dropped. */
  closeBehindAnswers(linger: boolean): void;
  /** The answer cannot be completed. */
  abort(): void;
}

/**
 * What a client's connection has only while there is something to do: from the first byte of a
 * request until all answers are with the kernel. Leads each request to its exchange.
 */
export class ServerActivity implements RequestSink {
  readonly outbox: Outbox;
  readonly reader: RequestReader;
  exchange: Exchange | undefined;
  /** Part of the current response has been queued. */
  answered = false;
  /** Part of the current response did not fit in the outbox. */
  cut = false;
  /** The client waits with its body until that is wanted (RFC 9110 §10.1.1). */
  owesContinue = false;
  /** Bytes of the current request's body that have come. */
  bodyBytesCome = 0;
  /** When the head that has begun must be complete; 0 while none has. */
  headDeadlineMs = 0;
  /** What comes of the body is dropped. */
  discarding = false;
  /** Until when it may come, once it is answered, and how long a pause may be. */
  discardUntilMs = 0;
  discardPauseMs = 0;
  #discardError: HttpError | undefined;
  #owner: ActivityOwner;

  constructor(pool: ActivityPool, owner: ActivityOwner, socket: SocketId) {
    this.outbox = new Outbox(pool.port, pool.buffers, owner, socket);
    this.outbox.sendTimeoutMs = pool.sendMs;
    this.reader = new RequestReader(pool.parsers, this.outbox, this);
    this.#owner = owner;
  }

  attach(owner: ActivityOwner, socket: SocketId): void {
    this.outbox.attach(owner, socket);
    this.reader.restart();
    this.#owner = owner;
    this.headDeadlineMs = 0;
  }

  /** Queues a response's head, or text that belongs to its body. */
  send(text: string): void {
    this.answered = true;
    if (!this.outbox.appendText(text)) this.cut = true;
  }

  /** Queues the head of an interim response: an answer of any other kind may still follow. */
  sendInterim(text: string): void {
    if (!this.outbox.appendText(text)) this.cut = true;
  }

  /** The body is wanted now: who waits with it is told, unless the answer is on its way. */
  askForBody(): void {
    if (!this.owesContinue) return;
    this.owesContinue = false;
    if (!this.answered) this.sendInterim(CONTINUE);
  }

  requestHead(head: MessageHead): void {
    if (head.framing === 'length') checkBody(head.contentLength, this.#owner.bodyBytesMax);
    this.answered = false;
    this.cut = false;
    this.owesContinue = head.expectsContinue && this.reader.reading === 'body';
    this.bodyBytesCome = 0;
    this.headDeadlineMs = 0;
    this.discarding = false;
    const exchange = this.#owner.beginRequest();
    // The answer may have been given, and the exchange be over, within the call.
    if (!this.reader.holds) return;
    this.exchange = exchange;
    if (!this.reader.paused) this.askForBody();
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    if (this.discarding) return;
    this.bodyBytesCome += to - from;
    checkBody(this.bodyBytesCome, this.#owner.bodyBytesMax);
    this.exchange?.requestBody(data, from, to, owned);
  }

  requestEnd(): void {
    if (!this.discarding) this.exchange?.requestEnd();
    else if (this.exchange === undefined) {
      this.reader.next();
      this.#owner.bodyDiscarded();
    }
  }

  bodyHeld(): void {
    this.exchange?.bodyHeld?.();
  }

  /** The body is dropped from here on; returns what is wrong with what has come of it. */
  discardBody(): HttpError | undefined {
    this.discarding = true;
    this.#discardError = undefined;
    this.reader.unpause();
    if (!this.reader.consuming) this.reader.resume();
    return this.#discardError;
  }

  /** The answer is complete, the body that nobody wants is not: it may come for a while. */
  awaitDiscarded(nowMs: number): void {
    this.exchange = undefined;
    this.discardUntilMs = nowMs + this.discardUntilMs;
  }

  refuse(error: HttpError): void {
    const { exchange } = this;
    // The head behind a body that was dropped is not a part of it.
    if (this.discarding && this.reader.reading === 'body') {
      this.#discardError = error;
      this.reader.fail();
      if (exchange === undefined) this.#owner.closeBehindAnswers(true);
      return;
    }
    if (this.#isTaken(error)) return;
    const answered = exchange !== undefined && this.answered;
    if (exchange === undefined) this.#owner.refused(error);
    else exchange.requestFailed(error);
    if (answered) {
      this.#owner.abort();
      return;
    }
    this.endExchange();
    this.outbox.appendText(errorPage(error.status));
    this.#owner.closeBehindAnswers(true);
  }

  /** Does somebody else than the connection answer what is refused? */
  #isTaken(error: HttpError): boolean {
    const { exchange, reader } = this;
    if (exchange !== undefined) {
      if (this.answered || exchange.requestRefused === undefined) return false;
      reader.fail();
      return exchange.requestRefused(error);
    }
    this.answered = false;
    this.cut = false;
    this.owesContinue = false;
    this.headDeadlineMs = 0;
    const { reading, broken } = reader;
    reader.fail();
    const taker = this.#owner.takeRefused(error);
    if (taker === undefined) {
      reader.reading = reading;
      reader.broken = broken;
      return false;
    }
    if (reader.holds && reader.reading === 'answer') this.exchange = taker;
    return true;
  }

  /** The exchange is over, and the connection may have another one. */
  endExchange(): void {
    this.exchange = undefined;
    this.reader.next();
  }

  /** The exchange will hear of one thing more, and then of nothing. */
  takeExchange(): Exchange | undefined {
    const { exchange } = this;
    this.exchange = undefined;
    return exchange;
  }

  /** Nothing more is read, and what is not with the kernel is given up. */
  abandon(): void {
    this.exchange = undefined;
    this.reader.stop();
    this.outbox.discard();
  }

  /** May another request follow, by what both sides have said and read? */
  get persistent(): boolean {
    const { reading, head } = this.reader;
    return (reading !== 'body' || this.discarding) && !this.reader.broken && head.persistent;
  }

  /** Has it become time for requests that wait in line? */
  mayResume(level: Level): boolean {
    const { reading, carry } = this.reader;
    return level === 'open' && reading === 'head' && carry.bytes > 0;
  }

  /** Is it not the client's turn: it is answered, or its body is not wanted yet? */
  get waitsForUs(): boolean {
    const { reading, paused } = this.reader;
    return reading === 'answer' || (reading === 'body' && paused);
  }

  /** Until when the client must have sent more; 0 while it need not. */
  deadlineMs(nowMs: number, timeouts: ServerTimeouts): number {
    const { reading, holds } = this.reader;
    if (reading === 'answer') return 0;
    if (reading === 'body') return this.#bodyDeadlineMs(nowMs, timeouts);
    if (!holds) return nowMs + timeouts.idleMs;
    if (this.headDeadlineMs === 0) this.headDeadlineMs = nowMs + timeouts.headMs;
    return this.headDeadlineMs;
  }

  #bodyDeadlineMs(nowMs: number, timeouts: ServerTimeouts): number {
    if (!this.discarding) return nowMs + timeouts.bodyMs;
    if (this.exchange !== undefined) return 0;
    return Math.min(nowMs + this.discardPauseMs, this.discardUntilMs);
  }

  /** Requests sent ahead are left with the kernel while some wait here already. */
  get wantsBytes(): boolean {
    const { reading, paused, watched, carry } = this.reader;
    if (reading === 'body') return !paused || (watched && carry.bytes < WATCHED_BYTES_MAX);
    if (reading === 'head' && this.outbox.level === 'open') return true;
    return carry.bytes === 0;
  }

  /** Is there nothing left that an idle connection would not have? */
  get idle(): boolean {
    return this.reader.fresh && this.outbox.queuedBytes === 0 && !this.outbox.inFlight;
  }
}

function checkBody(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new HttpError('BODY_TOO_LARGE', `over ${bytesMax} bytes`);
}

/** Of a body that nobody wants yet, so much is read while its client is watched, and one read more. */
const WATCHED_BYTES_MAX = 16 * 1024;

/** Activities that are kept for the next request: a few thousand idle connections share them. */
const IDLE_MAX = 1024;

/** Activities between requests: the one used last is used next. */
export class ActivityPool {
  readonly port: ProactorPort;
  readonly buffers: BufferPool;
  readonly parsers: ParserPool;
  /** For a client to take what one write sends, in milliseconds. */
  readonly sendMs: number;
  readonly closings: ClosingPool;
  readonly #idle: ServerActivity[] = [];
  /** Activities that are in use at this moment: 0 when nothing leaks. */
  lent = 0;

  constructor(port: ProactorPort, buffers: BufferPool, parsers: ParserPool, sendMs: number) {
    this.port = port;
    this.buffers = buffers;
    this.parsers = parsers;
    this.sendMs = sendMs;
    this.closings = new ClosingPool(port);
  }

  take(owner: ActivityOwner, socket: SocketId): ServerActivity {
    this.lent += 1;
    const activity = this.#idle.pop();
    if (activity === undefined) return new ServerActivity(this, owner, socket);
    activity.outbox.sendTimeoutMs = this.sendMs;
    activity.attach(owner, socket);
    return activity;
  }

  /** Takes back an activity whose requests are over; it is used again unless it is sending still. */
  give(activity: ServerActivity): void {
    this.lent -= 1;
    activity.exchange = undefined;
    activity.reader.stop();
    if (this.#idle.length < IDLE_MAX && !activity.outbox.inFlight) this.#idle.push(activity);
    else activity.outbox.forgetDeadline();
  }
}
