import type { RecvOperation, SocketId } from '../core/operation.ts';
import { recvOperation } from '../core/operations.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { ActiveConnection } from './active-connection.ts';
import { HttpError, type HttpErrorCode } from './http-error.ts';
import type { ActivityOwner, ServerActivity } from './server-activity.ts';
import type { ServerClosing } from './server-closing.ts';
import { ServerHandover } from './server-handover.ts';
import type { Exchange, ServerShared, ServerTimeouts, SocketTaker } from './server-options.ts';

/** Between requests, within a head, or within an exchange. */
export type ConnectionStage = 'waiting' | 'reading' | 'writing';

/** How long a client that is still sending is read and dropped, where nobody says it. */
const LINGER_MS = 5_000;

/**
 * A client's connection: one exchange at a time, requests sent ahead wait in line. It is kept
 * small, as most connections are idle: what a request needs is borrowed when its first byte comes.
 *
 *   idle ──first byte──→ active ──answers sent──→ idle …
 *     └──── an error, an end, a last response ────┴──→ closing
 */
export class ServerConnection extends ActiveConnection implements ActivityOwner {
  protected override readonly recv: RecvOperation;
  #closing: ServerClosing | undefined;
  #requests = 0;
  #timeouts: ServerTimeouts;
  #sawEof = false;
  /** Set once somebody else is to have the socket. */
  #handover: ServerHandover | undefined;
  constructor(shared: ServerShared, socket: SocketId) {
    super(shared);
    this.#timeouts = shared.timeouts;
    this.recv = recvOperation(socket, ServerConnection.#onReceived, this);
    this.#listen();
  }

  static #onReceived(recv: RecvOperation): void {
    (recv.owner as ServerConnection).#received();
  }

  /** Bytes that somebody else has received, at once after the connection was made. A lent view. */
  feed(data: Uint8Array): void {
    if (data.length === 0) return;
    this.active ??= this.shared.activities.take(this, this.recv.socket);
    const { reader } = this.active;
    if (reader.take(data, 0, data.length, false)) this.#rest();
    else this.#closing?.linger(this.#timeouts.lingerMs ?? LINGER_MS);
    this.#listen();
  }

  /** Requests that have come, the current one included. */
  get requests(): number {
    return this.#requests;
  }

  /** What the connection is about just now. */
  get stage(): ConnectionStage {
    if (this.idle) return 'waiting';
    return this.#hasHalfHead ? 'reading' : 'writing';
  }

  get idle(): boolean {
    return this.#closing === undefined && (this.active?.reader.idle ?? true);
  }

  /** What holds from now on; the outbox's is the same until the exchange ends. */
  set timeouts(timeouts: ServerTimeouts) {
    this.#timeouts = timeouts;
    if (this.active !== undefined) this.active.outbox.sendTimeoutMs = timeouts.sendMs;
  }

  /** May the client send another request after this one? */
  get persistent(): boolean {
    const { persistent } = this.active as ServerActivity;
    return persistent && !this.lastRequest && this.#requests < this.shared.requestsMax;
  }

  /**
   * What is still to come of the body is dropped: for `totalMs` at most once it is answered, and
   * without a pause of more than `pauseMs`. `asks`: a client that waits with it is told to go on.
   * Returns what is wrong with what has come.
   */
  discardBody(asks: boolean, totalMs: number, pauseMs: number): HttpError | undefined {
    const active = this.active as ServerActivity;
    if (asks) active.askForBody();
    active.discardUntilMs = totalMs;
    active.discardPauseMs = pauseMs;
    const error = active.discardBody();
    if (!active.reader.consuming) this.#listen();
    return error;
  }

  /** The same for as long as it takes: a client that resets its connection is noticed. */
  watchRequest(): void {
    const { reader } = this.active as ServerActivity;
    reader.watch();
    if (!reader.consuming) this.#listen();
  }

  resumeRequest(): void {
    const active = this.active as ServerActivity;
    const { reader } = active;
    reader.unpause();
    active.askForBody();
    if (!reader.consuming) this.#resume();
  }

