import type { Endpoint } from '../endpoint.ts';
import type { OperationBase, SocketId } from './operation-base.ts';

/**
 * Receives one datagram; an empty one is `done` with `size` 0. With `into`, what does not fit is
 * cut: `truncated`, and `size` is still the datagram's. Without it the port lends a view.
 */
export type UdpRecvOperation = OperationBase & {
  readonly kind: 'udpRecv';
  socket: SocketId;
  into: Uint8Array | undefined;
  data: Uint8Array;
  offset: number;
  bytes: number;
  size: number;
  truncated: boolean;
  from: Endpoint | undefined;
};

/** Ends as `done` with its `size` when a datagram waits, as `icmp` on a notice, which it consumes. */
export type UdpPeekOperation = OperationBase & {
  readonly kind: 'udpPeek';
  socket: SocketId;
  size: number;
};

/**
 * Sends `data` as one datagram, to `to` unless the socket is connected. `relaxed`: nobody waits for
 * `done`, which may come with a later turn, one that something else brings about.
 */
export type UdpSendOperation = OperationBase & {
  readonly kind: 'udpSend';
  socket: SocketId;
  data: Uint8Array;
  to: Endpoint | undefined;
  relaxed: boolean;
};
