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
import { BodySplice, MOVE_BYTES_MIN, type SpliceOwner } from './body-splice.ts';
import { BulkReceive } from './bulk-receive.ts';
import {
  type ClientExchange,
  type ClientFailure,
  type ClientOwner,
  type ClientShared,
  NOT_YET,
} from './client-options.ts';
import type { HttpError } from './http-error.ts';
import { type ResponseOwner, ResponseReader } from './response-reader.ts';

/** What of a body is received in any case: a receive also shows what stands behind the body. */
const LAST_BYTES = 1;

/**
 * A connection to a server: one exchange at a time. While idle, any byte or end destroys it. What
 * its server sends is taken apart by a `ResponseReader`; when to receive, and how, is decided here.
 */
export class ClientConnection implements OutboxOwner, ResponseOwner, SpliceOwner {
  readonly #shared: ClientShared;
  readonly #owner: ClientOwner;
  readonly #recv: RecvOperation;
  readonly outbox: Outbox;
  readonly #reader: ResponseReader;
  readonly #bulk: BulkReceive;
  /** Made with the first body that is large enough. */
  #splice: BodySplice | undefined;
  /** Of the current response: the kernel is not to move its body. */
  #copies = false;
  #then: ((socket: SocketId, carried: Uint8Array) => void) | undefined;
  #timeouts: ClientShared['timeouts'];
  #paused = false;
  /** Exchanges that were begun: more than one means that the connection was reused. */
  exchanges = 0;
  /** When it was opened, on the port's clock. */
  readonly openedMs: number;
  /** Bytes of the current response that have come. */
  responseBytes = 0;
  /** Set by the exchange while more of its request is to come: the server is not late meanwhile. */
  requestOpen = false;

  constructor(shared: ClientShared, owner: ClientOwner, socket: SocketId) {
    this.#shared = shared;
    this.#timeouts = shared.timeouts;
    this.#owner = owner;
    this.openedMs = shared.port.loop.turnMs;
    this.#recv = recvOperation(socket, ClientConnection.#onReceived, this);
    this.outbox = new Outbox(shared.port, shared.buffers, this, socket);
    this.outbox.sendTimeoutMs = shared.timeouts.sendMs;
    this.#reader = new ResponseReader(shared.parsers, this);
    this.#bulk = new BulkReceive(shared.bulk);
  }

