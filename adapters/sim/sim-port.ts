import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { EventLoop } from '../../src/core/event-loop.ts';
import { NO_SOCKET, type SocketId, type SocketOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import type { AttemptPort } from './attempt.ts';
import { SimLoopHost } from './loop-host.ts';
import { simFault } from './sim-faults.ts';
import type { SimHost } from './sim-host.ts';
import { type OpenOperation, SimSocket, type SocketOwner, type Transport } from './sim-socket.ts';
import type { TcpBlock } from './tcp-block.ts';
import { abort, release } from './tcp-calls.ts';

/** What a lent view is overwritten with once it is not the consumer's any more. */
export const POISON = 0xdd;

/** Completions, or reports, of one socket in one turn: the rest wait for the next one. */
export const COMPLETIONS_PER_TURN_MAX = 32;

/** What both faces can do: what Linux can, but for moving files and giving descriptors away. */
export const SIM_CAPABILITIES: Capabilities = {
  peek: 'kernel',
  receive: 'direct',
  gatherMax: 1024,
  sendProgress: 'exact',
  transmit: 'copied',
  splice: 'none',
  datagramPressure: 'kernel',
  icmp: 'connected',
  datagramTrueSize: true,
  detach: false,
  adopt: false,
  fastOpen: false,
  exclusiveAccept: false,
  reusePort: true,
};

const OUTCOMES = ['done', 'eof', 'icmp', 'refused', 'expired', 'cancelled', 'failed'];

/** What one of the two faces does. */
export interface SimFace {
  /** Delivers what is due for a socket. */
  serve(socket: SimSocket): void;
  /** Delivers what belongs to no socket. */
  serveRest(): void;
  /** The port closes: everything that is pending on `socket` ends. */
  endAll(socket: SimSocket): void;
}

/** What both faces have in common: sockets, turns, and the way to the host. */
export class SimPort implements AttemptPort, SocketOwner {
  readonly host: SimHost;
  readonly loop: EventLoop;
  readonly scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  readonly fileScratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  readonly sockets: SocketTable<SimSocket> = new SocketTable<SimSocket>();
  /** `acceptsShed` counts the SYNs that a full backlog dropped: their senders repeat them. */
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  closed = false;
  readonly #face: SimFace;
  readonly #listed = new RingQueue<SimSocket>();
  readonly #listenersListed = new RingQueue<SimSocket>();
  readonly #loopHost: SimLoopHost;
  #onClosed: (() => void)[] = [];
  #poisonBytes = 0;

  constructor(host: SimHost, face: SimFace) {
    this.host = host;
    this.#face = face;
    this.#loopHost = new SimLoopHost(host, () => this.#turn());
    this.loop = new EventLoop(this.#loopHost);
  }

  // Sockets.

  /** Starts an operation that makes a socket. `undefined`: it has failed, with its fault. */
  open(operation: OpenOperation): SimSocket | undefined {
    operation.socket = NO_SOCKET;
    if (operation.kind !== 'connect') operation.bound = undefined;
    const { host } = this;
    const made =
      host.descriptors >= host.maxDescriptors
        ? simFault('fileDescriptors')
        : this.#transportFor(operation);
    if ('code' in made) {
      operation.outcome = 'failed';
      operation.fault = made;
      return undefined;
    }
    const socket = this.#add(made);
    socket.opening = operation;
    operation.socket = socket.id;
    if (operation.kind === 'listen' && made.kind === 'listener') operation.bound = made.endpoint;
    if (operation.kind === 'udpOpen' && made.kind === 'udp') operation.bound = made.local;
    return socket;
  }

  adopt(block: TcpBlock): SimSocket {
    return this.#add(block);
  }

  /** The socket's number is free again, and nothing of it waits for a deadline. */
  remove(socket: SimSocket): void {
    const { transport, lastRead, lastWrite } = socket;
    if (transport.kind === 'listener') this.host.bindings.closeListener(transport);
    else if (transport.kind === 'udp') this.host.bindings.closeUdp(transport);
    else if (!transport.orphan) release(transport);
    if (socket.lingerTimer !== undefined) this.host.network.events.cancel(socket.lingerTimer);
    if (this.sockets.get(socket.id) !== socket) return;
    this.sockets.remove(socket.id);
    this.host.descriptors -= 1;
    if (lastRead !== undefined && lastRead.status !== 'pending') this.loop.forgetDeadline(lastRead);
    if (lastWrite !== undefined && lastWrite.status !== 'pending') {
      this.loop.forgetDeadline(lastWrite);
    }
  }

  localEndpoint(id: SocketId): Endpoint | undefined {
    const transport = this.sockets.get(id)?.transport;
    return transport?.kind === 'listener' ? transport.endpoint : transport?.local;
  }

  remoteEndpoint(id: SocketId): Endpoint | undefined {
    const transport = this.sockets.get(id)?.transport;
    return transport?.kind === 'listener' ? undefined : transport?.remote;
  }

  #transportFor(operation: OpenOperation): Transport | ReturnType<typeof simFault> {
    const { host } = this;
    switch (operation.kind) {
      case 'listen':
        return host.bindings.listen(operation.endpoint, operation.backlog, operation.reusePort);
      case 'connect':
        return host.connect(operation.endpoint, operation.local);
      case 'udpOpen':
        return host.bindings.openUdp(operation.local, operation.remote);
      default:
        return operation satisfies never;
    }
  }

  #add(transport: Transport): SimSocket {
    const socket = new SimSocket(transport, this);
    socket.id = this.sockets.add(socket);
    this.host.descriptors += 1;
    return socket;
  }

  // Turns.

  /** Serves `socket` in the next turn. Listeners come after all others: accepts wait behind reads. */
  look(socket: SimSocket): void {
    if (socket.listed) return;
    socket.listed = true;
    if (socket.transport.kind === 'listener') this.#listenersListed.push(socket);
    else this.#listed.push(socket);
    this.#loopHost.wake();
  }

  /** Looks again at what does not belong to a socket. */
  wake(): void {
    this.#loopHost.wake();
  }

  /** May `socket` have one more completion in this turn? Otherwise it is served in the next. */
  hasBudget(socket: SimSocket): boolean {
    if (socket.turn !== this.loop.turn) {
      socket.turn = this.loop.turn;
      socket.completions = 0;
    }
    if (socket.completions < COMPLETIONS_PER_TURN_MAX) return true;
    this.look(socket);
    return false;
  }

  /** `bytes` of the scratch buffer were lent. */
  lent(bytes: number): void {
    this.#poisonBytes = Math.max(this.#poisonBytes, bytes);
  }

  /** The consumer's time is over: using the view now must not go unnoticed. */
  poison(): void {
    if (this.#poisonBytes > 0) this.scratch.fill(POISON, 0, this.#poisonBytes);
    this.#poisonBytes = 0;
  }

  note(operation: SocketOperation, bytes: number): void {
    const { trace, events } = this.host.network;
    const outcome = OUTCOMES.indexOf(operation.outcome);
    trace.note(operation.kind, events.nowMs, this.host.index, outcome, bytes);
  }

  #turn(): void {
    this.loop.beginTurn();
    this.#serve(this.#listed);
    this.#serve(this.#listenersListed);
    this.#face.serveRest();
    this.loop.endTurn();
    this.poison();
    if (this.closed) this.#tellClosed();
  }

  #serve(queue: RingQueue<SimSocket>): void {
    for (let left = queue.size; left > 0; left -= 1) {
      const socket = queue.shift() as SimSocket;
      socket.listed = false;
      this.#face.serve(socket);
    }
  }

  // Closing the port.

  close(onClosed: (() => void) | undefined): void {
    if (onClosed !== undefined) this.#onClosed.push(onClosed);
    this.wake();
    if (this.closed) return;
    this.closed = true;
    for (const socket of this.sockets.entries()) {
      this.#face.endAll(socket);
      if (socket.transport.kind === 'tcp') abort(socket.transport);
      this.look(socket);
    }
    this.loop.close();
  }

  /** Last of all, when every completion was delivered. */
  #tellClosed(): void {
    if (this.sockets.size > 0 || this.loop.hasWork) return;
    const tell = this.#onClosed;
    this.#onClosed = [];
    for (const onClosed of tell) {
      try {
        onClosed();
      } catch (error) {
        this.#loopHost.uncaught(error);
      }
    }
  }
}
