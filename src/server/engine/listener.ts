import type { Endpoint } from '../../core/endpoint.ts';
import type { SocketId } from '../../core/operation.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Exchange, RequestHandler, ServerShared } from '../../http/server-options.ts';
import type { ListenConf } from '../conf/site-conf.ts';
import type { Site } from './site.ts';
import type { VirtualServers } from './virtual-servers.ts';

/** One listening address: its servers, and what its connections share. */
export class HttpListener implements RequestHandler {
  readonly site: Site;
  readonly conf: ListenConf;
  readonly servers: VirtualServers;
  readonly shared: ServerShared;
  /** Where it listens: the port is known. */
  endpoint: Endpoint;
  /** Takes a connection as if it had come to this address. */
  take: ((socket: SocketId) => void) | undefined;
  /** The one for every address, whose socket has the connections of this one, too. */
  within: HttpListener | undefined;
  /** Those that have no socket of their own, by their addresses. */
  #inner: Map<string, HttpListener> | undefined;

  constructor(
    site: Site,
    conf: ListenConf,
    servers: VirtualServers,
    shared: Omit<ServerShared, 'handler'>,
  ) {
    this.site = site;
    this.conf = conf;
    this.servers = servers;
    this.endpoint = conf.endpoint;
    this.shared = { ...shared, handler: this };
  }

  /** Takes the connections of `inner`, too. */
  adopt(inner: HttpListener): void {
    inner.within = this;
    this.#inner ??= new Map();
    this.#inner.set(inner.endpoint.address, inner);
  }

  get inner(): readonly HttpListener[] {
    return this.#inner === undefined ? [] : [...this.#inner.values()];
  }

  /** The listener of the address that the client has connected to. */
  #of(connection: ServerConnection): HttpListener {
    return this.#inner?.get(connection.localAddress) ?? this;
  }

  request(connection: ServerConnection): Exchange {
    const request = this.site.take();
    this.site.countRequest();
    request.listener = this.#inner === undefined ? this : this.#of(connection);
    request.begin(connection);
    return request;
  }

  /** Requests answer what is refused: see `takeRefused`. */
  refused(): void {}

  takeRefused(connection: ServerConnection, error: HttpError): Exchange {
    const request = this.site.take();
    request.listener = this.#of(connection);
    this.site.countRequest();
    request.beginRefused(connection, error);
    return request;
  }

  leftIdle(connection: ServerConnection): void {
    const text = `client ${connection.address} closed keepalive connection`;
    this.site.logs.connection(connection, this.servers.fallback.location.conf, 'info', text);
  }

  closed(connection: ServerConnection): void {
    this.site.connectionClosed(connection);
  }
}
