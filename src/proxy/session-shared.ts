import type { SocketId } from '../core/operation.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { ClientShared } from '../http/client-options.ts';
import type { AccessLog } from './access-log.ts';
import type { Peer } from './framework/peers.ts';
import type { Session } from './session.ts';
import type { UpstreamGroup, UpstreamPool } from './upstream/index.ts';

/** Who waits until the names of servers were looked up. */
export interface ServersWaiter {
  /** `error` says why there are still none. */
  serversKnown(error: unknown): void;
}

/** A group of servers and the connections to them. */
export interface Target {
  readonly group: UpstreamGroup<ClientConnection>;
  readonly pool: UpstreamPool<ClientConnection>;
  readonly client: ClientShared;
  /** The Host field of every request that is forwarded there, as a line. */
  readonly hostLine: string;
  /** The server of this index, as handlers see it. */
  peerOf(server: number): Peer;
  /**
   * Where no server is known yet: calls `waiter.serversKnown` once there is an answer. `false`:
   * there is nothing to wait for.
   */
  waitForServers(waiter: ServersWaiter): boolean;
}

/** What all sessions of a proxy share. */
export interface SessionShared {
  readonly port: ProactorPort;
  /** Where requests go that nobody sends elsewhere. */
  readonly target: Target;
  readonly forwardedFor: boolean;
  /** Is 103 forwarded? */
  readonly earlyHints: boolean;
  readonly log: AccessLog | undefined;
  /** Takes back a session that has ended. */
  release(session: Session): void;
  /** Closes a connection that came too late. */
  discard(socket: SocketId): void;
}
