import type { Socket } from 'node:net';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Outcome, SocketOperation } from '../../src/core/operation.ts';

/** What the port needs of each kind of socket. */
export interface NodeSocket {
  /** Takes over an operation that has begun. */
  submit(operation: SocketOperation): void;
  /** Ends a pending operation early, soon: the port never calls it for one that has ended. */
  abort(operation: SocketOperation, outcome: Outcome): void;
  /** Ends everything at once; every pending operation ends as `cancelled`. */
  destroy(): void;
  local(): Endpoint | undefined;
  remote(): Endpoint | undefined;
}

/** Closes with RST, so that the peer sees a cut; a UNIX socket has no RST, and Node throws. */
export function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

export function endpointOf(
  address: string | undefined,
  family: string | undefined,
  port: number | undefined,
): Endpoint | undefined {
  if (address === undefined) return undefined;
  return { family: family === 'IPv6' ? 'ipv6' : 'ipv4', address, port: port ?? 0 };
}
