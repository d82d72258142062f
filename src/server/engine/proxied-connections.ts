import type { SocketId } from '../../core/operation.ts';
import {
  type ProxyHeadFailure,
  type ProxyHeadOwner,
  ProxyHeadReader,
} from '../shared/proxy-head-reader.ts';
import type { ProxyHead } from '../shared/proxy-protocol.ts';
import type { HttpListener } from './listener.ts';

/** Takes a connection whose head was read. */
export type OpenProxied = (socket: SocketId, head: ProxyHead, ahead: Uint8Array) => void;

/** Connections of a listener with `proxy_protocol` that have not said yet whom they are for. */
export class ProxiedConnections implements ProxyHeadOwner {
  readonly #listener: HttpListener;
  readonly #open: OpenProxied;
  readonly #readers = new Set<ProxyHeadReader>();
  #ended: (() => void) | undefined;

  constructor(listener: HttpListener, open: OpenProxied) {
    this.#listener = listener;
    this.#open = open;
  }

  add(socket: SocketId): void {
    const { port } = this.#listener.site;
    const { headMs } = this.#listener.shared.timeouts;
    this.#readers.add(new ProxyHeadReader(port, socket, headMs, this));
  }

  /** They have not asked for anything: nobody waits for them. Resolves when they are closed. */
  stop(): Promise<void> {
    for (const reader of this.#readers) reader.stop();
    if (this.#readers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  proxied(reader: ProxyHeadReader, head: ProxyHead, ahead: Uint8Array): void {
    this.#readers.delete(reader);
    this.#open(reader.socket, head, ahead);
    this.#settle();
  }

  notProxied(reader: ProxyHeadReader, failure: ProxyHeadFailure | undefined): void {
    this.#readers.delete(reader);
    if (failure !== undefined) this.#log(failure);
    this.#settle();
  }

  #log({ level, text, client }: ProxyHeadFailure): void {
    const { site, servers, conf } = this.#listener;
    const log = site.environment.errorLog(servers.fallback.location.conf.errorLogs);
    if (log.takes(level)) log.write(level, `${text}, client: ${client}, server: ${conf.text}`);
  }

  #settle(): void {
    if (this.#readers.size === 0) this.#ended?.();
  }
}
