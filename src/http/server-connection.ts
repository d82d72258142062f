import type { RecvOperation, SocketId } from '../core/operation.ts';
import { recvOperation } from '../core/operations.ts';
import type { Outbox } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { errorPage } from './reply.ts';
import type { ActivityOwner, ServerActivity } from './server-activity.ts';
import { ServerClosing } from './server-closing.ts';
import type { ServerShared, SocketTaker } from './server-options.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * A client's connection: one exchange at a time, requests sent ahead wait in line. It is kept
 * small, as most connections are idle: what a request needs is borrowed when its first byte comes.
 *
 *   idle ──first byte──→ active ──answers sent──→ idle …
 *     └──── an error, an end, a last response ────┴──→ closing
 */
export class ServerConnection implements ActivityOwner {
  readonly #shared: ServerShared;
  readonly #recv: RecvOperation;
  #active: ServerActivity | undefined;
  #closing: ServerClosing | undefined;
  #address: string | undefined;
  #requests = 0;
  #sawEof = false;
  /** Who is to have the socket, or has it. */
  #taker: SocketTaker | undefined;
  #taken = false;
  /** Closes after the current response, whatever the client says. */
  lastRequest = false;
  /** For whoever lists connections: where this one stands. */
  place = -1;

  constructor(shared: ServerShared, socket: SocketId) {
    this.#shared = shared;
    this.#recv = recvOperation(socket, ServerConnection.#onReceived, this);
    this.#listen();
  }

