import type { ConnectOperation } from '../core/operation.ts';
import { connectOperation } from '../core/operations.ts';
import type { Level } from '../core/outbox/water-marks.ts';
import type { ClientExchange, ClientFailure } from '../http/client-connection.ts';
import { ClientConnection } from '../http/client-connection.ts';
import type { HttpError } from '../http/http-error.ts';
import type { MessageHead } from '../http/message-head.ts';
import { reply } from '../http/reply.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../http/send-body.ts';
import { requestHead, responseHead } from '../http/serializer.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { Exchange } from '../http/server-options.ts';
import { connectError, ProxyError, responseError } from './proxy-error.ts';
import type { SessionShared } from './session-shared.ts';

const NO_ENDPOINT = { family: 'ipv4', address: '0.0.0.0', port: 0 } as const;
/** Not repeated once bytes were sent: nginx's list. */
const NOT_IDEMPOTENT = /^(?:POST|LOCK|PATCH)$/;

/**
 * One request and its answer, between a client and a server of the group. Sessions are used again
 * and again; `#client` is set while one is in use.
 *
 *   begin → pooled connection? ──yes──────────────→ send head → relay both bodies → end
 *             └─no→ connect ──ok─────────────────────↑ ↑
 *                     └─fails→ next server, while any ─┘ └─ a pooled one that proves dead
 */
export class Session implements Exchange, ClientExchange {
  readonly #shared: SessionShared;
  readonly #connect: ConnectOperation;
  #client: ServerConnection | undefined;
  #upstream: ClientConnection | undefined;
  #server = 0;
  /** Servers of this request's attempts, in order. */
  readonly #tried: number[] = [];
  /** Body bytes that were handed to an upstream: they are not kept, so they cannot be sent again. */
  #bodySent = false;
  #requestEnded = false;
  #responseStarted = false;
  #reframes = false;
  #closesAfter = false;
  #waitsForServers = false;
  #error: ProxyError | HttpError | undefined;
  #status = 0;
  /** Body bytes of the response that were queued for the client. */
  #bodyBytes = 0;
  #startedMs = 0;

  constructor(shared: SessionShared) {
    this.#shared = shared;
    this.#connect = connectOperation(NO_ENDPOINT, () => this.#connected());
  }

  begin(client: ServerConnection): void {
    this.#client = client;
    this.#tried.length = 0;
    this.#bodySent = false;
    this.#requestEnded = !client.requestHasBody;
    this.#responseStarted = false;
    this.#waitsForServers = false;
    this.#error = undefined;
    this.#status = 0;
    this.#bodyBytes = 0;
    this.#startedMs = this.#shared.port.loop.turnMs;
    this.#nextServer();
  }

  requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const upstream = this.#upstream as ClientConnection;
    this.#bodySent = true;
    if (upstream.outbox.broken) {
      this.#client?.pauseRequest(); // Nothing more is taken; its answer, if any, is on its way.
      return;
    }
    const { framing } = (this.#client as ServerConnection).head;
    const send = framing === 'chunked' ? sendChunk : sendBytes;
    if (!send(upstream.outbox, data, from, to, owned)) this.#fail('WriteTimeout', undefined);
    else if (upstream.outbox.level === 'high') this.#client?.pauseRequest();
  }

