import type { BufferPool } from '../core/buffer-pool.ts';
import {
  NO_SOCKET,
  type RecvOperation,
  type SendOperation,
  type SocketId,
  type SpliceOperation,
} from '../core/operation.ts';
import { closeOperation, recvOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { BodyReader } from './body-reader.ts';
import { BodySplice, MOVE_BYTES_MIN } from './body-splice.ts';
import { BulkReceive } from './bulk-receive.ts';
import { Carry } from './carry.ts';
import {
  type ClientExchange,
  type ClientFailure,
  type ClientOwner,
  type ClientShared,
  NOT_YET,
} from './client-options.ts';
import type { HeadParser } from './head-parser.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { readResponse } from './read-head.ts';

/** Interim responses to one request; more are an attack or a mistake. */
const INTERIM_MAX = 10;
/** What of a body is received in any case: a receive also shows what stands behind the body. */
const LAST_BYTES = 1;

/** A connection to a server: one exchange at a time. While idle, any byte or end destroys it. */
export class ClientConnection implements OutboxOwner {
  readonly #shared: ClientShared;
  readonly #owner: ClientOwner;
  readonly #recv: RecvOperation;
  readonly outbox: Outbox;
  readonly #carry = new Carry();
  readonly #body: BodyReader;
  readonly #bulk: BulkReceive;
  /** Made with the first body that is large enough. */
  #splice: BodySplice | undefined;
  /** Of the current response: the kernel is not to move its body. */
  #copies = false;
  #parser: HeadParser | undefined;
  #exchange: ClientExchange | undefined;
  #phase: 'idle' | 'head' | 'body' | 'switched' | 'closed' = 'idle';
  #then: ((socket: SocketId, carried: Uint8Array) => void) | undefined;
  #bodiless = false;
  #interim = 0;
  #paused = false;
  /** The head waits for its reader, and everything behind it. */
  #held = false;
  #persistent = true;
  #surplus = false;
  /** Exchanges that were begun: more than one means that the connection was reused. */
  exchanges = 0;
  /** When it was opened, on the port's clock. */
  readonly openedMs: number;
  /** Bytes of the current response that have come. */
  responseBytes = 0;
  /** Set by the exchange while more of its request is to come: the server is not late meanwhile. */
  requestOpen = false;
  /** Set by an exchange that asked for another protocol: a 101 is its final response then. */
  switches = false;

  constructor(shared: ClientShared, owner: ClientOwner, socket: SocketId) {
    this.#shared = shared;
    this.#owner = owner;
    this.openedMs = shared.port.loop.turnMs;
    this.#recv = recvOperation(socket, ClientConnection.#onReceived, this);
    this.outbox = new Outbox(shared.port, shared.buffers, this, socket);
    this.outbox.sendTimeoutMs = shared.timeouts.sendMs;
    this.#body = new BodyReader(this);
    this.#bulk = new BulkReceive(shared.bulk);
  }

  static #onReceived(recv: RecvOperation): void {
    (recv.owner as ClientConnection).#received();
  }

  /** Begins an exchange; the caller queues the request. `bodiless`: it is HEAD. */
  begin(exchange: ClientExchange, bodiless: boolean): void {
    this.#exchange = exchange;
    this.#bodiless = bodiless;
    this.#phase = 'head';
    this.#interim = 0;
    this.#paused = false;
    this.#held = false;
    this.#copies = false;
    this.#persistent = false;
    this.switches = false;
    this.responseBytes = 0;
    this.exchanges += 1;
    this.#listen();
  }

  /** What was asked is another method than `begin` was told of: is it HEAD? */
  set bodiless(bodiless: boolean) {
    this.#bodiless = bodiless;
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
    this.outbox.discard();
    const close = closeOperation(this.#recv.socket, () => {});
    close.lingerMs = 0;
    close.how = 'reset';
    this.#shared.port.submit(close);
  }

  /**
   * Gives the socket away once what was queued is with the kernel: behind a 101, or before there was
   * an exchange. `then` gets what came behind the head, to be kept, and is to close the socket. Until
   * then the exchange hears of failures.
   */
  detach(then: (socket: SocketId, carried: Uint8Array) => void): void {
    this.#then = then;
    // Not within this call: the receive that brought the head may hold more.
    this.#shared.port.loop.post(() => this.#handOver());
  }

  /** Within `responseHead`: the head stays as it is, and nothing behind it is read. */
  holdHead(): void {
    this.#held = true;
  }

  /** Goes on behind a head that was held. */
  releaseHead(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#returnParser();
    if (this.#phase !== 'body') return;
    const carry = this.#carry;
    try {
      const at = this.#endIfDone(carry.at, carry.end);
      carry.use(this.#phase === 'body' ? this.#consume(carry.data, at, carry.end, false) : at);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#fail({ kind: 'protocol', error });
    }
    if (this.#recv.status !== 'pending') this.#listen();
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
    else if (this.#then !== undefined) this.#handOver();
  }

  outboxBroken(send: SendOperation): void {
    // The server may have answered before it stopped reading: the receive knows, and ends, too.
    const reads = this.#exchange !== undefined && this.#phase !== 'switched';
    if (send.status === 'failed' && reads) return;
    if (send.status === 'expired') this.#fail({ kind: 'timeout', direction: 'write' });
    else this.#fail({ kind: 'closed', fault: send.fault });
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.#exchange?.responseBody(data, from, to, owned);
  }

  bodyMoved(splice: SpliceOperation, much: boolean): void {
    if (this.#phase !== 'body') return;
    const { status, bytes, fault, faultSide } = splice;
    this.responseBytes += bytes;
    this.#body.skip(bytes);
    this.#bulk.much = much && this.#body.left > LAST_BYTES;
    this.#exchange?.responseMoved?.(bytes);
    if (status === 'eof') this.#onEof();
    else if (status === 'expired' && this.#splice?.isLate(splice)) {
      if (faultSide === 'to') this.#exchange?.moveFailed?.();
      else this.#fail({ kind: 'timeout', direction: 'read' });
    } else if (status === 'failed' && faultSide === 'to') this.#exchange?.moveFailed?.();
    else if (status === 'failed' && faultSide === 'socket') this.#fail({ kind: 'closed', fault });
    else if (status !== 'cancelled') {
      this.#copies = status === 'refused' || status === 'failed';
      this.#endIfDone(0, 0);
      if (this.#phase === 'body') this.#listen();
    }
  }

  /** Lets the kernel move what is left of a large body, where it can, or waits until it can. */
  #moves(recv: RecvOperation): boolean {
    const { port, timeouts } = this.#shared;
    if (this.#copies || port.capabilities.splice !== 'kernel') return false;
    if (this.#splice?.pending) return true;
    const { left } = this.#body;
    const to = left < MOVE_BYTES_MIN ? NO_SOCKET : (this.#exchange?.moveTo?.() ?? NO_SOCKET);
    if (to === NO_SOCKET) return false;
    if (to === NOT_YET) return true;
    this.#splice ??= new BodySplice(port, recv.socket, this);
    const sendMs = this.#exchange?.moveMs ?? timeouts.sendMs;
    this.#splice.begin(to, left - LAST_BYTES, timeouts.readMs, sendMs);
    return true;
  }

  #received(): void {
    const recv = this.#recv;
    this.#bulk.received(recv);
    if (this.#phase !== 'closed') this.#receivedOpen(recv);
    this.#bulk.release();
    // Where the exchange has ended, or the next one begun, it is posted already.
    if (recv.status !== 'pending') this.#listen();
  }

  #receivedOpen(recv: RecvOperation): void {
    switch (recv.status) {
      case 'done':
        this.#take(recv.data, recv.offset, recv.offset + recv.bytes, recv.owned);
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
  }

  /** Is it not the server's turn: we do not read, or it does not have the whole request yet? */
  get #waitsForUs(): boolean {
    const { broken, queuedBytes } = this.outbox;
    if (this.#phase === 'head') return queuedBytes > 0 || (this.requestOpen && !broken);
    return this.#phase === 'body' && (this.#paused || this.#held);
  }

  #take(data: Uint8Array, at: number, end: number, owned: boolean): void {
    this.responseBytes += end - at;
    try {
      if (this.#carry.bytes > 0) {
        this.#carry.add(data, at, end);
        this.#carry.use(this.#consume(this.#carry.data, this.#carry.at, this.#carry.end, false));
      } else {
        const to = this.#consume(data, at, end, owned);
        const waits = this.#phase === 'head' || this.#phase === 'switched' || this.#held;
        if (to < end && waits) this.#carry.add(data, to, end);
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
          if (this.#held || this.#isSwitched) return to;
          at = this.#endIfDone(to, end);
          break;
        }
        case 'body':
          if (this.#held) return at;
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
    if (head.status === 101 && this.switches) {
      this.#phase = 'switched'; // The parser stays: its head is read until the socket goes.
      this.#exchange?.responseHead(head);
      return to;
    }
    if (head.status < 200) {
      this.#takeInterim(head);
    } else {
      this.#phase = 'body';
      this.#persistent = head.persistent;
      this.#body.start(head.framing, head.contentLength);
      this.#exchange?.responseHead(head);
      if (this.#held) return to;
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
    if (head.status === 103) this.#exchange?.earlyHints?.(head);
  }

  /** Ends the exchange where its body has ended; `end` is where the bytes at hand end. */
  #endIfDone(at: number, end: number): number {
    if (this.#phase !== 'body' || !this.#body.done) return at;
    this.#phase = 'idle';
    this.#surplus = at < end || this.#bulk.full;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.responseEnd();
    return end;
  }

  #handOver(): void {
    const { queuedBytes, inFlight } = this.outbox;
    if (this.#phase === 'closed' || queuedBytes > 0 || inFlight) return;
    const carry = this.#carry;
    const carried = carry.data.subarray(carry.at, carry.end);
    carry.use(carry.end);
    this.#phase = 'closed';
    this.#exchange = undefined;
    this.#returnParser();
    // The port forgets those of a socket's last operations alone, which will be somebody else's.
    this.#shared.port.loop.forgetDeadline(this.#recv);
    this.outbox.forgetDeadline();
    this.#then?.(this.#recv.socket, carried);
  }

  get #isSwitched(): boolean {
    return this.#phase === 'switched';
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
    const rests = (this.#paused || this.#held) && this.#phase === 'body';
    if (this.#phase === 'closed' || this.#phase === 'switched' || rests) return;
    const recv = this.#recv;
    const waitMs = this.#phase === 'idle' ? timeouts.idleMs : timeouts.readMs;
    recv.deadlineMs = port.loop.turnMs + waitMs;
    if (recv.status === 'pending') {
      port.loop.watchDeadline(recv);
      return;
    }
    const inBody = this.#phase === 'body' && this.#body.isPlain;
    if (inBody && this.#bulk.much && this.#moves(recv)) return;
    this.#bulk.prepare(recv, inBody);
    port.submit(recv);
  }
}
