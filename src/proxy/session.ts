import { NO_SOCKET, type SocketId } from '../core/operation.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import { type ClientExchange, type ClientFailure, NOT_YET } from '../http/client-options.ts';
import type { HttpError } from '../http/http-error.ts';
import type { MessageHead } from '../http/message-head.ts';
import { LAST_CHUNK } from '../http/send-body.ts';
import { interimHead, requestHead, responseHead } from '../http/serializer.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { Exchange } from '../http/server-options.ts';
import type { AccessLog } from './access-log.ts';
import { Attempts, type AttemptsOwner } from './attempts.ts';
import { sendOwnAnswer } from './own-answer.ts';
import { ProxyError, responseError } from './proxy-error.ts';
import { sendDown, sendUp } from './relayed-body.ts';
import { isHead, isIdempotent } from './request-method.ts';
import { RETRIED_STATUS_MIN } from './retried-status.ts';
import type { SessionShared } from './session-shared.ts';

/**
 * One request and its answer, between a client and a server of the group. Sessions are used again
 * and again; `client` is set while one is in use.
 *
 *   begin → an attempt → send head → relay both bodies → end
 *             └─fails→ the next one, while any may be made
 */
export class Session implements Exchange, ClientExchange, AttemptsOwner {
  readonly shared: SessionShared;
  readonly attempts: Attempts;
  client: ServerConnection | undefined;
  upstream: ClientConnection | undefined;
  /** Body bytes that were handed to an upstream: they are not kept, so they cannot be sent again. */
  bodySent = false;
  requestEnded = false;
  /** An interim response has gone to the client: from then on, nothing is repeated. */
  hinted = false;
  responseStarted = false;
  /** The response goes out chunked. */
  reframes = false;
  /** The response's end is the connection's. */
  closesAfter = false;
  /** A body is to be moved as soon as the client's outbox is empty. */
  protected awaitsDrain = false;
  error: ProxyError | HttpError | undefined;
  status = 0;
  /** Body bytes of the response that were queued for the client. */
  bodyBytes = 0;
  startedMs = 0;

  constructor(shared: SessionShared) {
    this.shared = shared;
    this.attempts = new Attempts(this, shared);
  }

  begin(client: ServerConnection): void {
    this.client = client;
    this.attempts.begin();
    this.bodySent = false;
    this.requestEnded = !client.requestHasBody;
    this.hinted = false;
    this.responseStarted = false;
    this.awaitsDrain = false;
    this.error = undefined;
    this.status = 0;
    this.bodyBytes = 0;
    this.startedMs = this.shared.port.loop.turnMs;
    this.start();
  }

  /** The head of the request is there, and nothing has been done about it. */
  protected start(): void {
    this.nextServer();
  }

  requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const upstream = this.upstream as ClientConnection;
    this.bodySent = true;
    const client = this.client as ServerConnection;
    if (!sendUp(client, upstream, data, from, to, owned)) this.fail('WriteTimeout', undefined);
  }

  requestEnd(): void {
    this.requestEnded = true;
    if (this.upstream !== undefined) this.upstream.requestOpen = false;
    if (this.client?.head.framing === 'chunked') this.upstream?.outbox.appendText(LAST_CHUNK);
  }

  /** The client is gone, or has been answered by its connection: the upstream's work is moot. */
  requestFailed(error: HttpError | undefined): void {
    this.error = error;
    this.status = error?.status ?? 499;
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.cancel();
    this.finish();
  }

  responseLevel(level: Level): void {
    if (level === 'open') this.upstream?.resumeResponse();
    else this.upstream?.pauseResponse();
  }

  requestLevel(level: Level): void {
    if (level === 'open') this.client?.resumeRequest();
    else this.client?.pauseRequest();
  }

  earlyHints(head: MessageHead): void {
    const client = this.client as ServerConnection;
    // HTTP/1.0 knows no interim responses.
    if (!this.shared.earlyHints || client.head.minorVersion === 0) return;
    this.hinted = true;
    client.sendInterim(interimHead(head));
  }

  responseHead(head: MessageHead): void {
    if (head.status >= RETRIED_STATUS_MIN && this.#goesOn(head.status)) return;
    const client = this.client as ServerConnection;
    const old = client.head.minorVersion === 0;
    this.status = head.status;
    this.attempts.headMs = this.shared.port.loop.turnMs;
    this.responseStarted = true;
    this.reframes = head.framing === 'chunked' && !old;
    this.closesAfter =
      !client.persistent || head.framing === 'close' || (head.framing === 'chunked' && old);
    let ours = this.reframes ? 'Transfer-Encoding: chunked\r\n' : '';
    if (this.closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    client.send(responseHead(head, ours));
  }

  /** `true`: the request has gone to the next server because of this answer. */
  #goesOn(status: number): boolean {
    if (!this.attempts.isListed(status) || !this.mayRepeat || !this.attempts.hasNext) return false;
    this.dropAnswer(new ProxyError('HttpStatus', 'upstream', undefined, status));
    this.nextServer();
    return true;
  }

  /** Nothing more of an answer that is as good as a failure. */
  protected dropAnswer(error: ProxyError): void {
    const upstream = this.upstream as ClientConnection;
    this.upstream = undefined;
    this.error = error;
    this.attempts.passedBy(upstream, error.status);
  }

  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const client = this.client as ServerConnection;
    this.bodyBytes += to - from;
    const { upstream, reframes } = this;
    const taken = sendDown(client, upstream, reframes, data, from, to, owned);
    if (!taken) this.fail('WriteTimeout', undefined);
  }

  responseEnd(): void {
    this.giveBack();
    this.endResponse();
  }

  /** The kernel may move the body, once what is queued for the client is on its way. */
  moveTo(): SocketId {
    const { outbox } = this.client as ServerConnection;
    if (this.reframes || !this.responseStarted) return NO_SOCKET;
    this.awaitsDrain = outbox.queuedBytes > 0;
    return this.awaitsDrain ? NOT_YET : outbox.socket;
  }

  get moveMs(): number {
    return (this.client as ServerConnection).outbox.sendTimeoutMs || Number.POSITIVE_INFINITY;
  }

  responseMoved(bytes: number): void {
    this.bodyBytes += bytes;
  }

  moveFailed(): void {
    this.client?.destroy();
  }

  responseDrained(): void {
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.upstream?.resumeResponse();
  }

  /** The server's part is over. */
  protected giveBack(): void {
    const upstream = this.upstream as ClientConnection;
    this.upstream = undefined;
    // An answer that came before the request's end leaves a connection in an unknown state.
    this.attempts.succeeded(upstream, this.requestEnded);
  }

  /** The response has been queued to its end. */
  endResponse(): void {
    const client = this.client as ServerConnection;
    if (this.reframes) client.send(LAST_CHUNK);
    const reuse = !this.closesAfter;
    this.finish();
    client.endResponse(reuse);
  }

  responseFailed(failure: ClientFailure): void {
    const upstream = this.upstream as ClientConnection;
    this.upstream = undefined;
    const error = responseError(failure);
    this.error = error;
    const stale = this.attempts.broke(upstream, failure);
    if (this.responseStarted) {
      this.cut();
      return;
    }
    // A pooled connection that proves dead says nothing about its server: no try is used up.
    if (stale && this.mayRepeat) this.attempts.tries -= 1;
    this.attemptFailed(
      error,
      (stale || this.attempts.repeats(failure, upstream)) && this.mayRepeat,
    );
  }

  /** An attempt failed after there was a connection. `repeats`: what the engine would do. */
  protected attemptFailed(error: ProxyError, repeats: boolean): void {
    if (repeats) this.nextServer();
    else this.answer(error);
  }

  /** An attempt failed before there was a connection. */
  connectFailed(error: ProxyError): void {
    this.error = error;
    if (this.attempts.repeatsConnect(error)) this.nextServer();
    else this.answer(error);
  }

  nextServer(): void {
    this.attempts.next();
  }

  noServer(): void {
    this.answer(this.error ?? new ProxyError('NoUpstream', 'internal', undefined));
  }

  attempting(): void {}

  connected(): void {
    if (this.client !== undefined) {
      this.attempts.connected();
      return;
    }
    // The client left while this was on its way; the session waited for it.
    this.attempts.discard();
    this.shared.release(this);
  }

  ready(upstream: ClientConnection): void {
    this.attach(upstream);
    const client = this.client as ServerConnection;
    const address = this.shared.forwardedFor ? client.address : '';
    this.sendHead(requestHead(client.head, this.attempts.target.hostLine, address));
  }

  protected attach(upstream: ClientConnection): void {
    const { head } = this.client as ServerConnection;
    this.upstream = upstream;
    upstream.begin(this, isHead(head));
  }

  /** `bodyFollows`: what the client sends is forwarded as it comes. */
  protected sendHead(text: string, bodyFollows = true): void {
    const client = this.client as ServerConnection;
    const { outbox } = this.upstream as ClientConnection;
    (this.upstream as ClientConnection).requestOpen = !this.requestEnded;
    outbox.appendText(text);
    this.attempts.sentMs = this.shared.port.loop.turnMs;
    const ended = this.requestEnded && client.head.framing === 'chunked';
    if (ended && bodyFollows) outbox.appendText(LAST_CHUNK);
    if (client.paused) client.resumeRequest();
  }

  protected get mayRepeat(): boolean {
    if (this.bodySent || this.hinted) return false;
    return this.isIdempotent || this.attempts.isListed('non-idempotent');
  }

  protected get isIdempotent(): boolean {
    return isIdempotent((this.client as ServerConnection).head.method);
  }

  fail(type: 'WriteTimeout', cause: unknown): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.leave();
    this.error = new ProxyError(type, 'upstream', cause);
    if (this.responseStarted) this.cut();
    else this.answer(this.error);
  }

  /** Part of the response is out: the client must see that the rest is missing. */
  cut(): void {
    const client = this.client as ServerConnection;
    this.finish();
    client.abort();
  }

  answer(error: ProxyError | HttpError): void {
    const client = this.client as ServerConnection;
    // An HTTP/1.0 client would have to be told that its connection is kept.
    const reuse = client.persistent && this.requestEnded && client.head.minorVersion === 1;
    this.error = error;
    this.status = error.status;
    sendOwnAnswer(client, error.status, reuse);
    this.finish();
    client.endResponse(reuse);
  }

  protected writeLog(log: AccessLog): void {
    log.request(this.client as ServerConnection, this.status, this.bodyBytes, this.startedMs);
  }

  /** Logs, once, and gives the session back, unless a connect still has to end. */
  finish(): void {
    this.attempts.leave();
    const { log } = this.shared;
    if (log !== undefined) this.writeLog(log);
    this.client = undefined;
    if (!this.attempts.isConnecting) this.shared.release(this);
  }
}