  /** The response has been queued to its end; the connection is used again where `reuse`. */
  endResponse(reuse: boolean): void {
    const active = this.active as ServerActivity;
    if (active.cut) {
      this.abort();
      return;
    }
    const { reader } = active;
    const isUnread = reader.reading === 'body' || reader.broken;
    if (reuse && active.discarding && isUnread && !reader.broken && !this.#sawEof) {
      active.awaitDiscarded(this.shared.port.loop.turnMs);
      this.#listen();
      return;
    }
    active.endExchange();
    const isLast = this.#sawEof && reader.carry.bytes === 0;
    if (!reuse || isUnread || isLast) this.closeBehindAnswers(isUnread || reader.carry.bytes > 0);
    else if (!reader.consuming) this.#resume();
  }

  /**
   * Gives the socket away, behind a response head that ends HTTP on it: once that is with the kernel
   * and no receive is posted any more. Until then the exchange hears when the client is lost. The
   * request's head stays until `socketClosed`.
   */
  detach(taker: SocketTaker): void {
    const { port } = this.shared;
    this.#handover = new ServerHandover(port, this.recv, taker);
    port.cancel(this.recv);
    port.loop.post(() => this.#handOver());
  }

  /** The socket is closed, by us or by its taker. */
  socketClosed(): void {
    this.#closing = this.shared.activities.closings.over;
    this.#giveBack();
    this.shared.handler.closed(this);
  }

  /** The response cannot be completed: the client must see that it was cut. */
  abort(): void {
    if (this.#handover?.taken) return;
    this.active?.abandon();
    this.#closing ??= this.shared.activities.closings.take(this);
    this.#closing.submit(this.recv.socket, 'reset');
  }

  /** Ends the connection now, in whatever state it is; its exchange is told. */
  destroy(): void {
    if (this.#handover?.taken) this.#handover.stop();
    else if (this.#closing?.submitted) this.#closing.hurry();
    else this.#lost();
  }

  /** Ends the connection without another word. `reset`: the client sees that it was no usual end. */
  closeSilently(reset: boolean): void {
    if (reset) {
      this.abort();
      return;
    }
    this.active?.abandon();
    this.#closing ??= this.shared.activities.closings.take(this);
    this.#closing.submit(this.recv.socket, 'graceful');
  }

  /** Ends the connection once it is idle: now, or after the current response. */
  closeWhenIdle(): void {
    this.lastRequest = true;
    if (this.idle) this.closeBehindAnswers(false);
  }

  outboxLevel(level: Level): void {
    const active = this.active as ServerActivity;
    active.exchange?.responseLevel(level);
    if (active.mayResume(level)) this.#resume();
  }

  outboxDrained(): void {
    if (this.#closing !== undefined) this.#finishClose(this.#closing);
    else if (this.#handover !== undefined) this.#handOver();
    else if (this.active?.exchange !== undefined) this.active.exchange.responseDrained?.();
    else this.#rest();
  }

  outboxEnded(): void {
    this.#closing?.submit(this.recv.socket, 'graceful');
  }

  outboxBroken(): void {
    this.#lost();
  }

  get bodyBytesMax(): number {
    return this.shared.bodyBytesMax;
  }

  beginRequest(): Exchange {
    this.#requests += 1;
    return this.shared.handler.request(this);
  }

  refused(error: HttpError): void {
    this.shared.handler.refused(this, error);
  }

  takeRefused(error: HttpError): Exchange | undefined {
    const { handler } = this.shared;
    if (handler.takeRefused === undefined) return undefined;
    this.#requests += 1;
    return handler.takeRefused(this, error);
  }

  bodyDiscarded(): void {
    if (this.lastRequest) this.closeBehindAnswers(false);
  }

  closeBehindAnswers(linger: boolean): void {
    if (this.#closing !== undefined) return;
    const closing = this.shared.activities.closings.take(this);
    this.#closing = closing;
    if (this.active !== undefined) {
      this.active.reader.stop();
      this.active.outbox.ending = true;
    }
    const { lingerMs = LINGER_MS } = this.#timeouts;
    if ((linger || this.lingersAlways) && !this.#sawEof) closing.linger(lingerMs);
    if (this.queuedBytes === 0) this.#finishClose(closing);
  }

  #received(): void {
    if (this.#closing !== undefined) return;
    const recv = this.recv;
    switch (recv.status) {
      case 'done':
        this.#take(recv);
        break;
      case 'eof':
        this.#onEof();
        break;
      case 'expired':
        this.#onExpired();
        break;
      default:
        if (recv.status !== 'cancelled' || this.#handover === undefined) this.#lost();
    }
    if (this.#handover === undefined) this.#listen();
    else this.#handOver();
  }

  #take({ socket, data, offset, bytes, owned }: RecvOperation): void {
    this.active ??= this.shared.activities.take(this, socket);
    const { reader } = this.active;
    if (reader.take(data, offset, offset + bytes, owned)) this.#rest();
    else this.#closing?.linger(this.#timeouts.lingerMs ?? LINGER_MS); // More was sent than is read.
  }

  /** Goes on with what waits in line, and then with the socket. */
  #resume(): void {
    this.active?.reader.resume();
    const reader = this.active?.reader;
    if (this.#sawEof && reader?.reading === 'body' && !reader.paused) this.#lost();
    // Whole requests that waited have been taken: half a head is none.
    else if (this.#sawEof && reader?.reading === 'head' && this.active?.outbox.level === 'open') {
      this.closeBehindAnswers(false);
    }
    this.#listen();
  }

  /** The client sends no more; what it asked for is still answered. */
  #onEof(): void {
    this.#sawEof = true;
    // Where a body is not wanted yet, its rest may be among what waits: known when that is read.
    if (this.active?.waitsForUs) {
      const { reader, exchange } = this.active;
      if (reader.carry.bytes === 0 && exchange?.clientEnded?.()) this.#lost();
      return;
    }
    if (this.idle && this.#requests > 0) this.shared.handler.leftIdle?.(this);
    const active = this.active;
    if (active?.discarding === true && this.requestHasBody) {
      if (active.exchange === undefined) this.closeBehindAnswers(false);
    } else if (this.requestHasBody) this.#lost();
    else if (this.#hasHalfHead && this.#tellsRefused) {
      this.#refuse('INCOMPLETE', 'the client has ended within a head');
    }
    // Half a head is no request; answers to those before it may still be on their way.
    else this.closeBehindAnswers(false);
  }

  #onExpired(): void {
    // While we do not want the body, the client is not to blame that it does not come.
    if (this.active?.waitsForUs) return;
    const isDiscarded = this.active?.discarding === true && this.requestHasBody;
    if (this.idle || isDiscarded) this.closeBehindAnswers(false);
    else this.#refuse('TIMEOUT', 'the request did not come in time');
  }

  #refuse(code: HttpErrorCode, what: string): void {
    const active = this.active as ServerActivity;
    if (active.reader.reading === 'head') active.reader.salvage();
    active.refuse(new HttpError(code, what));
  }

  /** Has a head begun that has not come to its end? */
  get #hasHalfHead(): boolean {
    const reader = this.active?.reader;
    return reader?.reading === 'head' && reader.holds;
  }

  /** Does somebody want to know of requests that break off? */
  get #tellsRefused(): boolean {
    return this.shared.handler.takeRefused !== undefined;
  }

  #handOver(): void {
    const active = this.active;
    if (this.#closing === undefined && active !== undefined) this.#handover?.proceed(active);
  }

  /** The connection is of no use any more. */
  #lost(): void {
    if (this.#closing?.submitted) return;
    this.active?.takeExchange()?.requestFailed(undefined);
    this.abort();
  }

  /** Everything is with the kernel. */
  #finishClose(closing: ServerClosing): void {
    closing.submit(this.recv.socket, 'graceful');
    if (this.active?.reader.consuming === false) this.#giveBack();
  }

  /** Gives back what an idle connection does not need. */
  #rest(): void {
    if (this.#closing === undefined && this.active?.idle) this.#giveBack();
  }

  #giveBack(): void {
    if (this.active === undefined) return;
    this.shared.activities.give(this.active);
    this.active = undefined;
  }

  /** Posts the receive where one is wanted, with the deadline of what it waits for. */
  #listen(): void {
    if (this.#closing !== undefined || this.#handover !== undefined) return;
    const recv = this.recv;
    const active = this.active;
    const timeouts = this.#timeouts;
    const { port } = this.shared;
    const nowMs = port.loop.turnMs;
    recv.deadlineMs = active?.deadlineMs(nowMs, timeouts) ?? nowMs + timeouts.idleMs;
    if (recv.status === 'pending') port.loop.watchDeadline(recv);
    else if (!this.#sawEof && (active?.wantsBytes ?? true)) port.submit(recv);
  }
}
