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
import type { Random } from '../core/random.ts';
import { SourceAddresses } from '../dns/system/source-addresses.ts';
import { BULK_BYTES, BULK_IDLE_MAX } from '../http/bulk-receive.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { HttpError } from '../http/http-error.ts';
import { ParserPool } from '../http/parser-pool.ts';
import { ActivityPool } from '../http/server-activity.ts';
import { ServerConnection } from '../http/server-connection.ts';
import type { Exchange, RequestHandler, ServerShared } from '../http/server-options.ts';
import { IoError } from '../net/io-error.ts';
import { AccessLog, type LogSink } from './access-log.ts';
import { ConnectionList } from './connection-list.ts';
import { Draining } from './draining.ts';
import type { NameParts } from './name-source.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { SeededRandom } from './seeded-random.ts';
import { Session } from './session.ts';
import type { SessionShared } from './session-shared.ts';
import { groupConfigOf } from './simple-group.ts';
import type { UpstreamPool } from './upstream/index.ts';
import { type TargetParts, UpstreamTarget } from './upstream-target.ts';

/** Accepts that are posted at once: connections that one turn can take in. */
const ACCEPTS = 64;
const SESSIONS_IDLE_MAX = 1024;
const DRAIN_MS = 30_000;
/** Wait before accepting goes on after descriptors ran out, or the like. */
const ACCEPT_PAUSE_MS = 500;

/** One of `lookup` and `resolver` is needed where an upstream is a name. */
export type ProxyParts = NameParts & {
  readonly log?: LogSink;
  /** What balancers that choose by chance go by. */
  readonly random?: Random;
};

/** A reverse proxy: listeners, and a session for each request that they take. */
export class ReverseProxy implements RequestHandler, SessionShared {
  readonly port: ProactorPort;
  readonly target: UpstreamTarget;
  protected readonly targetParts: TargetParts;
  readonly activities: ActivityPool;
  readonly forwardedFor: boolean;
  readonly earlyHints: boolean;
  readonly log: AccessLog | undefined;
  readonly #server: ServerShared;
  readonly #connections = new ConnectionList();
  readonly #sessions: Session[] = [];
  readonly #listeners: SocketId[] = [];
  #draining: Draining | undefined;

  constructor(port: ProactorPort, config: ProxyConfig, parts: ProxyParts = {}) {
    const { upstream, headLimits, timeouts, requestsMax, bodyBytesMax } = config;
    const buffers = new BufferPool();
    this.port = port;
    this.forwardedFor = config.forwardedFor;
    this.earlyHints = config.earlyHints;
    this.log = parts.log === undefined ? undefined : new AccessLog(port, parts.log);
    const responses = new ParserPool('response', headLimits);
    const direct = port.capabilities.receive === 'direct';
    const bulk = direct ? new BufferPool(BULK_BYTES, BULK_IDLE_MAX) : undefined;
    const { lookup, resolver } = parts;
    const random = parts.random ?? new SeededRandom(port.loop.nowMs());
    const sources = new SourceAddresses(port);
    const pools = { buffers, bulk, parsers: responses };
    const shared = { port, random, ...pools, sources, lookup, resolver };
    this.targetParts = shared;
    this.target = new UpstreamTarget(shared, groupConfigOf(upstream), upstream.authority);
    const requests = new ParserPool('request', headLimits, config.headRules);
    const limits = { requestsMax, bodyBytesMax };
    this.activities = new ActivityPool(port, buffers, requests, timeouts.sendMs);
    const { activities } = this;
    this.#server = { port, activities, timeouts, ...limits, handler: this };
  }

  /** Client connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Idle connections to servers. */
  get pool(): UpstreamPool<ClientConnection> {
    return this.target.pool;
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
   * it. Resolves when every connection is closed. Another call can only bring the end nearer.
   */
  close({ drainMs = DRAIN_MS }: { readonly drainMs?: number } = {}): Promise<void> {
    for (const listener of this.#listeners.splice(0)) {
      this.port.submit(closeOperation(listener, () => {}));
    }
    this.pool.retire();
    this.#draining ??= new Draining(
      this.port,
      this.#connections,
      () => this.cutAll(),
      () => {
        this.target.close();
        this.targetParts.sources.close();
        this.log?.flush();
      },
    );
    this.#draining.within(drainMs);
    return this.#draining.ended;
  }

  /** Ends every connection at once. */
  protected cutAll(): void {
    for (const connection of this.#connections.all()) connection.destroy();
  }

  request(connection: ServerConnection): Exchange {
    this.target.keepFresh();
    const session = this.#sessions.pop() ?? this.newSession();
    session.begin(connection);
    return session;
  }

  protected newSession(): Session {
    return new Session(this);
  }

  refused(connection: ServerConnection, error: HttpError): void {
    this.log?.refused(connection, error.status);
  }

  closed(connection: ServerConnection): void {
    this.#connections.remove(connection);
    this.#draining?.settle();
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
        this.#draining?.joined(connection);
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