  requestEnd(): void {
    this.#requestEnded = true;
    if (this.#upstream !== undefined) this.#upstream.requestOpen = false;
    if (this.#client?.head.framing === 'chunked') this.#upstream?.outbox.appendText(LAST_CHUNK);
  }

  /** The client is gone, or has been answered by its connection: the upstream's work is moot. */
  requestFailed(error: HttpError | undefined): void {
    this.#error = error;
    this.#status = error?.status ?? 499;
    this.#upstream?.destroy();
    this.#upstream = undefined;
    this.#shared.port.cancel(this.#connect);
    this.#finish();
  }

  responseLevel(level: Level): void {
    if (level === 'open') this.#upstream?.resumeResponse();
    else this.#upstream?.pauseResponse();
  }

  requestLevel(level: Level): void {
    if (level === 'open') this.#client?.resumeRequest();
    else this.#client?.pauseRequest();
  }

  responseHead(head: MessageHead): void {
    const client = this.#client as ServerConnection;
    const old = client.head.minorVersion === 0;
    this.#status = head.status;
    this.#responseStarted = true;
    this.#reframes = head.framing === 'chunked' && !old;
    this.#closesAfter =
      !client.persistent || head.framing === 'close' || (head.framing === 'chunked' && old);
    let ours = this.#reframes ? 'Transfer-Encoding: chunked\r\n' : '';
    if (this.#closesAfter) ours += 'Connection: close\r\n';
    else if (old) ours += 'Connection: keep-alive\r\n';
    client.send(responseHead(head, ours));
  }

  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const client = this.#client as ServerConnection;
    this.#bodyBytes += to - from;
    const pool = this.#upstream?.claimChunk(data, to - from);
    const send = this.#reframes ? sendChunk : sendBytes;
    const taken =
      pool === undefined
        ? send(client.outbox, data, from, to, owned)
        : client.outbox.appendChunk(pool, data, from, to);
    if (!taken) this.#fail('WriteTimeout', undefined);
  }

  responseEnd(): void {
    const client = this.#client as ServerConnection;
    const upstream = this.#upstream as ClientConnection;
    this.#upstream = undefined;
    if (this.#reframes) client.send(LAST_CHUNK);
    // An answer that came before the request's end leaves a connection in an unknown state.
    if (this.#requestEnded) this.#shared.pool.give(this.#server, upstream);
    else upstream.destroy();
    const reuse = !this.#closesAfter;
    this.#finish();
    client.endResponse(reuse);
  }

  responseFailed(failure: ClientFailure): void {
    const upstream = this.#upstream as ClientConnection;
    this.#upstream = undefined;
    this.#error = responseError(failure);
    if (this.#responseStarted) {
      this.#cut();
      return;
    }
    const stale = upstream.exchanges > 1 && failure.kind === 'closed';
    if (upstream.responseBytes === 0 && this.#mayRepeat) {
      // A pooled connection that proves dead says nothing about its server: no try is used up.
      if (stale) this.#tried.pop();
      if (failure.kind !== 'protocol') {
        this.#nextServer();
        return;
      }
    }
    this.#answer(this.#error);
  }

  /** Takes a connection to the next server of the group, or opens one. */
  #nextServer(): void {
    const { group, pool } = this.#shared;
    const client = this.#client as ServerConnection;
    if (this.#tried.length >= group.triesMax) {
      this.#answer(this.#error ?? new ProxyError('NoUpstream', 'internal', undefined));
      return;
    }
    this.#server = group.next(this.#tried);
    if (this.#server < 0) {
      client.pauseRequest();
      this.#waitsForServers = true;
      this.#shared.waitForServers(this);
      return;
    }
    this.#tried.push(this.#server);
    const pooled = pool.take(this.#server);
    if (pooled !== undefined) {
      this.#sendTo(pooled);
      return;
    }
    client.pauseRequest();
    this.#connect.endpoint = group.endpoint(this.#server);
    // The answer to a look-up comes outside of a turn, whose time may be long ago.
    this.#connect.deadlineMs = this.#shared.port.loop.nowMs() + group.timeouts.connectMs;
    this.#shared.port.submit(this.#connect);
  }

  /** The servers' names were looked up; `error` says why there are still none. */
  serversKnown(error: unknown): void {
    // A client that waited may have left, and this session serve another one by now.
    if (this.#client === undefined || !this.#waitsForServers) return;
    this.#waitsForServers = false;
    if (error === undefined) this.#nextServer();
    else this.#answer(new ProxyError('DnsFailure', 'upstream', error));
  }

  #connected(): void {
    const { status, socket, fault } = this.#connect;
    if (this.#client === undefined) {
      // The client left while this was on its way; the session waited for it.
      if (status === 'done') this.#shared.discard(socket);
      this.#shared.release(this);
      return;
    }
    if (status === 'done') {
      this.#sendTo(new ClientConnection(this.#shared.client, this.#shared.pool, socket));
      return;
    }
    this.#error = connectError(status, fault);
    this.#shared.group.failed(this.#server);
    this.#nextServer();
  }

  #sendTo(upstream: ClientConnection): void {
    const client = this.#client as ServerConnection;
    const { head } = client;
    this.#upstream = upstream;
    const address = this.#shared.forwardedFor ? client.address : '';
    upstream.begin(this, isHead(head));
    upstream.requestOpen = !this.#requestEnded;
    upstream.outbox.appendText(requestHead(head, this.#shared.hostLine, address));
    if (this.#requestEnded && head.framing === 'chunked') upstream.outbox.appendText(LAST_CHUNK);
    if (client.paused) client.resumeRequest();
  }

  get #mayRepeat(): boolean {
    if (this.#bodySent) return false;
    return !NOT_IDEMPOTENT.test((this.#client as ServerConnection).head.method);
  }

  #fail(type: 'WriteTimeout', cause: unknown): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
    this.#error = new ProxyError(type, 'upstream', cause);
    if (this.#responseStarted) this.#cut();
    else this.#answer(this.#error);
  }

  /** Part of the response is out: the client must see that the rest is missing. */
  #cut(): void {
    const client = this.#client as ServerConnection;
    this.#finish();
    client.abort();
  }

  #answer(error: ProxyError | HttpError): void {
    const client = this.#client as ServerConnection;
    const { head } = client;
    // An HTTP/1.0 client would have to be told that its connection is kept.
    const reuse = client.persistent && this.#requestEnded && head.minorVersion === 1;
    this.#error = error;
    this.#status = error.status;
    const body = `${error.status}\n`;
    const text = reply(error.status, body, reuse);
    client.send(isHead(head) ? text.slice(0, -body.length) : text);
    this.#finish();
    client.endResponse(reuse);
  }

  /** Logs, once, and gives the session back, unless a connect still has to end. */
  #finish(): void {
    const client = this.#client as ServerConnection;
    this.#shared.log?.request(client, this.#status, this.#bodyBytes, this.#startedMs);
    this.#client = undefined;
    if (this.#connect.status !== 'pending') this.#shared.release(this);
  }
}

function isHead(head: MessageHead): boolean {
  return head.methodEnd === 4 && head.method === 'HEAD';
}