  static #onReceived(recv: RecvOperation): void {
    (recv.owner as ClientConnection).#received();
  }

  /** Begins an exchange; the caller queues the request. `bodiless`: it is HEAD. */
  begin(exchange: ClientExchange, bodiless: boolean): void {
    this.#reader.begin(exchange, bodiless);
    this.#paused = false;
    this.#copies = false;
    this.responseBytes = 0;
    this.exchanges += 1;
    this.#listen();
  }

  /** What holds from now on, where who uses the connection wants other times. */
  set timeouts(timeouts: ClientShared['timeouts']) {
    this.#timeouts = timeouts;
    this.outbox.sendTimeoutMs = timeouts.sendMs;
  }

  /** Within an exchange: another one hears of all that follows. */
  handTo(exchange: ClientExchange): void {
    if (this.#closed) return;
    this.#reader.exchange = exchange;
    this.resumeResponse();
  }

  /** What was asked is another method than `begin` was told of: is it HEAD? */
  set bodiless(bodiless: boolean) {
    this.#reader.bodiless = bodiless;
  }

  /** Set by an exchange that asked for another protocol: a 101 is its final response then. */
  set switches(switches: boolean) {
    this.#reader.switches = switches;
  }

  /** Set by an exchange that wants to know of trailer fields. */
  set keepsTrailers(keeps: boolean) {
    this.#reader.keepsTrailers = keeps;
  }

  /** Within `responseEnd`: trailer fields as lines, each with its CRLF. */
  get trailers(): string {
    return this.#reader.body.trailers;
  }

  /** Within `responseBody`: takes over the chunk that `data` is, where it is one. */
  claimChunk(data: Uint8Array, bytes: number): BufferPool | undefined {
    return this.#bulk.claim(data, bytes);
  }

  /** Is the connection as good as new, now that the response has ended? */
  get reusable(): boolean {
    const { reading, persistent, surplus } = this.#reader;
    return (
      reading === 'idle' &&
      persistent &&
      !surplus &&
      !this.#bulk.full &&
      !this.outbox.broken &&
      this.outbox.queuedBytes === 0
    );
  }

  /** Waits without an exchange, in a pool. */
  rest(): void {
    this.#reader.exchange = undefined;
    this.#listen();
  }

  /** Closes at once and tells nobody. */
  destroy(): void {
    if (this.#closed) return;
    this.#reader.stop();
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
    this.#reader.held = true;
  }

  /** Goes on behind a head that was held. */
  releaseHead(): void {
    if (!this.#reader.held) return;
    this.#reader.releaseHead();
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
    this.#reader.exchange?.requestLevel(level);
  }

  /** The server's time begins when it has what there is of the request. */
  outboxDrained(): void {
    if (this.#reader.reading === 'head') this.#listen();
    else if (this.#then !== undefined) this.#handOver();
  }

  outboxBroken(send: SendOperation): void {
    // The server may have answered before it stopped reading: the receive knows, and ends, too.
    const { reading, exchange } = this.#reader;
    const reads = exchange !== undefined && reading !== 'switched';
    if (send.status === 'failed' && reads) return;
    if (send.status === 'expired') this.#fail({ kind: 'timeout', direction: 'write' });
    else this.#fail({ kind: 'closed', fault: send.fault });
  }

  responseBroken(error: HttpError | undefined): void {
    if (error === undefined) this.#fail({ kind: 'closed', fault: undefined });
    else this.#fail({ kind: 'protocol', error });
  }

  bodyMoved(splice: SpliceOperation, much: boolean): void {
    const reader = this.#reader;
    if (reader.reading !== 'body') return;
    const { status, bytes, fault, faultSide } = splice;
    this.responseBytes += bytes;
    reader.body.skip(bytes);
    this.#bulk.much = much && reader.body.left > LAST_BYTES;
    reader.exchange?.responseMoved?.(bytes);
    if (status === 'eof') this.#onEof();
    else if (status === 'expired' && this.#splice?.isLate(splice)) {
      if (faultSide === 'to') reader.exchange?.moveFailed?.();
      else this.#fail({ kind: 'timeout', direction: 'read' });
    } else if (status === 'failed' && faultSide === 'to') reader.exchange?.moveFailed?.();
    else if (status === 'failed' && faultSide === 'socket') this.#fail({ kind: 'closed', fault });
    else if (status !== 'cancelled') {
      this.#copies = status === 'refused' || status === 'failed';
      reader.resume();
      if (reader.reading === 'body') this.#listen();
    }
  }

  /** Lets the kernel move what is left of a large body, where it can, or waits until it can. */
  #moves(recv: RecvOperation): boolean {
    const { port } = this.#shared;
    const timeouts = this.#timeouts;
    if (this.#copies || port.capabilities.splice !== 'kernel') return false;
    if (this.#splice?.pending) return true;
    const { body, exchange } = this.#reader;
    const to = body.left < MOVE_BYTES_MIN ? NO_SOCKET : (exchange?.moveTo?.() ?? NO_SOCKET);
    if (to === NO_SOCKET) return false;
    if (to === NOT_YET) return true;
    this.#splice ??= new BodySplice(port, recv.socket, this);
    const sendMs = exchange?.moveMs ?? timeouts.sendMs;
    this.#splice.begin(to, body.left - LAST_BYTES, timeouts.readMs, sendMs);
    return true;
  }

  #received(): void {
    const recv = this.#recv;
    this.#bulk.received(recv);
    if (!this.#closed) this.#receivedOpen(recv);
    this.#bulk.release();
    // Where the exchange has ended, or the next one begun, it is posted already.
    if (recv.status !== 'pending') this.#listen();
  }

  #receivedOpen(recv: RecvOperation): void {
    switch (recv.status) {
      case 'done':
        this.responseBytes += recv.bytes;
        this.#reader.take(recv.data, recv.offset, recv.offset + recv.bytes, recv.owned);
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
    const { reading } = this.#reader;
    if (reading === 'head') return queuedBytes > 0 || (this.requestOpen && !broken);
    return reading === 'body' && this.#rests;
  }

  /** Is nothing read for now, at the reader's wish? */
  get #rests(): boolean {
    return this.#paused || this.#reader.held;
  }

  get #closed(): boolean {
    return this.#reader.reading === 'end';
  }

  #handOver(): void {
    const { queuedBytes, inFlight } = this.outbox;
    if (this.#closed || queuedBytes > 0 || inFlight) return;
    const carried = this.#reader.takeCarried();
    this.#reader.stop();
    // The port forgets those of a socket's last operations alone, which will be somebody else's.
    this.#shared.port.loop.forgetDeadline(this.#recv);
    this.outbox.forgetDeadline();
    this.#then?.(this.#recv.socket, carried);
  }

  #onEof(): void {
    if (!this.#reader.endsHere()) this.#fail({ kind: 'closed', fault: undefined });
  }

  #fail(failure: ClientFailure): void {
    if (this.#closed) return;
    const { exchange } = this.#reader;
    this.destroy();
    if (exchange === undefined) this.#owner.idleConnectionGone(this);
    else exchange.responseFailed(failure);
  }

  /** Posts the receive where one is wanted: idle connections have one, so that their end shows. */
  #listen(): void {
    const { port } = this.#shared;
    const timeouts = this.#timeouts;
    const { reading, body } = this.#reader;
    if (reading === 'end' || reading === 'switched' || (reading === 'body' && this.#rests)) return;
    const recv = this.#recv;
    const waitMs = reading === 'idle' ? timeouts.idleMs : timeouts.readMs;
    recv.deadlineMs = port.loop.turnMs + waitMs;
    if (recv.status === 'pending') {
      port.loop.watchDeadline(recv);
      return;
    }
    const inBody = reading === 'body' && body.isPlain;
    if (inBody && this.#bulk.much && this.#moves(recv)) return;
    this.#bulk.prepare(recv, inBody);
    port.submit(recv);
  }
}
