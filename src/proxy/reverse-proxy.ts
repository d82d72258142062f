import { BufferPool } from '../core/buffer-pool.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { AcceptOperation, SocketId } from '../core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  listenOperation,
  timerOperation,
} from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { BULK_BYTES, BULK_IDLE_MAX } from '../http/bulk-receive.ts';
import type { ClientShared } from '../http/client-connection.ts';
import type { HttpError } from '../http/http-error.ts';
import { ParserPool } from '../http/parser-pool.ts';
import { ServerConnection } from '../http/server-connection.ts';
import type { Exchange, RequestHandler, ServerShared } from '../http/server-options.ts';
import { IoError } from '../net/io-error.ts';
import { AccessLog, type LogSink } from './access-log.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { type Lookup, ServerNames } from './server-names.ts';
import { Session } from './session.ts';
import type { SessionShared } from './session-shared.ts';
import { UpstreamGroup } from './upstream-group.ts';

/** Accepts that are posted at once: connections that one turn can take in. */
const ACCEPTS = 64;
const SESSIONS_IDLE_MAX = 1024;
const DRAIN_MS = 30_000;
/** Wait before accepting goes on after descriptors ran out, or the like. */
const ACCEPT_PAUSE_MS = 500;

export type ProxyParts = {
  readonly log?: LogSink;
  /** Needed where the upstream is a name. */
  readonly lookup?: Lookup;
};

/** A reverse proxy: listeners, and a session for each request that they take. */
export class ReverseProxy implements RequestHandler, SessionShared {
  readonly port: ProactorPort;
  readonly client: ClientShared;
  readonly group: UpstreamGroup;
  readonly pool: ConnectionPool;
  readonly hostLine: string;
  readonly forwardedFor: boolean;
  readonly log: AccessLog | undefined;
  readonly #names: ServerNames | undefined;
  readonly #server: ServerShared;
  readonly #connections = new Set<ServerConnection>();
  readonly #sessions: Session[] = [];
  readonly #listeners: SocketId[] = [];
  #draining: (() => void) | undefined;

  constructor(port: ProactorPort, config: ProxyConfig, parts: ProxyParts = {}) {
    const { upstream, headLimits, timeouts, requestsMax, bodyBytesMax } = config;
    const buffers = new BufferPool();
    this.port = port;
    this.group = new UpstreamGroup(port.loop, upstream.triesMax, upstream.timeouts);
    this.pool = new ConnectionPool(upstream.idleMax);
    this.hostLine = `Host: ${upstream.authority}\r\n`;
    this.forwardedFor = config.forwardedFor;
    this.log = parts.log === undefined ? undefined : new AccessLog(port, parts.log);
    const responses = new ParserPool('response', headLimits);
    const direct = port.capabilities.receive === 'direct';
    const bulk = direct ? new BufferPool(BULK_BYTES, BULK_IDLE_MAX) : undefined;
    this.client = { port, buffers, bulk, parsers: responses, timeouts: upstream.timeouts };
    const requests = new ParserPool('request', headLimits);
    const limits = { requestsMax, bodyBytesMax };
    this.#server = { port, buffers, parsers: requests, timeouts, ...limits, handler: this };
    if ('name' in upstream.servers) {
      this.#names = new ServerNames(upstream.servers, parts.lookup, this.group, port);
    } else this.group.setServers(upstream.servers);
  }

  /** Client connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Opens a listener; resolves with where it listens, rejects with `IoError`. */
  listen(endpoint: Endpoint): Promise<Endpoint> {
    return new Promise((resolve, reject) => {
      const listen = listenOperation(endpoint, ({ status, fault, socket, bound }) => {
        if (status !== 'done') {
          reject(fault === undefined ? new Error(status) : new IoError(fault));
          return;
        }
        this.#listeners.push(socket);
        for (let i = 0; i < ACCEPTS; i += 1) this.#accept(socket);
        resolve(bound as Endpoint);
      });
      this.port.submit(listen);
    });
  }

  /**
   * Takes no more connections, lets what is in flight come to its end for `drainMs`, then ends
   * it. Resolves when every connection is closed.
   */
  close({ drainMs = DRAIN_MS }: { readonly drainMs?: number } = {}): Promise<void> {
    for (const listener of this.#listeners.splice(0)) {
      this.port.submit(closeOperation(listener, () => {}));
    }
    for (const connection of [...this.#connections]) connection.closeWhenIdle();
    this.pool.clear();
    return new Promise((resolve) => {
      const deadline = timerOperation(() => {
        for (const connection of [...this.#connections]) connection.destroy();
      });
      this.#draining = () => {
        this.port.cancel(deadline);
        this.pool.clear();
        this.#names?.stop();
        this.log?.flush();
        resolve();
      };
      if (this.#connections.size === 0) this.#draining();
      else {
        deadline.atMs = this.port.loop.nowMs() + drainMs;
        this.port.submit(deadline);
      }
    });
  }

  request(connection: ServerConnection): Exchange {
    this.#names?.keepFresh(this.port.loop.turnMs);
    const session = this.#sessions.pop() ?? new Session(this);
    session.begin(connection);
    return session;
  }

  refused(connection: ServerConnection, error: HttpError): void {
    this.log?.refused(connection, error.status);
  }

  closed(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#draining?.();
  }

  waitForServers(session: Session): void {
    if (this.#names === undefined) session.serversKnown(new Error('the group has no servers'));
    else this.#names.whenKnown(session);
  }

  release(session: Session): void {
    if (this.#sessions.length < SESSIONS_IDLE_MAX) this.#sessions.push(session);
  }

  discard(socket: SocketId): void {
    const close = closeOperation(socket, () => {});
    close.how = 'reset';
    this.port.submit(close);
  }

  #accept(listener: SocketId): void {
    const retry = timerOperation(() => this.port.submit(accept));
    const accept: AcceptOperation = acceptOperation(listener, () => {
      if (accept.status === 'done') {
        const connection = new ServerConnection(this.#server, accept.accepted);
        this.#connections.add(connection);
        if (this.#draining !== undefined) connection.closeWhenIdle(); // It came with the close.
        this.port.submit(accept);
      } else if (accept.fault?.class === 'peer') {
        this.port.submit(accept); // A connection that was gone before it was taken.
      } else if (accept.status === 'failed' && accept.fault?.code !== 'closed') {
        retry.atMs = this.port.loop.nowMs() + ACCEPT_PAUSE_MS;
        this.port.submit(retry);
      }
    });
    this.port.submit(accept);
  }
}
