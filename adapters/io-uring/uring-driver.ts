import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import type { AcceptOperation, Outcome, SocketOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import type { Koffi } from '../linux/koffi.ts';
import { PipePool } from '../linux/pipes.ts';
import { Accepting } from './accepting.ts';
import { BulkReceiving } from './bulk-receiving.ts';
import { connected } from './connecting.ts';
import { datagramsReady, startDatagrams } from './datagrams.ts';
import type { Driver } from './driver.ts';
import { Ending } from './ending.ts';
import { registerEventfd } from './eventfd.ts';
import { PortMemory } from './port-memory.ts';
import { ProvidedBuffers } from './provided-buffers.ts';
import { received, startReceive } from './receiving.ts';
import { Ring } from './ring.ts';
import type { RingSize } from './ring-memory.ts';
import { sent, startWrite, writable } from './sending.ts';
import { startSplice } from './splicing.ts';
import type { SystemCalls } from './system-calls.ts';
import { numberOf, TAG, tagOf } from './tag.ts';
import { type Driven, UringHost } from './uring-host.ts';
import type { UringLane } from './uring-lane.ts';
import { UringSocket } from './uring-socket.ts';

/**
 * Leads every socket through its requests: one under way per direction, begun when its operation
 * is the first, and followed by the next one when it completes.
 *
 *   push → start → request in the ring → completed → finish → the caller's `onComplete`
 *            ↑________________ the operation behind it ______________|
 */
export class UringDriver implements Driver, Driven {
  readonly calls: SystemCalls;
  readonly ring: Ring;
  readonly memory: PortMemory;
  readonly buffers: ProvidedBuffers;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly sockets: SocketTable<UringSocket> = new SocketTable();
  readonly bulk: BulkReceiving = new BulkReceiving();
  readonly pipes: PipePool;
  readonly host: UringHost;
  readonly loop: EventLoop;
  readonly ending: Ending;
  readonly #accepting: Accepting;
  readonly #eventfd: number;

  /** `onGone` runs when a socket is gone. */
  constructor(
    koffi: Koffi,
    calls: SystemCalls,
    size: RingSize,
    uncaught: ((error: unknown) => void) | undefined,
    onGone: () => void,
  ) {
    this.calls = calls;
    this.pipes = new PipePool(calls);
    this.host = new UringHost(this, uncaught);
    this.loop = this.host.loop;
    const completed = this.#completed.bind(this);
    this.ring = new Ring(calls, size, completed, this.host.wake.bind(this.host));
    try {
      this.memory = new PortMemory(calls);
      this.buffers = new ProvidedBuffers(calls, this.ring.fd);
      this.#eventfd = registerEventfd(calls, this.ring.fd);
    } catch (error) {
      this.ring.close();
      throw error;
    }
    this.#accepting = new Accepting(calls);
    this.ending = new Ending(this, this.host, this.sockets, this.#accepting, onGone);
    this.host.watch(koffi, this.#eventfd);
  }

  get isReady(): boolean {
    return this.ring.isReady || this.bulk.isReady;
  }

  get unsubmitted(): number {
    return this.ring.unsubmitted;
  }

  noticed(): void {
    this.calls.drainEventfd(this.#eventfd);
  }

  setNotifying(notifying: boolean): void {
    this.ring.setNotifying(notifying);
  }

  handOver(): void {
    this.ring.submit();
    if (this.ring.unsubmitted === 0) this.memory.reset();
  }

  reap(): void {
    this.ring.reap();
    this.bulk.serve(this);
  }

  adopt(fd: number, kind: UringSocket['kind'], family: Endpoint['family']): UringSocket {
    const socket = new UringSocket(fd, kind, family);
    socket.id = this.sockets.add(socket);
    if (this.sockets.size === 1) this.host.keepAlive(true);
    return socket;
  }

  /** Everything that the driver had; nothing may be open any more. */
  stop(): void {
    this.host.stop();
    this.#accepting.close();
    this.pipes.close();
    this.ring.close();
    this.calls.close(this.#eventfd);
  }

  /** Begins the lane's first operation, unless something of it is under way. */
  start(socket: UringSocket, lane: UringLane): void {
    if (socket.kind === 'listener') {
      this.#accepting.start(this, socket);
      return;
    }
    const { first } = lane;
    if (first === undefined || lane.request !== TAG.ignored || lane.serving) return;
    switch (first.kind) {
      case 'recv':
      case 'peek':
        startReceive(this, socket, first);
        return;
      case 'splice':
        startSplice(this, socket);
        return;
      case 'udpRecv':
      case 'udpPeek':
        startDatagrams(this, socket);
        return;
      default:
        startWrite(this, socket);
    }
  }

  finish(socket: UringSocket, lane: UringLane, outcome: Outcome): void {
    const operation = lane.shift() as SocketOperation;
    this.rememberDeadline(lane, operation);
    if (socket.kind === 'listener') {
      this.loop.completeLast(operation, outcome);
      return;
    }
    try {
      this.loop.deliver(operation, outcome);
    } finally {
      // Also when the host throws what it was told: the next operation must not wait for ever.
      this.start(socket, lane);
    }
  }

  /** Ends an operation that has no request, but not inside the current call. */
  endSoon(socket: UringSocket, operation: SocketOperation, outcome: Outcome): void {
    this.loop.forgetDeadline(operation);
    // Accepts complete late in a turn, and the listener's close may not overtake them.
    if (socket.kind === 'listener') this.loop.completeLast(operation, outcome);
    else this.loop.completeSoon(operation, outcome);
  }

  /**
   * A deadline stays queued, lazily, for the operation's next use; one operation per lane may
   * leave one behind.
   */
  rememberDeadline(lane: UringLane, operation: SocketOperation): void {
    const { last } = lane;
    if (last === operation) return;
    if (last !== undefined && last.status !== 'pending') this.loop.forgetDeadline(last);
    lane.last = operation;
  }

  /** Ends an accept early, unless a connection has come for it. */
  withdraw(listener: UringSocket, operation: AcceptOperation, outcome: Outcome): void {
    operation.outcome = outcome;
    this.#accepting.withdraw(this, listener, operation);
  }

  /** Asks for an early end of the request that is under way, where it can be had. */
  cancelRequest(socket: UringSocket, { request }: UringLane): void {
    // What was sent has gone or not when it is handed over, and an end is on its way already.
    if (request === TAG.ignored || request === TAG.sent || request === TAG.ended) return;
    this.ring.cancel(socket.id, request);
  }

  proceed(socket: UringSocket): void {
    this.ending.proceed(socket);
  }

  #completed(id: number, numberedTag: number, result: number, flags: number): void {
    const socket = this.sockets.get(id);
    if (socket === undefined) return; // It completes late for a slot that was used again.
    const tag = tagOf(numberedTag);
    switch (tag) {
      case TAG.received:
        socket.read.request = TAG.ignored;
        received(this, socket, result, flags);
        break;
      case TAG.accepted:
        this.#accepting.accepted(this, socket, numberOf(numberedTag), result, flags);
        break;
      case TAG.readable:
        socket.read.request = TAG.ignored;
        if (socket.read.first !== undefined) datagramsReady(this, socket);
        break;
      case TAG.bulk:
      case TAG.spliceRoom:
        this.bulk.polled(socket);
        return;
      case TAG.sent:
        socket.write.request = TAG.ignored;
        sent(this, socket, result);
        break;
      case TAG.writable:
        socket.write.request = TAG.ignored;
        writable(this, socket);
        break;
      case TAG.ended:
        this.#ended(socket, result);
        break;
      case TAG.connected:
        connected(this, socket, result);
        break;
      case TAG.ignored:
        break;
      default:
        tag satisfies never;
    }
    if (socket.ending) this.proceed(socket);
  }

  /** `result` is 0, as an echo's always is: the operation itself says how it went. */
  #ended(socket: UringSocket, _result: number): void {
    const lane = socket.write.request === TAG.ended ? socket.write : socket.read;
    lane.request = TAG.ignored;
    this.finish(socket, lane, (lane.first as SocketOperation).outcome);
  }
}
