import { EventEmitter } from 'node:events';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server as PlainServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connections } from './connections.ts';
import { checkOptions, mergeOptions, type ServerOptions } from './options.ts';
import type { ErrorCallback, ProxyEvents } from './proxy-events.ts';
import { proxyWeb } from './web.ts';
import { proxyWs } from './ws.ts';

/** What `new` makes and what a plain call makes are the same: http-proxy's users do both. */
export type CreateProxyServer = {
  (options?: ServerOptions): ProxyServer;
  new (options?: ServerOptions): ProxyServer;
};

/** The proxy of `http-proxy`, on this project's HTTP engine and pool. */
export class ProxyServer extends EventEmitter<ProxyEvents> {
  static readonly createProxyServer: CreateProxyServer = createProxyServer as CreateProxyServer;
  static readonly createServer: CreateProxyServer = createProxyServer as CreateProxyServer;
  static readonly createProxy: CreateProxyServer = createProxyServer as CreateProxyServer;

  readonly options: ServerOptions;
  readonly connections: Connections = new Connections();
  #server: PlainServer | SecureServer | undefined;

  constructor(options: ServerOptions = {}) {
    super();
    checkOptions(options);
    this.options = options;
  }

  /** Proxies a request that a server of Node's has received; its body must not be read before. */
  web = (
    req: IncomingMessage,
    res: ServerResponse,
    given?: ServerOptions | ErrorCallback,
    callback?: ErrorCallback,
  ): void => {
    const [options, told] = argumentsOf(this.options, given, callback);
    if (!this.#hasTarget(options, options.forward, req, res)) return;
    const { connections } = this;
    proxyWeb({ req, res, options, callback: told, events: this, connections });
  };

  /** Proxies an upgrade to WebSocket; `head` is what the client has sent behind its request. */
  ws = (
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    given?: ServerOptions | ErrorCallback,
    callback?: ErrorCallback,
  ): void => {
    const [options, told] = argumentsOf(this.options, given, callback);
    // Node's type is wider than what its servers hand out.
    const client = socket as Socket;
    if (!this.#hasTarget(options, undefined, req, client)) return;
    proxyWs({ req, socket: client, head, options, callback: told, events: this });
  };

  /** The older names. */
  proxyRequest: typeof this.web = this.web;
  proxyWebsocketRequest: typeof this.ws = this.ws;

  /** Serves everything that comes to `port`; upgrades, too, with the option `ws`. */
  listen(port: number, hostname?: string): this {
    const { ssl, ws } = this.options;
    const handler = (req: IncomingMessage, res: ServerResponse) => this.web(req, res);
    const server = ssl ? createSecureServer(ssl, handler) : createPlainServer(handler);
    if (ws) server.on('upgrade', (req, socket, head) => this.ws(req, socket, head));
    this.#server = server;
    server.listen(port, hostname);
    return this;
  }

  /** The server that `listen` has made: for its address, and its own events. */
  get _server(): PlainServer | SecureServer | undefined {
    return this.#server;
  }

  /** Stops listening and closes idle connections; `callback` once all clients have gone. */
  close(callback?: (error?: Error) => void): void {
    this.connections.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) server.close(callback);
    else if (callback !== undefined) queueMicrotask(callback);
  }

  /** Not to be had: there is no list of passes here. */
  before(): never {
    throw new TypeError('before() is not supported: use the events proxyReq and proxyRes');
  }

  /** Not to be had, as `before`. */
  after(): never {
    throw new TypeError('after() is not supported: use the events proxyReq and proxyRes');
  }

  #hasTarget(
    options: ServerOptions,
    forward: unknown,
    req: IncomingMessage,
    res: ServerResponse | Socket,
  ): boolean {
    if (options.target || forward) return true;
    this.emit('error', new Error('Must provide a proper URL as target'), req, res);
    return false;
  }
}

/** Makes a proxy; it listens to nothing until it is told to. */
export function createProxyServer(options?: ServerOptions): ProxyServer {
  return new ProxyServer(options);
}

function argumentsOf(
  defaults: ServerOptions,
  given: ServerOptions | ErrorCallback | undefined,
  callback: ErrorCallback | undefined,
): [ServerOptions, ErrorCallback | undefined] {
  if (typeof given === 'function') return [defaults, given];
  return [mergeOptions(defaults, given), callback];
}
