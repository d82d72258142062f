import { InvariantError } from '../../src/core/invariant-error.ts';
import type { SocketId } from '../../src/core/operation.ts';
import { ReadPace } from './read-pace.ts';
import type { SimPort } from './sim-port.ts';
import type { TcpBlock } from './tcp-block.ts';
import { tellWindow } from './tcp-calls.ts';
import { breakByReset } from './tcp-input.ts';

/** Either face of a simulated port. */
type Face = { readonly port: SimPort };

/** How slow a reader is; what is absent stays as it was. */
export type ReaderLimits = {
  /** The receive buffer, and so the window that the peer is told, in bytes. */
  readonly windowBytes?: number;
  /** As if the program read only so fast. */
  readonly bytesPerSecond?: number;
};

/** Makes the reader of one connection slow. */
export function slowReader(face: Face, socket: SocketId, limits: ReaderLimits): void {
  const block = connectionOf(face, socket);
  const { windowBytes, bytesPerSecond } = limits;
  if (windowBytes !== undefined) {
    block.receiveRing.capacity = Math.min(windowBytes, block.receiveRing.capacity);
    tellWindow(block);
  }
  if (bytesPerSecond !== undefined) {
    block.pace = new ReadPace(block.host.network.events, block, bytesPerSecond);
  }
}

/** Breaks a connection as a middlebox does: both ends see a RST at this moment. */
export function injectReset(face: Face, socket: SocketId): void {
  const block = connectionOf(face, socket);
  const { trace, events } = block.host.network;
  trace.note('injected-RST', events.nowMs, block.host.index, socket, 0);
  const peer = block.link.to.connection(block.peerKey);
  breakByReset(block);
  if (peer !== undefined) breakByReset(peer);
}

function connectionOf({ port }: Face, socket: SocketId): TcpBlock {
  const transport = port.sockets.get(socket)?.transport;
  if (transport?.kind !== 'tcp') throw new InvariantError(`socket ${socket} is no connection`);
  return transport;
}
