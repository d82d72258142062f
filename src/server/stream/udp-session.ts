import type { Endpoint } from '../../core/endpoint.ts';
import { formatEndpoint } from '../../net/address.ts';
import { STREAM_STATUS } from './stream-server.ts';
import { StreamSession } from './stream-session.ts';
import type { UdpService } from './udp-service.ts';

/** The datagrams of one client. */
export class UdpSession extends StreamSession {
  readonly isUdp = true;
  /** The client, among those of its service. */
  readonly key: string;
  readonly #service: UdpService;
  /** The one that the session has begun with, lent until its content has been begun. */
  first: Uint8Array = NONE;

  constructor(service: UdpService, from: Endpoint, key: string) {
    super(service.listener, from);
    this.key = key;
    this.#service = service;
    this.site.sessions.add(this);
  }

  get local(): Endpoint {
    return this.listener.endpoint;
  }

  /** `datagram` is lent. */
  begin(datagram: Uint8Array): void {
    if (this.takes('info')) {
      const from = formatEndpoint(this.peer);
      this.logBare('info', `udp client ${from} connected to ${this.listener.conf.text}`);
    }
    this.bytesReceived = datagram.length;
    this.first = datagram;
    this.run();
    this.first = NONE;
  }

  /** Another one of this client; lent, too. */
  datagram(data: Uint8Array): void {
    this.work?.datagram?.(data);
  }

  /** To the client. A socket that takes no more for now drops it. */
  send(data: Uint8Array): void {
    if (this.#service.sender.send(data, this.peer)) this.bytesSent += data.length;
  }

  /** What the client sends from now on is for another session. */
  detach(): void {
    this.#service.forget(this);
  }

  respond(text: string): void {
    if (text !== '') this.send(bytesOf(text));
    this.finish(STREAM_STATUS.ok);
  }

  protected closeClient(): void {
    this.detach();
    this.site.sessionClosed(this);
  }
}

const NONE = new Uint8Array(0);

/** Latin1. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
