import { type ConnectOperation, NO_SOCKET, type SocketId } from '../core/operation.ts';
import { connectOperation } from '../core/operations.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import { ClientConnection } from '../http/client-connection.ts';
import { type ClientExchange, type ClientFailure, NOT_YET } from '../http/client-options.ts';
import type { HttpError } from '../http/http-error.ts';
import type { MessageHead } from '../http/message-head.ts';
import { reply } from '../http/reply.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../http/send-body.ts';
import { interimHead, requestHead, responseHead } from '../http/serializer.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { Exchange } from '../http/server-options.ts';
import type { AccessLog } from './access-log.ts';
import { connectError, ProxyError, responseError } from './proxy-error.ts';
import type { SessionShared, Target } from './session-shared.ts';

const NO_ENDPOINT = { family: 'ipv4', address: '0.0.0.0', port: 0 } as const;
/** Not repeated once bytes were sent: nginx's list. */
const NOT_IDEMPOTENT = /^(?:POST|LOCK|PATCH)$/;

/**
 * One request and its answer, between a client and a server of the group. Sessions are used again
 * and again; `client` is set while one is in use.
 *
 *   begin → pooled connection? ──yes──────────────→ send head → relay both bodies → end
 *             └─no→ connect ──ok─────────────────────↑ ↑
 *                     └─fails→ next server, while any ─┘ └─ a pooled one that proves dead
 */
export class Session implements Exchange, ClientExchange {
  protected readonly shared: SessionShared;
  protected readonly connect: ConnectOperation;
  protected client: ServerConnection | undefined;
  protected upstream: ClientConnection | undefined;
  /** Where requests of this session go: the proxy's own, or what a phase has chosen. */
  protected target: Target;
  /** The server of the current attempt, by its index in the group; -1 between attempts. */
  protected server = -1;
  /** Servers of this request's attempts, in order, as many as `tries`; the rest is of old ones. */
  protected readonly tried: number[] = [];
  protected tries = 0;
  /** Body bytes that were handed to an upstream: they are not kept, so they cannot be sent again. */
  protected bodySent = false;
  protected requestEnded = false;
  protected responseStarted = false;
  protected reframes = false;
  protected closesAfter = false;
  /** A body is to be moved as soon as the client's outbox is empty. */
  protected awaitsDrain = false;
  protected waitsForServers = false;
  protected error: ProxyError | HttpError | undefined;
  protected status = 0;
  /** Body bytes of the response that were queued for the client. */
  protected bodyBytes = 0;
  protected startedMs = 0;
  /** When the request's head went to the server, and when the response's head came. */
  protected sentMs = 0;
  protected headMs = 0;

  constructor(shared: SessionShared) {
    this.shared = shared;
    this.target = shared.target;
    this.connect = connectOperation(NO_ENDPOINT, () => this.connected());
  }

  begin(client: ServerConnection): void {
    this.client = client;
    this.tries = 0;
    this.bodySent = false;
    this.requestEnded = !client.requestHasBody;
    this.responseStarted = false;
    this.awaitsDrain = false;
    this.waitsForServers = false;
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
    if (upstream.outbox.broken) {
      this.client?.pauseRequest(); // Nothing more is taken; its answer, if any, is on its way.
      return;
    }
    const { framing } = (this.client as ServerConnection).head;
    const send = framing === 'chunked' ? sendChunk : sendBytes;
    if (!send(upstream.outbox, data, from, to, owned)) this.fail('WriteTimeout', undefined);
    else if (upstream.outbox.level === 'high') this.client?.pauseRequest();
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
    this.shared.port.cancel(this.connect);
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
    client.sendInterim(interimHead(head));
  }

