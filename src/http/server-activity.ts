import type { BufferPool } from '../core/buffer-pool.ts';
import type { SocketId } from '../core/operation.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ParserPool } from './parser-pool.ts';
import { RequestReader, type RequestSink } from './request-reader.ts';
import type { Exchange, ServerTimeouts } from './server-options.ts';

/** Who borrows an activity. */
export interface ActivityOwner extends OutboxOwner, RequestSink {}

/**
 * What a client's connection has only while there is something to do: from the first byte of a
 * request until all answers are with the kernel.
 */
export class ServerActivity {
  readonly outbox: Outbox;
  readonly reader: RequestReader;
  exchange: Exchange | undefined;
  /** Part of the current response has been queued. */
  answered = false;
  /** Part of the current response did not fit in the outbox. */
  cut = false;
  /** Bytes of the current request's body that have come. */
  bodyBytes = 0;
  /** When the head that has begun must be complete; 0 while none has. */
  headDeadlineMs = 0;

  constructor(pool: ActivityPool, owner: ActivityOwner, socket: SocketId) {
    this.outbox = new Outbox(pool.port, pool.buffers, owner, socket);
    this.outbox.sendTimeoutMs = pool.sendMs;
    this.reader = new RequestReader(pool.parsers, this.outbox, owner);
  }

  attach(owner: ActivityOwner, socket: SocketId): void {
    this.outbox.attach(owner, socket);
    this.reader.attach(owner);
    this.headDeadlineMs = 0;
  }

  /** A request has come. */
  beginExchange(): void {
    this.answered = false;
    this.cut = false;
    this.bodyBytes = 0;
    this.headDeadlineMs = 0;
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

  /** Until when the client must have sent more; 0 while it need not. */
  deadlineMs(nowMs: number, timeouts: ServerTimeouts): number {
    const { reading, holds } = this.reader;
    if (reading === 'answer') return 0;
    if (reading === 'body') return nowMs + timeouts.bodyMs;
    if (!holds) return nowMs + timeouts.idleMs;
    if (this.headDeadlineMs === 0) this.headDeadlineMs = nowMs + timeouts.headMs;
    return this.headDeadlineMs;
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
  readonly #idle: ServerActivity[] = [];
  /** Activities that are in use at this moment: 0 when nothing leaks. */
  lent = 0;

  constructor(port: ProactorPort, buffers: BufferPool, parsers: ParserPool, sendMs: number) {
    this.port = port;
    this.buffers = buffers;
    this.parsers = parsers;
    this.sendMs = sendMs;
  }

  take(owner: ActivityOwner, socket: SocketId): ServerActivity {
    this.lent += 1;
    const activity = this.#idle.pop();
    if (activity === undefined) return new ServerActivity(this, owner, socket);
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
