import {
  type CloseOperation,
  type ConnectOperation,
  type ListenOperation,
  NO_SOCKET,
  type SocketId,
  type SocketOperation,
  type UdpOpenOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { Watch } from '../../src/core/reactor.ts';
import type { SimEvent } from './event-queue.ts';
import type { Owner } from './network.ts';
import { OperationQueue } from './operation-queue.ts';
import type { TcpBlock } from './tcp-block.ts';
import type { TcpListener } from './tcp-listener.ts';
import type { UdpSocket } from './udp-socket.ts';

/** What a socket number stands for in the network. */
export type Transport = TcpBlock | TcpListener | UdpSocket;

/** Operations that make a socket. */
export type OpenOperation = ListenOperation | ConnectOperation | UdpOpenOperation;

/** Who looks at a socket again, on its next turn. */
export interface SocketOwner {
  look(socket: SimSocket): void;
  readonly counters: Counters;
}

/** A socket of one port: what is pending on it, and what it is in the network. */
export class SimSocket implements Owner {
  id: SocketId = NO_SOCKET;
  readonly transport: Transport;
  readonly #owner: SocketOwner;
  /** Is it in the port's list for the next turn? */
  listed = false;
  /** The operation that makes this socket, until it ended. */
  opening: OpenOperation | undefined = undefined;
  /** Nothing new is taken; `closing` is told at the end, unless the whole port closes. */
  closed = false;
  closing: CloseOperation | undefined = undefined;
  /** When graceful closing ends at the latest, and how much it may still read and drop. */
  lingerTimer: SimEvent | undefined = undefined;
  lingerBytesLeft = 0;
  readonly reads: OperationQueue = new OperationQueue();
  readonly writes: OperationQueue = new OperationQueue();
  /** The send or transmit that has begun, and where it is: piece and offset. */
  sending: SocketOperation | undefined = undefined;
  sendPiece = 0;
  sendOffset = 0;
  /** Completions in this turn. */
  turn = -1;
  completions = 0;
  /** Their deadlines may still be queued, lazily, after they completed. */
  lastRead: SocketOperation | undefined = undefined;
  lastWrite: SocketOperation | undefined = undefined;
  /** The reactor's; bounded by the caller, who owns the watches. */
  readWatches: Watch[] | undefined = undefined;
  writeWatches: Watch[] | undefined = undefined;

  constructor(transport: Transport, owner: SocketOwner) {
    this.transport = transport;
    this.#owner = owner;
    transport.owner = this;
  }

  changed(): void {
    this.#owner.look(this);
  }

  dropped(): void {
    if (this.transport.kind === 'listener') this.#owner.counters.acceptsShed += 1;
    else this.#owner.counters.datagramsDropped += 1;
  }
}
