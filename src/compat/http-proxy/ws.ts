import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { MessageHead } from '../../http/message-head.ts';
import type { Destination } from './connections.ts';
import { dial } from './dial.ts';
import { hungUp } from './node-error.ts';
import type { ProxyTarget, ServerOptions } from './options.ts';
import { isForOneConnection, nominatedBy, type Outgoing, outgoing } from './outgoing.ts';
import { type Carrier, OutgoingRequest } from './outgoing-request.ts';
import type { ErrorCallback, Events } from './proxy-events.ts';
import { UpstreamResponse } from './upstream-response.ts';
import { readAnswer, relayBody } from './ws-handshake.ts';

/** How long the target may take to answer an upgrade, in milliseconds, unless `proxyTimeout` says. */
const ANSWER_MS = 120_000;
/** How long what is left for one side may take to go out once the other has gone. */
const DRAIN_MS = 30_000;

/** One client's upgrade, and who wants to hear of it. */
export type WsCall = {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly options: ServerOptions;
  readonly callback: ErrorCallback | undefined;
  readonly events: Events;
};

/** Proxies one upgrade to WebSocket; from then on bytes are relayed as they come. */
export function proxyWs(call: WsCall): void {
  const { req, socket } = call;
  if (req.method !== 'GET' || req.headers.upgrade?.toLowerCase() !== 'websocket') {
    socket.destroy();
    return;
  }
  let to: Outgoing;
  try {
    to = outgoing(req, call.options, 'target', 'ws');
  } catch (error) {
    socket.on('error', () => {});
    report(call, error as Error, call.options.target as ProxyTarget);
    socket.end();
    return;
  }
  new Tunnel(call, to).begin();
}

function report({ req, socket, callback, events }: WsCall, error: Error, to: ProxyTarget): void {
  if (callback !== undefined) callback(error, req, socket, to);
  else if (events.listenerCount('error') > 0) events.emit('error', error, req, socket, to);
}

class Tunnel implements Carrier {
  readonly #call: WsCall;
  readonly #request: OutgoingRequest;
  readonly #destination: Destination;
  readonly #target: ProxyTarget;
  #giveUpDial: (() => void) | undefined;
  #upstream: Socket | undefined;
  /** Answered, failed or given up: the handshake is not to be ended again. */
  #over = false;

  constructor(call: WsCall, to: Outgoing) {
    this.#call = call;
    this.#destination = to.destination;
    this.#target = to.target.given;
    this.#request = new OutgoingRequest(to, call.req);
    this.#request.carrier = this;
  }

  begin(): void {
    const { req, socket, head, options, events } = this.#call;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 0);
    socket.on('error', () => {}); // `close` follows, and says all there is to say.
    if (head.length > 0) socket.unshift(head);
    this.#request.on('error', (error: Error) => this.#fail(error));
    socket.once('close', this.#clientGone);
    const shown = { ...options, target: this.#target };
    events.emit('proxyReqWs', this.#request, req, socket, shown, head);
    if (this.#over) return;
    if (socket.destroyed) {
      this.#clientGone();
      return;
    }
    this.#giveUpDial = dial(this.#destination, {
      connected: (upstream) => this.#connected(upstream),
      failed: (error) => this.#fail(error),
    });
  }

  /** An upgrade has no body (RFC 9110 §7.8). */
  write(_chunk: Buffer, taken: () => void): void {
    taken();
  }

  end(): void {}

  giveUp(error: Error | null): void {
    if (error === null) this.#fail(hungUp()); // Another one is the request's own event.
  }

  #connected(upstream: Socket): void {
    this.#upstream = upstream;
    upstream.on('error', () => {}); // As above.
    upstream.setKeepAlive(true, 0);
    this.#request.onSocket(upstream);
    this.#request.headersSent = true;
    const { method, path } = this.#request;
    if (/[^!-\u00ff]/.test(path)) {
      this.#fail(new TypeError('Request path contains unescaped characters'));
      return;
    }
    const lines = this.#request.fields.lines((key) => !isForOneConnection(key, []));
    upstream.write(
      `${method} ${path} HTTP/1.1\r\n${lines}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      'latin1',
    );
    readAnswer(upstream, this.#call.options.proxyTimeout || ANSWER_MS, {
      head: (head, behind) => this.#answered(upstream, head, behind),
      failed: (error) => this.#fail(error),
    });
  }

  #answered(upstream: Socket, head: MessageHead, behind: Buffer): void {
    const { socket, events } = this.#call;
    this.#over = true;
    socket.off('close', this.#clientGone);
    const proxyRes = new UpstreamResponse(head, upstream, { wanted() {}, unwanted() {} });
    proxyRes.complete = true;
    if (head.status !== 101) {
      const keepsLength = head.framing === 'length' ? [] : ['content-length'];
      socket.write(headText(proxyRes, keepsLength, 'Connection: close\r\n'), 'latin1');
      relayBody(upstream, socket, head.framing, head.contentLength, behind);
      return;
    }
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    socket.write(headText(proxyRes, [], upgrade), 'latin1');
    if (behind.length > 0) upstream.unshift(behind);
    upstream.once('close', () => events.emit('close', proxyRes, upstream, behind));
    join(socket, upstream);
    events.emit('open', upstream);
    events.emit('proxySocket', upstream);
  }

  readonly #clientGone = (): void => {
    this.#over = true;
    this.#giveUpDial?.();
    this.#upstream?.destroy();
  };

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    const { socket } = this.#call;
    socket.off('close', this.#clientGone);
    this.#giveUpDial?.();
    this.#upstream?.destroy();
    report(this.#call, error, this.#target);
    socket.end();
  }
}

/** A response head for the client. `own`: complete lines about this connection. */
function headText(proxyRes: IncomingMessage, without: readonly string[], own: string): string {
  const { statusCode, statusMessage, rawHeaders } = proxyRes;
  const nominated = [...nominatedBy(proxyRes.headers.connection), ...without];
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (isForOneConnection(name.toLowerCase(), nominated)) continue;
    text += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  return `${text}${own}\r\n`;
}

/** Relays both ways, with each side's pressure. When one has gone, the other gets the rest. */
function join(client: Socket, upstream: Socket): void {
  const follow = (gone: Socket, other: Socket) => {
    gone.once('close', () => {
      other.setTimeout(DRAIN_MS, () => other.destroy());
      other.destroySoon();
    });
  };
  follow(client, upstream);
  follow(upstream, client);
  upstream.pipe(client);
  client.pipe(upstream);
}
