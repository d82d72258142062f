import type { SocketId } from '../core/operation.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ClientShared } from '../http/client-connection.ts';
import type { AccessLog } from './access-log.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { Session } from './session.ts';
import type { UpstreamGroup } from './upstream-group.ts';

/** What all sessions of a proxy share. */
export interface SessionShared {
  readonly port: ProactorPort;
  readonly client: ClientShared;
  readonly group: UpstreamGroup;
  readonly pool: ConnectionPool;
  /** The Host field of every forwarded request, as a line. */
  readonly hostLine: string;
  readonly forwardedFor: boolean;
  readonly log: AccessLog | undefined;
  /** Calls `session.serversKnown` once the group's name has been looked up. */
  waitForServers(session: Session): void;
  /** Takes back a session that has ended. */
  release(session: Session): void;
  /** Closes a connection that came too late. */
  discard(socket: SocketId): void;
}