  static #onReceived(recv: RecvOperation): void {
    (recv.owner as ServerConnection).#received();
  }

  /** The current request. Only within an exchange. */
  get head(): MessageHead {
    return (this.#active as ServerActivity).reader.head;
  }

  /** Where the response goes. Only within an exchange. */
  get outbox(): Outbox {
    return (this.#active as ServerActivity).outbox;
  }

  /** Bytes of responses that the kernel does not have yet. */
  get queuedBytes(): number {
    return this.#active?.outbox.queuedBytes ?? 0;
  }

  /** The client's address as text; asked of the system once. */
  get address(): string {
    const { port } = this.#shared;
    this.#address ??= port.remoteEndpoint(this.#recv.socket)?.address ?? 'unknown';
    return this.#address;
  }

  get idle(): boolean {
    return this.#closing === undefined && (this.#active?.reader.idle ?? true);
  }

  /** May the client send another request after this one? */
  get persistent(): boolean {
    const { reader } = this.#active as ServerActivity;
    return (
      !this.lastRequest &&
      reader.reading !== 'body' &&
      reader.head.persistent &&
      this.#requests < this.#shared.requestsMax
    );
  }

  /** Is there a body of the current request that has not come to its end? */
  get requestHasBody(): boolean {
    return this.#active?.reader.reading === 'body';
  }

  get paused(): boolean {
    return this.#active?.reader.paused === true;
  }

  /** Queues a response's head, or text that belongs to its body. */
  send(text: string): void {
    const active = this.#active as ServerActivity;
    active.answered = true;
    if (!active.outbox.appendText(text)) active.cut = true;
  }

  /** Queues the head of an interim response: an answer of any other kind may still follow. */
  sendInterim(text: string): void {
    const active = this.#active as ServerActivity;
    if (!active.outbox.appendText(text)) active.cut = true;
  }

  /** No more of the request's body for now. */
  pauseRequest(): void {
    (this.#active as ServerActivity).reader.paused = true;
  }

  /** The same for as long as it takes: a client that resets its connection is noticed. */
  watchRequest(): void {
    const { reader } = this.#active as ServerActivity;
    reader.paused = true;
    reader.watched = true;
    if (!reader.consuming) this.#listen();
  }

  resumeRequest(): void {
    const { reader } = this.#active as ServerActivity;
    reader.paused = false;
    reader.watched = false;
    if (!reader.consuming) this.#resume();
  }

  /** The response has been queued to its end; the connection is used again where `reuse`. */
  endResponse(reuse: boolean): void {
    const active = this.#active as ServerActivity;
    if (active.cut) {
      this.abort();
      return;
    }
    const { reader } = active;
    const isUnread = reader.reading === 'body';
    active.endExchange();
    if (!reuse || isUnread || this.#sawEof) this.#startClose(isUnread || reader.carry.bytes > 0);
    else if (!reader.consuming) this.#resume();
  }

  /**
   * Gives the socket away, behind a response head that ends HTTP on it: once that is with the kernel
   * and no receive is posted any more. Until then the exchange hears when the client is lost. The
   * request's head stays until `socketClosed`.
   */
  detach(taker: SocketTaker): void {
    this.#taker = taker;
    const { port } = this.#shared;
    port.cancel(this.#recv);
    port.loop.post(() => this.#handOver());
  }

  /** The taker has closed the socket. */
  socketClosed(): void {
    this.#closed();
  }

  /** The response cannot be completed: the client must see that it was cut. */
  abort(): void {
    if (this.#taken) return;
    this.#active?.abandon();
    this.#closing ??= this.#makeClosing();
    this.#closing.submit(this.#recv.socket, 'reset');
  }

  /** Ends the connection now, in whatever state it is; its exchange is told. */
  destroy(): void {
    if (this.#taken) this.#taker?.stop();
    else if (this.#closing?.submitted) this.#closing.hurry();
    else this.#lost();
  }

  /** Ends the connection once it is idle: now, or after the current response. */
  closeWhenIdle(): void {
    this.lastRequest = true;
    if (this.idle) this.#startClose(false);
  }

  outboxLevel(level: Level): void {
    const active = this.#active as ServerActivity;
    active.exchange?.responseLevel(level);
    const { reading, carry } = active.reader;
    if (level === 'open' && reading === 'head' && carry.bytes > 0) this.#resume();
  }

  outboxDrained(): void {
    if (this.#closing !== undefined) this.#finishClose(this.#closing);
    else if (this.#taker !== undefined) this.#handOver();
    else if (this.#active?.exchange !== undefined) this.#active.exchange.responseDrained?.();
    else this.#rest();
  }

  outboxBroken(): void {
    this.#lost();
  }

  requestHead(head: MessageHead): void {
    const active = this.#active as ServerActivity;
    const { bodyBytesMax, handler } = this.#shared;
    if (head.framing === 'length') checkBody(head.contentLength, bodyBytesMax);
    this.#requests += 1;
    active.beginExchange();
    if (head.expectsContinue && this.requestHasBody) active.outbox.appendText(CONTINUE);
    const exchange = handler.request(this);
    // The answer may have been given, and the exchange be over, within the call.
    if (active.reader.holds) active.exchange = exchange;
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const active = this.#active as ServerActivity;
    active.bodyBytes += to - from;
    checkBody(active.bodyBytes, this.#shared.bodyBytesMax);
    active.exchange?.requestBody(data, from, to, owned);
  }

  requestEnd(): void {
    this.#active?.exchange?.requestEnd();
  }

  refuse(error: HttpError): void {
    const active = this.#active as ServerActivity;
    const { exchange } = active;
    const answered = exchange !== undefined && active.answered;
    if (exchange === undefined) this.#shared.handler.refused(this, error);
    else exchange.requestFailed(error);
    if (answered) {
      this.abort();
      return;
    }
    active.endExchange();
    active.outbox.appendText(errorPage(error.status));
    this.#startClose(true);
  }

  #received(): void {
    if (this.#closing !== undefined) return;
    const recv = this.#recv;
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
        if (recv.status !== 'cancelled' || this.#taker === undefined) this.#lost();
    }
    if (this.#taker === undefined) this.#listen();
    else this.#handOver();
  }

  #take({ socket, data, offset, bytes, owned }: RecvOperation): void {
    this.#active ??= this.#shared.activities.take(this, socket);
    const { reader } = this.#active;
    if (reader.take(data, offset, offset + bytes, owned)) this.#rest();
    else this.#closing?.linger(); // More was sent than is read.
  }

  /** Goes on with what waits in line, and then with the socket. */
  #resume(): void {
    this.#active?.reader.resume();
    const reader = this.#active?.reader;
    if (this.#sawEof && reader?.reading === 'body' && !reader.paused) this.#lost();
    this.#listen();
  }

  /** The client sends no more; what it asked for is still answered. */
  #onEof(): void {
    this.#sawEof = true;
    const active = this.#active;
    if (active?.reader.reading === 'answer') return;
    if (active?.reader.reading === 'body') {
      // The rest of the body may be among what waits: it is known when that is read.
      if (!active.reader.paused) this.#lost();
      return;
    }
    // Half a head is no request; answers to those before it may still be on their way.
    this.#startClose(false);
  }

  #onExpired(): void {
    const reader = this.#active?.reader;
    // While we do not want the body, the client is not to blame that it does not come.
    if (reader?.reading === 'answer' || (reader?.reading === 'body' && reader.paused)) return;
    if (this.idle) this.#startClose(false);
    else this.refuse(new HttpError('TIMEOUT', 'the request did not come in time'));
  }

  /** What came late, or ahead, is for the taker to begin with. */
  #handOver(): void {
    if (this.#taken || this.#closing !== undefined) return;
    const { outbox, reader } = this.#active as ServerActivity;
    if (this.#recv.status === 'pending' || outbox.queuedBytes > 0 || outbox.inFlight) return;
    this.#taken = true;
    // The port forgets those of a socket's last operations alone, which will be the taker's.
    this.#shared.port.loop.forgetDeadline(this.#recv);
    outbox.forgetDeadline();
    this.#active?.takeExchange();
    this.#taker?.take(this.#recv.socket, reader.takeCarried());
  }

  /** The connection is of no use any more. */
  #lost(): void {
    if (this.#closing?.submitted) return;
    this.#active?.takeExchange()?.requestFailed(undefined);
    this.abort();
  }

  #startClose(linger: boolean): void {
    if (this.#closing !== undefined) return;
    const closing = this.#makeClosing();
    this.#closing = closing;
    this.#active?.reader.stop();
    if (linger && !this.#sawEof) closing.linger();
    if (this.queuedBytes === 0) this.#finishClose(closing);
  }

  /** Everything is with the kernel. */
  #finishClose(closing: ServerClosing): void {
    closing.submit(this.#recv.socket, 'graceful');
    if (this.#active?.reader.consuming === false) this.#giveBack();
  }

  #makeClosing(): ServerClosing {
    return new ServerClosing(this.#shared, () => this.#closed());
  }

  #closed(): void {
    this.#giveBack();
    this.#shared.handler.closed(this);
  }

  /** Gives back what an idle connection does not need. */
  #rest(): void {
    if (this.#closing === undefined && this.#active?.idle) this.#giveBack();
  }

  #giveBack(): void {
    if (this.#active === undefined) return;
    this.#shared.activities.give(this.#active);
    this.#active = undefined;
  }

  /** Posts the receive where one is wanted, with the deadline of what it waits for. */
  #listen(): void {
    if (this.#closing !== undefined || this.#taker !== undefined) return;
    const recv = this.#recv;
    const active = this.#active;
    const { port, timeouts } = this.#shared;
    const nowMs = port.loop.turnMs;
    recv.deadlineMs = active?.deadlineMs(nowMs, timeouts) ?? nowMs + timeouts.idleMs;
    if (recv.status === 'pending') port.loop.watchDeadline(recv);
    else if (!this.#sawEof && (active?.wantsBytes ?? true)) port.submit(recv);
  }
}

function checkBody(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new HttpError('BODY_TOO_LARGE', `over ${bytesMax} bytes`);
}
