import type { Endpoint } from '../../core/endpoint.ts';
import type { SendOperation, SocketId } from '../../core/operation.ts';
import { closeOperation } from '../../core/operations.ts';
import { Outbox, type OutboxOwner } from '../../core/outbox/outbox.ts';
import { formatEndpoint } from '../../net/address.ts';
import {
  type ProxyHeadFailure,
  type ProxyHeadOwner,
  ProxyHeadReader,
} from '../shared/proxy-head-reader.ts';
import type { ProxyHead } from '../shared/proxy-protocol.ts';
import type { StreamListener } from './stream-listener.ts';
import { STREAM_STATUS } from './stream-server.ts';
import { StreamSession } from './stream-session.ts';

const NO_BYTES = new Uint8Array(0);
/** How long what a client still sends is read and dropped, so that it sees our end and no reset. */
export const STREAM_LINGER_MS: number = 2_000;
/** Time that a client may take for the text of `return` (nginx's). */
const RESPOND_MS = 5_000;
const UNKNOWN: Endpoint = { family: 'unix', address: '', port: 0 };

/** A connection of a client. */
export class TcpSession extends StreamSession implements OutboxOwner, ProxyHeadOwner {
  readonly isUdp = false;
  readonly socket: SocketId;
  readonly passes: number;
  /** Bytes of the client that were received and that nobody has taken yet. */
  preread: Uint8Array = NO_BYTES;
  /** Somebody else closes the socket, and tells when it is closed. */
  #isGiven = false;
  #reader: ProxyHeadReader | undefined;
  #local: Endpoint | undefined;

  /** `passes`: how often the connection was passed from one address to another. */
  constructor(listener: StreamListener, socket: SocketId, passes = 0) {
    const { port } = listener.site;
    const peer = port.remoteEndpoint(socket) ?? UNKNOWN;
    super(listener, peer);
    this.socket = socket;
    this.passes = passes;
    this.site.sessions.add(this);
  }

  /** Only where the address of the listener does not say it, the system is asked. */
  get local(): Endpoint {
    const { endpoint, isWildcard } = this.listener;
    if (!isWildcard) return endpoint;
    this.#local ??= this.site.port.localEndpoint(this.socket) ?? endpoint;
    return this.#local;
  }

  begin(): void {
    if (this.takes('info')) {
      const from = formatEndpoint(this.peer);
      this.logBare('info', `client ${from} connected to ${this.listener.conf.text}`);
    }
    if (this.listener.conf.proxyProtocol) this.#readHead();
    else this.run();
  }

  proxied(_: ProxyHeadReader, head: ProxyHead, ahead: Uint8Array): void {
    this.#reader = undefined;
    this.proxyHead = head;
    this.preread = Uint8Array.from(ahead);
    if (!this.ended) this.run();
    else this.closeClient(true);
  }

  /** The socket is closed. */
  notProxied(_: ProxyHeadReader, failure: ProxyHeadFailure | undefined): void {
    this.#reader = undefined;
    const isLate = failure?.level === 'info';
    if (!this.ended) {
      this.log('info', failure?.text ?? 'no header');
      this.#isGiven = true;
      this.finish(isLate ? STREAM_STATUS.ok : STREAM_STATUS.badRequest);
    }
    this.closed();
  }

  /** The socket is the caller's to close; it tells by `closed`. */
  give(): SocketId {
    this.#isGiven = true;
    return this.socket;
  }

  /** The connection is somebody else's now: no line is written for it here. */
  leave(): SocketId {
    this.ended = true;
    for (const release of this.atEnd) release(this);
    this.closed();
    return this.socket;
  }

  /** Nothing is left of it. */
  closed(): void {
    this.site.sessionClosed(this);
  }

  respond(text: string): void {
    if (text === '') {
      this.finish(STREAM_STATUS.ok);
      return;
    }
    const { port, buffers } = this.site;
    const outbox = new Outbox(port, buffers, this, this.socket);
    outbox.sendTimeoutMs = RESPOND_MS;
    this.work = { stop: () => outbox.discard() };
    outbox.appendText(text);
    this.bytesSent = text.length;
  }

  outboxLevel(): void {}

  outboxDrained(): void {
    this.finish(STREAM_STATUS.ok);
  }

  outboxBroken({ status, bytes }: SendOperation): void {
    this.bytesSent = bytes;
    if (status === 'expired') this.log('info', 'connection timed out (110: Connection timed out)');
    this.finish(status === 'expired' ? STREAM_STATUS.ok : STREAM_STATUS.internalError, true);
  }

  #readHead(): void {
    const { proxyProtocolTimeout } = this.server.conf;
    const { port } = this.site;
    const reader = new ProxyHeadReader(port, this.socket, proxyProtocolTimeout, this);
    this.#reader = reader;
    this.work = { stop: () => reader.stop() };
  }

  protected closeClient(reset: boolean): void {
    // A reader closes the socket itself.
    if (this.#isGiven || this.#reader !== undefined) return;
    const close = closeOperation(this.socket, () => this.closed());
    close.lingerMs = STREAM_LINGER_MS;
    if (reset) close.how = 'reset';
    this.site.port.submit(close);
  }
}
