import type { BufferPool } from '../core/buffer-pool.ts';
import type { Fault } from '../core/fault.ts';
import type { RecvOperation, SendOperation, SocketId } from '../core/operation.ts';
import { closeOperation, recvOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { BodyReader } from './body-reader.ts';
import { BulkReceive } from './bulk-receive.ts';
import { Carry } from './carry.ts';
import type { HeadParser } from './head-parser.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import type { ParserPool } from './parser-pool.ts';
import { readResponse } from './read-head.ts';

/** Interim responses to one request; more are an attack or a mistake. */
const INTERIM_MAX = 10;

/** Why a response will not come, or not to its end. */
export type ClientFailure =
  | { readonly kind: 'closed'; readonly fault: Fault | undefined }
  | { readonly kind: 'timeout'; readonly direction: 'read' | 'write' }
  | { readonly kind: 'protocol'; readonly error: HttpError };

/** One request and its answer, on the side that asks. */
export interface ClientExchange {
  /** The final response's head; nothing of it may be kept after the call. */
  responseHead(head: MessageHead): void;
  /** Bytes of the response's body, a lent view, or for good when `owned`. */
  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void;
  /** The response is complete; the connection may be used again where it is `reusable`. */
  responseEnd(): void;
  /** Nothing more comes; the connection has been closed. */
  responseFailed(failure: ClientFailure): void;
  /** The server takes the request too slowly, or again fast enough. */
  requestLevel(level: Level): void;
}

/** What all connections to upstreams share. */
export type ClientShared = {
  readonly port: ProactorPort;
  readonly buffers: BufferPool;
  /** Chunks of `BULK_BYTES` for large bodies; `undefined` where the port would copy into them. */
  readonly bulk: BufferPool | undefined;
  readonly parsers: ParserPool;
  readonly timeouts: {
    /** Between two reads of a response, in milliseconds; also until its first byte. */
    readonly readMs: number;
    /** For a server to take what one write sends. */
    readonly sendMs: number;
    /** How long a connection is kept without a request. */
    readonly idleMs: number;
  };
};

/** Told when a connection without an exchange has ended. */
export interface ClientOwner {
  idleConnectionGone(connection: ClientConnection): void;
}

/** A connection to a server: one exchange at a time. While idle, any byte or end destroys it. */
export class ClientConnection implements OutboxOwner {
  readonly #shared: ClientShared;
  readonly #owner: ClientOwner;
  readonly #recv: RecvOperation;
  readonly outbox: Outbox;
  readonly #carry = new Carry();
  readonly #body: BodyReader;
  readonly #bulk: BulkReceive;
  #parser: HeadParser | undefined;
  #exchange: ClientExchange | undefined;
  #phase: 'idle' | 'head' | 'body' | 'closed' = 'idle';
  #bodiless = false;
  #interim = 0;
  #paused = false;
  #persistent = true;
  #surplus = false;
  /** Exchanges that were begun: more than one means that the connection was reused. */
  exchanges = 0;
  /** Bytes of the current response that have come. */
  responseBytes = 0;
  /** Set by the exchange while more of its request is to come: the server is not late meanwhile. */
  requestOpen = false;

  constructor(shared: ClientShared, owner: ClientOwner, socket: SocketId) {
    this.#shared = shared;
    this.#owner = owner;
    this.#recv = recvOperation(socket, () => this.#received());
    this.outbox = new Outbox(shared.port, shared.buffers, this, socket);
    this.outbox.sendTimeoutMs = shared.timeouts.sendMs;
    this.#body = new BodyReader(this);
    this.#bulk = new BulkReceive(shared.bulk);
  }

  /** Begins an exchange; the caller queues the request. `bodiless`: it is HEAD. */
  begin(exchange: ClientExchange, bodiless: boolean): void {
    this.#exchange = exchange;
    this.#bodiless = bodiless;
    this.#phase = 'head';
    this.#interim = 0;
    this.#paused = false;
    this.#persistent = false;
    this.responseBytes = 0;
    this.exchanges += 1;
    this.#listen();
  }

  /** Within `responseBody`: takes over the chunk that `data` is, where it is one. */
  claimChunk(data: Uint8Array, bytes: number): BufferPool | undefined {
    return this.#bulk.claim(data, bytes);
  }

  /** Is the connection as good as new, now that the response has ended? */
  get reusable(): boolean {
    return (
      this.#phase === 'idle' &&
      this.#persistent &&
      !this.#surplus &&
      !this.outbox.broken &&
      this.outbox.queuedBytes === 0
    );
  }

  /** Waits without an exchange, in a pool. */
  rest(): void {
    this.#exchange = undefined;
    this.#listen();
  }

  /** Closes at once and tells nobody. */
  destroy(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#exchange = undefined;
    this.#returnParser();
    // A pending receive has its buffer until it ends.
    if (this.#recv.status !== 'pending') this.#bulk.end(this.#recv);
    this.outbox.discard();
    const close = closeOperation(this.#recv.socket, () => {});
    close.lingerMs = 0;
    close.how = 'reset';
    this.#shared.port.submit(close);
  }

  /** No more of the response's body for now. */
  pauseResponse(): void {
    this.#paused = true;
  }

  resumeResponse(): void {
    this.#paused = false;
    this.#listen();
  }

  outboxLevel(level: Level): void {
    this.#exchange?.requestLevel(level);
  }

  /** The server's time begins when it has what there is of the request. */
  outboxDrained(): void {
    if (this.#phase === 'head') this.#listen();
  }

  outboxBroken(send: SendOperation): void {
    // The server may have answered before it stopped reading: the receive knows, and ends, too.
    if (send.status === 'failed' && this.#exchange !== undefined) return;
    if (send.status === 'expired') this.#fail({ kind: 'timeout', direction: 'write' });
    else this.#fail({ kind: 'closed', fault: send.fault });
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.#exchange?.responseBody(data, from, to, owned);
  }

  #received(): void {
    const recv = this.#recv;
    if (this.#phase === 'closed') {
      this.#bulk.end(recv);
      return;
    }
    const data = this.#bulk.received(recv);
    switch (recv.status) {
      case 'done':
        this.#take(data, recv.offset, recv.offset + recv.bytes, recv.owned);
        break;
      case 'eof':
        this.#onEof();
        break;
      case 'expired':
        if (!this.#waitsForUs) this.#fail({ kind: 'timeout', direction: 'read' });
        break;
      default:
        this.#fail({ kind: 'closed', fault: recv.fault });
    }
    this.#listen();
  }

  /** Is it not the server's turn: we do not read, or it does not have the whole request yet? */
  get #waitsForUs(): boolean {
    const { broken, queuedBytes } = this.outbox;
    if (this.#phase === 'head') return queuedBytes > 0 || (this.requestOpen && !broken);
    return this.#phase === 'body' && this.#paused;
  }

  #take(data: Uint8Array, at: number, end: number, owned: boolean): void {
    this.responseBytes += end - at;
    try {
      if (this.#carry.bytes > 0) {
        this.#carry.add(data, at, end);
        this.#carry.use(this.#consume(this.#carry.data, this.#carry.at, this.#carry.end, false));
      } else {
        const to = this.#consume(data, at, end, owned);
        if (to < end && this.#phase === 'head') this.#carry.add(data, to, end);
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#fail({ kind: 'protocol', error });
    }
  }

  #consume(data: Uint8Array, start: number, end: number, owned: boolean): number {
    let at = start;
    while (at < end) {
      switch (this.#phase) {
        case 'head': {
          const to = this.#readHead(data, at, end);
          if (to < 0) return at;
          at = this.#endIfDone(to, end);
          break;
        }
        case 'body':
          at = this.#endIfDone(this.#body.read(data, at, end, owned), end);
          break;
        case 'idle': // Bytes that nobody asked for.
          this.#fail({ kind: 'closed', fault: undefined });
          return end;
        default:
          return end;
      }
    }
    return at;
  }

  /** Returns where the head ends, or -1 when it is not complete. */
  #readHead(data: Uint8Array, at: number, end: number): number {
    this.#parser ??= this.#shared.parsers.take();
    const parser = this.#parser;
    if (!parser.parse(data, at, end)) return -1;
    const { head, at: to } = parser;
    readResponse(head, this.#bodiless);
    if (head.status < 200) {
      this.#takeInterim(head.status);
    } else {
      this.#phase = 'body';
      this.#persistent = head.persistent;
      this.#body.start(head.framing, head.contentLength);
      this.#exchange?.responseHead(head);
    }
    this.#returnParser();
    return to;
  }

  /** 100 and 103 say nothing that we have not said; 101 was not asked for. */
  #takeInterim(status: number): void {
    this.#interim += 1;
    if (status === 101) throw new HttpError('BAD_STATUS_LINE', '101 without an Upgrade');
    if (this.#interim > INTERIM_MAX) {
      throw new HttpError('TOO_MANY_INTERIM', `over ${INTERIM_MAX} interim responses`);
    }
  }

  /** Ends the exchange where its body has ended; `end` is where the bytes at hand end. */
  #endIfDone(at: number, end: number): number {
    if (this.#phase !== 'body' || !this.#body.done) return at;
    this.#phase = 'idle';
    this.#surplus = at < end;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.responseEnd();
    return end;
  }

  #onEof(): void {
    if (this.#phase === 'body' && this.#body.endsHere()) this.#endIfDone(0, 0);
    else this.#fail({ kind: 'closed', fault: undefined });
  }

  #fail(failure: ClientFailure): void {
    if (this.#phase === 'closed') return;
    const exchange = this.#exchange;
    this.destroy();
    if (exchange === undefined) this.#owner.idleConnectionGone(this);
    else exchange.responseFailed(failure);
  }

  #returnParser(): void {
    if (this.#parser === undefined) return;
    this.#shared.parsers.give(this.#parser);
    this.#parser = undefined;
  }

  /** Posts the receive where one is wanted: idle connections have one, so that their end shows. */
  #listen(): void {
    const { port, timeouts } = this.#shared;
    if (this.#phase === 'closed' || (this.#paused && this.#phase === 'body')) return;
    const recv = this.#recv;
    const waitMs = this.#phase === 'idle' ? timeouts.idleMs : timeouts.readMs;
    recv.deadlineMs = port.loop.turnMs + waitMs;
    if (recv.status === 'pending') {
      port.loop.watchDeadline(recv);
      return;
    }
    this.#bulk.prepare(recv, this.#phase === 'body' && this.#body.isPlain);
    port.submit(recv);
  }
}
