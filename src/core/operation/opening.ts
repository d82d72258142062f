import type { Endpoint } from '../endpoint.ts';
import type { OperationBase, SocketId } from './operation-base.ts';

/**
 * Who is woken when a connection comes to a listening descriptor that several ports share: all of
 * them, or, with `exclusive`, only those that wait for an accept, and no more of them than the
 * kernel must (see the adapter). Each connection goes to one port in any case.
 */
export type AcceptBalance = 'none' | 'exclusive';

/** Opens a listening socket. Ends as `done` with `socket` and `bound` set. */
export type ListenOperation = OperationBase & {
  readonly kind: 'listen';
  endpoint: Endpoint;
  /** Connections the kernel may hold before they are accepted. */
  backlog: number;
  /** Shares the port with other sockets that say the same (SO_REUSEPORT). */
  reusePort: boolean;
  /**
   * Connections whose first bytes may come with their SYN (RFC 7413) and that are not confirmed
   * yet; 0 takes none. The system may forbid it without a word (net.ipv4.tcp_fastopen).
   */
  fastOpen: number;
  balance: AcceptBalance;
  /** Set from submit on; usable once `done`. */
  socket: SocketId;
  /** Where it listens: the port is never 0. */
  bound: Endpoint | undefined;
};

/** Takes the next connection of a listening socket, in the order in which they came. */
export type AcceptOperation = OperationBase & {
  readonly kind: 'accept';
  socket: SocketId;
  accepted: SocketId;
};

/** Opens a connection, from `local` where one is given (its port may be 0). */
export type ConnectOperation = OperationBase & {
  readonly kind: 'connect';
  endpoint: Endpoint;
  local: Endpoint | undefined;
  /**
   * The first send goes with the SYN where the peer has agreed to that earlier (RFC 7413). Then
   * `done` comes before the peer has answered: it hears nothing before that send, its refusal
   * meets whatever comes next, and it may get the first bytes twice, so they must not mind.
   */
  fastOpen: boolean;
  /** Set from submit on; usable once `done`; gone again after every other outcome. */
  socket: SocketId;
};

/** What a socket can be asked for. */
export type SocketKind = 'stream' | 'listener' | 'datagrams';

/**
 * Takes over `descriptor`, which the caller owns: it is the port's once this is `done`, and still
 * the caller's after every other outcome. It must be what `as` says; a stream may have unread
 * bytes, a listener connections that wait. The port makes it non-blocking and closes it on exec,
 * which holds for every process that has it, too. Closing a stream gracefully ends it for all
 * of them; closing a listener ends nothing that others have. A name in the file system stays the
 * caller's.
 */
export type AdoptOperation = OperationBase & {
  readonly kind: 'adopt';
  descriptor: number;
  as: SocketKind;
  /** For a listener. */
  balance: AcceptBalance;
  /** Set from submit on; usable once `done`. */
  socket: SocketId;
  bound: Endpoint | undefined;
};

/** Opens a datagram socket on `local`; with `remote` it is connected and hears from it alone. */
export type UdpOpenOperation = OperationBase & {
  readonly kind: 'udpOpen';
  local: Endpoint;
  remote: Endpoint | undefined;
  /** Set from submit on; usable once `done`. */
  socket: SocketId;
  bound: Endpoint | undefined;
};
