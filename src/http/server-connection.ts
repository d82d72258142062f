import type { RecvOperation, SocketId } from '../core/operation.ts';
import { recvOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { BodyReader } from './body-reader.ts';
import { Carry } from './carry.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { readRequest } from './read-head.ts';
import { errorPage } from './reply.ts';
import { RequestHeadReader } from './request-head-reader.ts';
import { ServerClosing } from './server-closing.ts';
import type { Exchange, ServerShared } from './server-options.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * A client's connection: one exchange at a time, requests sent ahead wait in line.
 *
 *   head ──request──→ body ──its end──→ answering ──response's end──→ head …
 *     └───────────── an error, an end, a last response ─────────────→ closing
 */
export class ServerConnection implements OutboxOwner {
  readonly #shared: ServerShared;
  readonly #recv: RecvOperation;
  readonly outbox: Outbox;
  readonly #carry = new Carry();
  #body: BodyReader | undefined;
  #bodyBytes = 0;
  readonly #heads: RequestHeadReader;
  readonly #closing: ServerClosing;
  #exchange: Exchange | undefined;
  #phase: 'head' | 'body' | 'answering' | 'closing' = 'head';
  /** While `#consume` runs, the end of an exchange is its loop's affair. */
  #consuming = false;
  #paused = false;
  #sawEof = false;
  #requests = 0;
  #address: string | undefined;
  /** Closes after the current response, whatever the client says. */
  lastRequest = false;
  /** Part of the current response has been queued. */
  #answered = false;
  /** Part of the current response did not fit in the outbox. */
  #cut = false;
  #headDeadlineMs = 0;

  constructor(shared: ServerShared, socket: SocketId) {
    this.#shared = shared;
    this.#recv = recvOperation(socket, () => this.#received());
    this.outbox = new Outbox(shared.port, shared.buffers, this, socket);
    this.outbox.sendTimeoutMs = shared.timeouts.sendMs;
    this.#heads = new RequestHeadReader(shared.parsers);
    this.#closing = new ServerClosing(shared, () => shared.handler.closed(this));
    this.#listen();
  }

  /** The current request. Only within an exchange. */
  get head(): MessageHead {
    return this.#heads.head;
  }

  /** The client's address as text; asked of the system once. */
  get address(): string {
    const { port } = this.#shared;
    this.#address ??= port.remoteEndpoint(this.#recv.socket)?.address ?? 'unknown';
    return this.#address;
  }

  get idle(): boolean {
    return this.#phase === 'head' && !this.#heads.holds && this.#carry.bytes === 0;
  }

  /** May the client send another request after this one? */
  get persistent(): boolean {
    return (
      !this.lastRequest &&
      this.#phase !== 'body' &&
      this.head.persistent &&
      this.#requests < this.#shared.requestsMax
    );
  }

  /** Is there a body of the current request that has not come to its end? */
  get requestHasBody(): boolean {
    return this.#phase === 'body';
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Queues a response's head, or text that belongs to its body. */
  send(text: string): void {
    this.#answered = true;
    if (!this.outbox.appendText(text)) this.#cut = true;
  }

  /** No more of the request's body for now. */
  pauseRequest(): void {
    this.#paused = true;
  }

  resumeRequest(): void {
    this.#paused = false;
    if (!this.#consuming) this.#resume();
  }

  /** The response has been queued to its end; the connection is used again where `reuse`. */
  endResponse(reuse: boolean): void {
    if (this.#cut) {
      this.abort();
      return;
    }
    this.#endExchange();
    if (!reuse || this.#phase === 'body' || this.#sawEof) {
      this.#startClose(this.#phase === 'body' || this.#carry.bytes > 0);
      return;
    }
    this.#phase = 'head';
    if (!this.#consuming) this.#resume();
  }

  /** The response cannot be completed: the client must see that it was cut. */
  abort(): void {
    this.#endExchange();
    this.outbox.discard();
    this.#phase = 'closing';
    this.#closing.submit(this.#recv.socket, 'reset');
  }

  /** Ends the connection now, in whatever state it is; its exchange is told. */
  destroy(): void {
    if (this.#closing.submitted) this.#closing.hurry();
    else this.#lost();
  }

  /** Ends the connection once it is idle: now, or after the current response. */
  closeWhenIdle(): void {
    this.lastRequest = true;
    if (this.idle) this.#startClose(false);
  }

  outboxLevel(level: Level): void {
    this.#exchange?.responseLevel(level);
    if (level === 'open' && this.#phase === 'head' && this.#carry.bytes > 0) this.#resume();
  }

  outboxDrained(): void {
    if (this.#phase === 'closing') this.#closing.submit(this.#recv.socket, 'graceful');
  }

  outboxBroken(): void {
    this.#lost();
  }

  bodyBytes(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.#bodyBytes += to - from;
    if (this.#bodyBytes > this.#shared.bodyBytesMax) {
      throw new HttpError('BODY_TOO_LARGE', `over ${this.#shared.bodyBytesMax} bytes`);
    }
    this.#exchange?.requestBody(data, from, to, owned);
  }

  #received(): void {
    const recv = this.#recv;
    if (this.#phase === 'closing') return;
    switch (recv.status) {
      case 'done':
        this.#take(recv.data, recv.offset, recv.offset + recv.bytes, recv.owned);
        break;
      case 'eof':
        this.#onEof();
        break;
      case 'expired':
        this.#onExpired();
        break;
      default:
        this.#lost();
    }
    this.#listen();
  }

  #take(data: Uint8Array, at: number, end: number, owned: boolean): void {
    if (this.#carry.bytes > 0) {
      this.#carry.add(data, at, end);
      this.#resume();
      return;
    }
    const to = this.#consume(data, at, end, owned);
    if (to === end) return;
    if (this.#phase !== 'closing') this.#carry.add(data, to, end);
    else this.#closing.linger(); // More was sent than is read.
  }

  /** Goes on with what waits in line, and then with the socket. */
  #resume(): void {
    const carry = this.#carry;
    if (carry.bytes > 0) {
      const to = this.#consume(carry.data, carry.at, carry.end, false);
      carry.use(to);
    }
    this.#listen();
  }

  /** Takes all that the current phase can use; returns where it stopped. */
  #consume(data: Uint8Array, start: number, end: number, owned: boolean): number {
    let at = start;
    this.#consuming = true;
    try {
      while (at < end) {
        if (this.#phase === 'head') {
          // Who does not read the answers gets no more of them: what they take is bounded.
          if (this.outbox.level === 'high') break;
          const to = this.#readHead(data, at, end);
          if (to < 0) break;
          at = to;
        } else if (this.#phase === 'body' && !this.#paused) {
          at = this.#readBody(data, at, end, owned);
        } else break;
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#refuse(error);
      at = end;
    } finally {
      this.#consuming = false;
    }
    return at;
  }

  /** Returns where the head, or the empty line before it, ends; -1 when it is not complete. */
  #readHead(data: Uint8Array, at: number, end: number): number {
    const heads = this.#heads;
    const begun = heads.holds;
    const to = heads.read(data, at, end);
    if (heads.complete) {
      readRequest(heads.head);
      this.#startExchange(heads.head);
    } else if (heads.holds && !begun) {
      const { port, timeouts } = this.#shared;
      this.#headDeadlineMs = port.loop.turnMs + timeouts.headMs;
    }
    return to;
  }

  #startExchange(head: MessageHead): void {
    const { framing, contentLength } = head;
    if (framing === 'length' && contentLength > this.#shared.bodyBytesMax) {
      throw new HttpError('BODY_TOO_LARGE', `over ${this.#shared.bodyBytesMax} bytes`);
    }
    this.#requests += 1;
    this.#answered = false;
    this.#cut = false;
    this.#paused = false;
    const bodiless = framing === 'none' || (framing === 'length' && contentLength === 0);
    this.#phase = bodiless ? 'answering' : 'body';
    if (!bodiless) {
      this.#body ??= new BodyReader(this);
      this.#body.start(framing, contentLength);
      this.#bodyBytes = 0;
      if (head.expectsContinue) this.outbox.appendText(CONTINUE);
    }
    const exchange = this.#shared.handler.request(this);
    // The answer may have been given, and the exchange be over, within the call.
    if (this.#heads.holds) this.#exchange = exchange;
  }

  #readBody(data: Uint8Array, start: number, end: number, owned: boolean): number {
    const body = this.#body as BodyReader;
    const at = body.read(data, start, end, owned);
    if (body.done && this.#phase === 'body') {
      this.#phase = 'answering';
      this.#exchange?.requestEnd();
    }
    return at;
  }

  #endExchange(): void {
    this.#exchange = undefined;
    this.#heads.release();
  }

  #refuse(error: HttpError): void {
    const exchange = this.#exchange;
    const answered = exchange !== undefined && this.#answered;
    exchange?.requestFailed(error);
    if (exchange === undefined) this.#shared.handler.refused(this, error);
    if (answered) {
      this.abort();
      return;
    }
    this.#endExchange();
    this.outbox.appendText(errorPage(error.status));
    this.#startClose(true);
  }

  /** The client sends no more; what it asked for is still answered. */
  #onEof(): void {
    this.#sawEof = true;
    if (this.#phase === 'answering') return;
    if (this.#phase === 'head') {
      // Half a head is no request; answers to those before it may still be on their way.
      this.#endExchange();
      this.#startClose(false);
    } else this.#lost();
  }

  #onExpired(): void {
    // While we do not want the body, the client is not to blame that it does not come.
    if (this.#phase === 'answering' || (this.#phase === 'body' && this.#paused)) return;
    if (this.idle) {
      this.#startClose(false);
      return;
    }
    this.#refuse(new HttpError('TIMEOUT', 'the request did not come in time'));
  }

  /** The connection is of no use any more. */
  #lost(): void {
    if (this.#closing.submitted) return;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.requestFailed(undefined);
    this.abort();
  }

  #startClose(linger: boolean): void {
    if (this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#carry.use(this.#carry.end);
    if (linger && !this.#sawEof) this.#closing.linger();
    if (this.outbox.queuedBytes === 0) this.#closing.submit(this.#recv.socket, 'graceful');
  }

  /** Posts the receive where one is wanted, with the deadline of the phase. */
  #listen(): void {
    const recv = this.#recv;
    const { port, timeouts } = this.#shared;
    switch (this.#phase) {
      case 'closing':
        return;
      case 'head':
        recv.deadlineMs = this.#heads.holds
          ? this.#headDeadlineMs
          : port.loop.turnMs + timeouts.idleMs;
        break;
      case 'body':
        recv.deadlineMs = port.loop.turnMs + timeouts.bodyMs;
        break;
      case 'answering':
        recv.deadlineMs = 0;
    }
    if (recv.status === 'pending') port.loop.watchDeadline(recv);
    else if (!this.#sawEof && this.#wantsBytes) port.submit(recv);
  }

  /** Requests sent ahead are left with the kernel while some wait here already. */
  get #wantsBytes(): boolean {
    if (this.#phase === 'body') return !this.#paused;
    if (this.#phase === 'head' && this.outbox.level === 'open') return true;
    return this.#carry.bytes === 0;
  }
}
