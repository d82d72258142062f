import type { Socket } from 'node:net';
import { type NodeProactorPort, nodePort } from '../../../adapters/node/index.ts';
import type { SocketId } from '../../core/operation.ts';
import { ClientConnection } from '../../http/client-connection.ts';
import type { ClientOwner, ClientShared } from '../../http/client-options.ts';
import { ParserPool } from '../../http/parser-pool.ts';
import { poolOf } from '../../net/pool-of.ts';
import type { PoolKey } from '../../proxy/upstream/pool-key.ts';
import {
  type PoolCounters,
  type PoolLimits,
  UpstreamPool,
} from '../../proxy/upstream/upstream-pool.ts';
import { type DialTarget, dial } from './dial.ts';
import { fingerprint } from './tls-material.ts';

/** Where a request goes, and on what terms. */
export type Destination = DialTarget & {
  /** Between two reads of a response, in milliseconds. */
  readonly readMs: number;
  /** Is the connection kept for another request? */
  readonly keeps: boolean;
};

/**
 * How long a connection is kept without a request, in milliseconds: less than the 5 s after which
 * Node's own servers close it, so that a request seldom meets that end.
 */
const IDLE_MS = 4_000;
const LIMITS: PoolLimits = {
  idle: 256,
  idlePerPeer: 64,
  requests: 10_000,
  ageMs: 3_600_000,
  idleMs: IDLE_MS,
};
/** Destinations whose connections are kept; of more, the one used longest ago is forgotten. */
export const DESTINATIONS_MAX = 256;

/** Told of a connection for one request, or why there is none. */
export type Asker = {
  connected(connection: PooledConnection): void;
  failed(error: NodeJS.ErrnoException): void;
};

/** A connection of the engine on a socket that Node has opened; idle, it keeps no process alive. */
export class PooledConnection extends ClientConnection {
  readonly socket: Socket;

  constructor(shared: ClientShared, owner: ClientOwner, id: SocketId, socket: Socket) {
    super(shared, owner, id);
    this.socket = socket;
  }

  override rest(): void {
    this.socket.setTimeout(0);
    this.socket.unref();
    super.rest();
  }

  /** With FIN, as Node's own requests end: servers tend to report a RST as an error. */
  override destroy(): void {
    this.socket.destroy();
    super.destroy();
  }
}

/** All connections of one proxy to its targets. */
export class Connections implements ClientOwner {
  #port: NodeProactorPort | undefined;
  #pool: UpstreamPool<PooledConnection> | undefined;
  readonly #parsers = new ParserPool('response');
  /** In the order of their last use. */
  readonly #keys = new Map<string, PoolKey>();

  /** What became of connections; `undefined` before the first. */
  get counters(): Readonly<PoolCounters> | undefined {
    return this.#pool?.counters;
  }

  get idle(): number {
    return this.#pool?.idle ?? 0;
  }

  /** Open sockets, idle ones included. */
  get open(): number {
    return this.#port?.openSockets ?? 0;
  }

  /**
   * Finds an idle connection or opens one, and says so in a turn of the loop. `fresh`: always
   * opens one. What is returned gives it up.
   */
  ask(destination: Destination, fresh: boolean, asker: Asker): () => void {
    let giveUp: (() => void) | undefined;
    let wanted = true;
    this.inTurn(() => {
      if (!wanted) return;
      const pooled = fresh ? undefined : this.#take(destination);
      if (pooled !== undefined) {
        asker.connected(pooled);
        return;
      }
      giveUp = dial(destination, {
        connected: (socket) => {
          giveUp = undefined;
          this.#adopt(destination, socket, (connection) => {
            if (wanted) asker.connected(connection);
            else connection.destroy();
          });
        },
        failed: (error) => asker.failed(error),
      });
    });
    return () => {
      wanted = false;
      giveUp?.();
    };
  }

  /** Runs `task` soon, when the loop's time is the present: deadlines count from it. */
  inTurn(task: () => void): void {
    if (!this.#opened().loop.post(task)) throw new RangeError('too many tasks wait');
  }

  /** Takes a connection back whose exchange has ended. */
  give(destination: Destination, connection: PooledConnection): void {
    if (destination.keeps) this.#pooled().give(this.#keyOf(destination), connection);
    else connection.destroy();
  }

  idleConnectionGone(connection: ClientConnection): void {
    this.#pool?.idleConnectionGone(connection as PooledConnection);
  }

  /** Closes what is idle. */
  clear(): void {
    for (const key of this.#keys.values()) this.#pool?.close(key);
    this.#keys.clear();
  }

  #take(destination: Destination): PooledConnection | undefined {
    if (!destination.keeps) return undefined;
    const pooled = this.#pooled().take(this.#keyOf(destination));
    pooled?.socket.ref();
    return pooled;
  }

  #adopt(
    destination: Destination,
    socket: Socket,
    adopted: (connection: PooledConnection) => void,
  ): void {
    const port = this.#opened();
    const id = port.adopt(socket, destination.socketPath) as SocketId; // A million are never open.
    const { readMs } = destination;
    const shared: ClientShared = {
      port,
      buffers: poolOf(port),
      bulk: undefined,
      parsers: this.#parsers,
      // The client's own server bounds how long its body takes, and so how long a send does.
      timeouts: { readMs, sendMs: Number.isFinite(readMs) ? readMs : 0, idleMs: IDLE_MS },
    };
    this.inTurn(() => adopted(new PooledConnection(shared, this, id, socket)));
  }

  #opened(): NodeProactorPort {
    this.#port ??= nodePort();
    return this.#port;
  }

  #pooled(): UpstreamPool<PooledConnection> {
    this.#pool ??= new UpstreamPool(LIMITS, this.#opened().loop);
    return this.#pool;
  }

  #keyOf(destination: Destination): PoolKey {
    const { hostname, port, socketPath, localAddress, tls, readMs } = destination;
    const terms = [hostname, port, socketPath, localAddress, tls && fingerprint(tls), readMs];
    const text = JSON.stringify(terms);
    let key = this.#keys.get(text);
    if (key === undefined) {
      key = this.#pooled().open({ address: hostname, port, poolKey: text });
      const [[oldest, oldestKey] = []] = this.#keys;
      if (this.#keys.size === DESTINATIONS_MAX && oldest !== undefined && oldestKey !== undefined) {
        this.#keys.delete(oldest);
        this.#pooled().close(oldestKey);
      }
    } else this.#keys.delete(text);
    this.#keys.set(text, key);
    return key;
  }
}
