import type { CloseOperation, RecvOperation, SocketId } from '../core/operation.ts';
import { closeOperation, recvOperation } from '../core/operations.ts';
import { Outbox, type OutboxOwner } from '../core/outbox/outbox.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { BodyReader } from './body-reader.ts';
import { Carry } from './carry.ts';
import type { HeadParser } from './head-parser.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { readRequest } from './read-head.ts';
import { errorPage } from './reply.ts';
import type { Exchange, ServerShared } from './server-options.ts';
import { CR, LF } from './syntax.ts';

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
  #parser: HeadParser | undefined;
  #exchange: Exchange | undefined;
  #phase: 'head' | 'body' | 'answering' | 'closing' = 'head';
  /** While `#consume` runs, the end of an exchange is its loop's affair. */
  #consuming = false;
  #paused = false;
  #sawEof = false;
  #requests = 0;
  #close: CloseOperation | undefined;
  #address: string | undefined;
  /** Closes after the current response, whatever the client says. */
  lastRequest = false;
  /** Part of the current response has been queued. */
  #answered = false;
  /** Part of the current response did not fit in the outbox. */
  #cut = false;
  /** The one empty line that may come before a request has come. */
  #sawEmptyLine = false;

  constructor(shared: ServerShared, socket: SocketId) {
    this.#shared = shared;
    this.#recv = recvOperation(socket, () => this.#received());
    this.outbox = new Outbox(shared.port, shared.buffers, this, socket);
    this.outbox.sendTimeoutMs = shared.timeouts.sendMs;
    this.#listen();
  }

  /** The current request. Only within an exchange. */
  get head(): MessageHead {
    return (this.#parser as HeadParser).head;
  }

  /** The client's address as text; asked of the system once. */
  get address(): string {
    const { port } = this.#shared;
    this.#address ??= port.remoteEndpoint(this.#recv.socket)?.address ?? 'unknown';
    return this.#address;
  }

  get idle(): boolean {
    return this.#phase === 'head' && this.#parser === undefined && this.#carry.bytes === 0;
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
    this.#submitClose('reset', 0);
  }

  /** Ends the connection now, in whatever state it is; its exchange is told. */
  destroy(): void {
    if (this.#close === undefined) this.#lost();
    else this.#shared.port.cancel(this.#close);
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
    if (this.#phase === 'closing') this.#submitClose('graceful', this.#lingerMs);
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
    if (this.#phase === 'closing')
      this.#lingerMs = LINGER_MS; // More was sent than is read.
    else this.#carry.add(data, to, end);
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
    if (this.#parser === undefined) {
      // One empty line before a request is ignored (RFC 9112 §2.2).
      if (data[at] === CR && !this.#sawEmptyLine) {
        if (at + 1 === end) return -1;
        if (data[at + 1] === LF) {
          this.#sawEmptyLine = true;
          return at + 2;
        }
      }
      this.#parser = this.#shared.parsers.take();
    }
    const parser = this.#parser;
    const begun = parser.begun;
    if (!parser.parse(data, at, end)) {
      if (!begun)
        this.#headDeadlineMs = this.#shared.port.loop.turnMs + this.#shared.timeouts.headMs;
      return -1;
    }
    const to = parser.at; // The exchange may be over, and the parser given back, within the call.
    readRequest(parser.head);
    this.#startExchange(parser.head);
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
    this.#sawEmptyLine = false;
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
    if (this.#parser !== undefined) this.#exchange = exchange;
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
    if (this.#parser === undefined) return;
    this.#shared.parsers.give(this.#parser);
    this.#parser = undefined;
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
    if (this.#phase === 'closing' && this.#close !== undefined) return;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.requestFailed(undefined);
    this.abort();
  }

  #startClose(linger: boolean): void {
    if (this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#carry.use(this.#carry.end);
    this.#lingerMs = linger && !this.#sawEof ? LINGER_MS : 0;
    if (this.outbox.queuedBytes === 0) this.#submitClose('graceful', this.#lingerMs);
  }

  #submitClose(how: 'graceful' | 'reset', lingerMs: number): void {
    this.#phase = 'closing';
    if (this.#close !== undefined) return;
    this.#close = closeOperation(this.#recv.socket, () => this.#shared.handler.closed(this));
    this.#close.how = how;
    this.#close.lingerMs = lingerMs;
    this.#shared.port.submit(this.#close);
  }

  /** Posts the receive where one is wanted, with the deadline of the phase. */
  #listen(): void {
    const recv = this.#recv;
    const { port, timeouts } = this.#shared;
    switch (this.#phase) {
      case 'closing':
        return;
      case 'head':
        recv.deadlineMs =
          this.#parser === undefined ? port.loop.turnMs + timeouts.idleMs : this.#headDeadlineMs;
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

  #headDeadlineMs = 0;
  #lingerMs = 0;
}

const LINGER_MS = 5_000;