  responseHead(head: MessageHead): void {
    const client = this.client as ServerConnection;
    const old = client.head.minorVersion === 0;
    this.status = head.status;
    this.headMs = this.shared.port.loop.turnMs;
    this.responseStarted = true;
    this.reframes = head.framing === 'chunked' && !old;
    this.closesAfter =
      !client.persistent || head.framing === 'close' || (head.framing === 'chunked' && old);
    let ours = this.reframes ? 'Transfer-Encoding: chunked\r\n' : '';
    if (this.closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    client.send(responseHead(head, ours));
  }

  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const client = this.client as ServerConnection;
    this.bodyBytes += to - from;
    const pool = this.upstream?.claimChunk(data, to - from);
    const send = this.reframes ? sendChunk : sendBytes;
    const taken =
      pool === undefined
        ? send(client.outbox, data, from, to, owned)
        : client.outbox.appendChunk(pool, data, from, to);
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
    const { group, pool } = this.target;
    const { server } = this;
    const nowMs = this.shared.port.loop.turnMs;
    group.succeeded(server);
    group.sampled(server, this.headMs - this.sentMs, nowMs - this.sentMs);
    if (this.requestEnded) pool.give(group.peer(server).poolKey, upstream);
    else upstream.destroy();
    this.leaveServer();
  }

  /** The response has been queued to its end. */
  protected endResponse(): void {
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
    const stale =
      upstream.exchanges > 1 && failure.kind === 'closed' && upstream.responseBytes === 0;
    if (!stale) this.target.group.failed(this.server);
    this.leaveServer();
    if (this.responseStarted) {
      this.cut();
      return;
    }
    // A pooled connection that proves dead says nothing about its server: no try is used up.
    if (stale && this.mayRepeat) this.tries -= 1;
    const repeats = upstream.responseBytes === 0 && this.mayRepeat && failure.kind !== 'protocol';
    this.attemptFailed(error, repeats);
  }

  /** An attempt failed after there was a connection. `repeats`: what the engine would do. */
  protected attemptFailed(error: ProxyError, repeats: boolean): void {
    if (repeats) this.nextServer();
    else this.answer(error);
  }

  /** An attempt failed before there was a connection. */
  protected connectFailed(_error: ProxyError): void {
    this.nextServer();
  }

  /** Takes a connection to the next server of the group, or opens one. */
  protected nextServer(): void {
    const { group, pool } = this.target;
    const client = this.client as ServerConnection;
    if (this.tries > 0 && this.tries >= group.triesMax) {
      this.answer(this.error ?? new ProxyError('NoUpstream', 'internal', undefined));
      return;
    }
    const server = group.pick(this, this.tried, this.tries);
    if (server < 0) {
      client.watchRequest();
      this.waitsForServers = true;
      if (this.target.waitForServers(this)) return;
      this.waitsForServers = false;
      this.answer(this.error ?? new ProxyError('NoUpstream', 'internal', undefined));
      return;
    }
    this.server = server;
    group.acquire(server);
    this.tried[this.tries] = server;
    this.tries += 1;
    this.attempting();
    const { poolKey, endpoint } = group.peer(server);
    const pooled = this.takesPooled ? pool.take(poolKey) : undefined;
    if (pooled !== undefined) {
      this.ready(pooled);
      return;
    }
    client.watchRequest();
    this.connect.endpoint = endpoint;
    // The answer to a look-up comes outside of a turn, whose time may be long ago.
    this.connect.deadlineMs = this.shared.port.loop.nowMs() + group.config.timeouts.connectMs;
    this.shared.port.submit(this.connect);
  }

  /** The attempt is over: its server has one use less. */
  protected leaveServer(): void {
    if (this.server < 0) return;
    this.target.group.release(this.server);
    this.server = -1;
  }

  /** For groups that choose by the client. */
  get clientAddress(): string {
    const { method } = this.target.group.config.balance;
    return method === 'ip-hash' ? (this.client as ServerConnection).address : '';
  }

  /** For groups that choose by a key. */
  get hashKey(): string {
    return '';
  }

  /** Will a connection do that has served an exchange before? */
  protected get takesPooled(): boolean {
    return true;
  }

  /** A server was chosen for another attempt. */
  protected attempting(): void {}

