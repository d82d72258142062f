import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import type { Outcome, SocketOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { SocketTable } from '../../src/core/socket-table.ts';
import type { PipePool } from '../linux/pipes.ts';
import type { BulkReceiving } from './bulk-receiving.ts';
import type { PortMemory } from './port-memory.ts';
import type { ProvidedBuffers } from './provided-buffers.ts';
import type { Ring } from './ring.ts';
import type { SystemCalls } from './system-calls.ts';
import type { UringLane } from './uring-lane.ts';
import type { UringSocket } from './uring-socket.ts';

/** What the parts of the port share: the ring, memory, and the way back to the callers. */
export interface Driver {
  readonly calls: SystemCalls;
  readonly ring: Ring;
  readonly memory: PortMemory;
  readonly buffers: ProvidedBuffers;
  readonly bulk: BulkReceiving;
  readonly pipes: PipePool;
  readonly sockets: SocketTable<UringSocket>;
  readonly loop: EventLoop;
  readonly counters: Counters;
  /** Hands over what was prepared; afterwards the outgoing memory may be used again. */
  handOver(): void;
  /** Hands the lane's first operation back as `outcome`; its request has completed. */
  finish(socket: UringSocket, lane: UringLane, outcome: Outcome): void;
  /** Ends an operation that has no request, but not inside the current call. */
  endSoon(socket: UringSocket, operation: SocketOperation, outcome: Outcome): void;
  /** Asks for an early end of the request that is under way, where it can be had. */
  cancelRequest(socket: UringSocket, lane: UringLane): void;
  /** Goes on with the end of a socket, where it ends. */
  proceed(socket: UringSocket): void;
  /** Numbers a new socket. */
  adopt(fd: number, kind: UringSocket['kind'], family: Endpoint['family']): UringSocket;
}
