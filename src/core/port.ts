import type { Capabilities } from './capabilities.ts';
import type { Endpoint } from './endpoint.ts';
import type { EventLoop } from './event-loop.ts';
import type { SocketId } from './operation.ts';

/** What was lost because a bound was met: exact, and never reset. */
export type Counters = {
  /** Connections that were reset because the queue of accepted ones, or the table, was full. */
  acceptsShed: number;
  /** Datagrams that were dropped because the queue of a socket was full. */
  datagramsDropped: number;
};

/** What both kinds of port have besides their operations. */
export interface Port {
  /** The adapter's name, and how it is bridged: `node`, `reactorFrom(node)`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Time, timers, posted tasks and flush points. */
  readonly loop: EventLoop;
  readonly counters: Readonly<Counters>;
  /** Open sockets and those being opened, listeners included: 0 when nothing leaks. */
  readonly openSockets: number;
  /** Both are `undefined` once the socket is gone. */
  localEndpoint(socket: SocketId): Endpoint | undefined;
  remoteEndpoint(socket: SocketId): Endpoint | undefined;
  /**
   * Ends everything: what is pending ends as `cancelled`, sockets are reset, later submissions
   * end as `failed` with `closed`. `onClosed` runs last. A second call only adds its `onClosed`.
   */
  close(onClosed?: () => void): void;
}