  /** The servers' names were looked up; `error` says why there are still none. */
  serversKnown(error: unknown): void {
    // A client that waited may have left, and this session serve another one by now.
    if (this.client === undefined || !this.waitsForServers) return;
    this.waitsForServers = false;
    if (error === undefined) this.nextServer();
    else this.answer(new ProxyError('DnsFailure', 'upstream', error));
  }

  protected connected(): void {
    const { status, socket, fault } = this.connect;
    if (this.client === undefined) {
      // The client left while this was on its way; the session waited for it.
      if (status === 'done') this.shared.discard(socket);
      this.shared.release(this);
      return;
    }
    if (status === 'done') {
      const { client, pool } = this.target;
      this.ready(new ClientConnection(client, pool, socket));
      return;
    }
    const error = connectError(status, fault);
    this.error = error;
    this.target.group.failed(this.server);
    this.leaveServer();
    this.connectFailed(error);
  }

  /** There is a connection for the current attempt. */
  protected ready(upstream: ClientConnection): void {
    this.attach(upstream);
    const { head } = this.client as ServerConnection;
    this.sendHead(requestHead(head, this.target.hostLine, this.forwardedFor));
  }

  protected attach(upstream: ClientConnection): void {
    const { head } = this.client as ServerConnection;
    this.upstream = upstream;
    upstream.begin(this, isHead(head));
  }

  /** What is appended to X-Forwarded-For; nothing where it is empty. */
  protected get forwardedFor(): string {
    return this.shared.forwardedFor ? (this.client as ServerConnection).address : '';
  }

  /** `bodyFollows`: what the client sends is forwarded as it comes. */
  protected sendHead(text: string, bodyFollows = true): void {
    const client = this.client as ServerConnection;
    const { outbox } = this.upstream as ClientConnection;
    (this.upstream as ClientConnection).requestOpen = !this.requestEnded;
    outbox.appendText(text);
    this.sentMs = this.shared.port.loop.turnMs;
    const ended = this.requestEnded && client.head.framing === 'chunked';
    if (ended && bodyFollows) outbox.appendText(LAST_CHUNK);
    if (client.paused) client.resumeRequest();
  }

  protected get mayRepeat(): boolean {
    if (this.bodySent) return false;
    return !NOT_IDEMPOTENT.test((this.client as ServerConnection).head.method);
  }

  protected fail(type: 'WriteTimeout', cause: unknown): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.leaveServer();
    this.error = new ProxyError(type, 'upstream', cause);
    if (this.responseStarted) this.cut();
    else this.answer(this.error);
  }

  /** Part of the response is out: the client must see that the rest is missing. */
  protected cut(): void {
    const client = this.client as ServerConnection;
    this.finish();
    client.abort();
  }

  protected answer(error: ProxyError | HttpError): void {
    const client = this.client as ServerConnection;
    const { head } = client;
    // An HTTP/1.0 client would have to be told that its connection is kept.
    const reuse = client.persistent && this.requestEnded && head.minorVersion === 1;
    this.error = error;
    this.status = error.status;
    const body = `${error.status}\n`;
    const text = reply(error.status, body, reuse);
    client.send(isHead(head) ? text.slice(0, -body.length) : text);
    this.finish();
    client.endResponse(reuse);
  }

  protected writeLog(log: AccessLog): void {
    log.request(this.client as ServerConnection, this.status, this.bodyBytes, this.startedMs);
  }

  /** Logs, once, and gives the session back, unless a connect still has to end. */
  protected finish(): void {
    this.leaveServer();
    const { log } = this.shared;
    if (log !== undefined) this.writeLog(log);
    this.client = undefined;
    if (this.connect.status !== 'pending') this.shared.release(this);
  }
}

/** May a request with this method be repeated once bytes of it were sent? */
export function isIdempotent(method: string): boolean {
  return !NOT_IDEMPOTENT.test(method);
}

export function isHead(head: MessageHead): boolean {
  return head.methodEnd === 4 && head.method === 'HEAD';
}
