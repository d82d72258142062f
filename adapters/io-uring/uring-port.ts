import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED, type Fault, ownFault } from '../../src/core/fault.ts';
import {
  type AdoptOperation,
  begin,
  type CloseOperation,
  directionOf,
  type Holder,
  NO_SOCKET,
  type Operation,
  type Outcome,
  type SocketId,
  type SocketOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { Koffi } from '../linux/koffi.ts';
import { adoptDescriptor } from './adopting.ts';
import { clearAnswer, isFitting } from './answer.ts';
import { VECTORS_MAX } from './gathering.ts';
import { localEndpoint, type OpenOperation, open, remoteEndpoint } from './opening.ts';
import type { RingSize } from './ring-memory.ts';
import type { SystemCalls } from './system-calls.ts';
import { TAG } from './tag.ts';
import { UringDriver } from './uring-driver.ts';
import type { UringSocket } from './uring-socket.ts';

/** Entries of the queues. More requests than that are handed over early; more completions wait. */
const RING_SIZE: RingSize = { submissions: 512, completions: 4096 };

export type UringPortOptions = {
  /** What becomes of an exception in a callback. Default: Node's `uncaughtException`. */
  readonly uncaught?: (error: unknown) => void;
  /** Entries of the ring's queues. Default: 512 and 4096. */
  readonly size?: RingSize;
};

/** Linux's io_uring: operations are requests in a ring that is shared with the kernel. */
export class UringPort implements ProactorPort, Holder {
  readonly name = 'io-uring';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters;
  readonly loop: EventLoop;
  readonly #driver: UringDriver;
  /** Who wants to know of the port's end, once that was asked for. */
  #closing: (() => void)[] | undefined;
  #stopped = false;

  constructor(koffi: Koffi, calls: SystemCalls, options: UringPortOptions = {}) {
    const size = options.size ?? RING_SIZE;
    const settle = (): void => this.#settleClose();
    this.#driver = new UringDriver(koffi, calls, size, options.uncaught, settle);
    this.counters = this.#driver.counters;
    this.loop = this.#driver.loop;
  }

  get openSockets(): number {
    return this.#driver.sockets.size;
  }

  /** Requests that the kernel has: 0 when nothing leaks. */
  get inFlight(): number {
    return this.#driver.ring.inFlight;
  }

  /** Receive buffers that the kernel does not have: 0 when nothing leaks. */
  get lentBuffers(): number {
    return this.#driver.buffers.lent;
  }

  localEndpoint(id: SocketId): Endpoint | undefined {
    const socket = this.#driver.sockets.get(id);
    return socket && localEndpoint(this.#driver, socket);
  }

  remoteEndpoint(id: SocketId): Endpoint | undefined {
    const socket = this.#driver.sockets.get(id);
    return socket && remoteEndpoint(this.#driver, socket);
  }

  submit(operation: Operation): void {
    if (operation.kind === 'timer') {
      this.loop.submitTimer(operation);
      return;
    }
    begin(operation, this);
    clearAnswer(operation);
    switch (operation.kind) {
      case 'listen':
      case 'udpOpen':
      case 'connect':
      case 'adopt':
        this.#open(operation);
        return;
      default: {
        const socket = this.#driver.sockets.get(operation.socket);
        if (socket === undefined || socket.ending || socket.opening !== undefined) {
          if (operation.kind === 'close' && socket?.opening !== undefined && !socket.ending) {
            this.#close(socket, operation);
          } else this.#refuse(operation, CLOSED);
        } else if (operation.kind === 'close') this.#close(socket, operation);
        else this.#queue(socket, operation);
      }
    }
  }

  cancel(operation: Operation): void {
    if (operation.kind === 'timer') this.loop.cancelTimer(operation);
    else this.#endEarly(operation, 'cancelled');
  }

  expire(operation: Operation): void {
    if (operation.kind !== 'timer') this.#endEarly(operation, 'expired');
  }

  close(onClosed: () => void = () => {}): void {
    if (this.#stopped) {
      setImmediate(onClosed);
      return;
    }
    if (this.#closing !== undefined) {
      this.#closing.push(onClosed);
      return;
    }
    this.#closing = [onClosed];
    for (const socket of this.#driver.sockets.entries()) {
      if (socket.closing?.outcome === 'done') socket.closing.outcome = 'cancelled';
      socket.hurried = true;
      if (socket.ending) this.#driver.ending.hurry(socket);
      else this.#driver.ending.end(socket);
    }
    this.loop.close();
    this.#settleClose();
  }

  #queue(socket: UringSocket, operation: SocketOperation): void {
    if (!isFitting(operation, socket)) {
      this.#refuse(operation, ownFault('badArgument', operation.kind));
      return;
    }
    const lane = directionOf(operation.kind) === 'read' ? socket.read : socket.write;
    lane.push(operation);
    if (operation.deadlineMs > 0) this.loop.watchDeadline(operation);
    if (lane.first === operation || socket.kind === 'listener') this.#driver.start(socket, lane);
  }

  #open(operation: OpenOperation | AdoptOperation): void {
    operation.socket = NO_SOCKET;
    if (this.#closing !== undefined) {
      this.#refuse(operation, CLOSED);
      return;
    }
    const fault =
      operation.kind === 'adopt'
        ? adoptDescriptor(this.#driver, operation)
        : open(this.#driver, operation);
    if (fault !== undefined) this.#refuse(operation, fault);
    else if (operation.kind !== 'connect') this.loop.completeSoon(operation, 'done');
    else if (operation.deadlineMs > 0) this.loop.watchDeadline(operation);
  }

  #close(socket: UringSocket, operation: CloseOperation): void {
    // What a splice has taken out of the kernel would stay behind: it is to be received first.
    if (operation.how === 'detach' && socket.pipe !== undefined) {
      this.#refuse(operation, ownFault('badArgument', 'detach'));
      return;
    }
    socket.closing = operation;
    if (operation.deadlineMs > 0) this.loop.watchDeadline(operation);
    this.#driver.ending.end(socket);
  }

  #endEarly(operation: SocketOperation, outcome: Outcome): void {
    if (operation.status !== 'pending' || operation.ended || operation.outcome !== 'done') return;
    const socket = this.#driver.sockets.get(operation.socket);
    if (socket === undefined) return;
    if (operation === socket.opening) {
      operation.outcome = outcome;
      this.#driver.ring.cancel(socket.id, TAG.connected);
    } else if (operation === socket.closing) {
      if (operation.how === 'detach') return; // It waits for nobody, and is as good as done.
      operation.outcome = outcome;
      this.#driver.ending.hurry(socket);
    } else {
      this.#endQueued(socket, operation, outcome);
    }
  }

  #endQueued(socket: UringSocket, operation: SocketOperation, outcome: Outcome): void {
    if (operation.kind === 'accept') {
      this.#driver.withdraw(socket, operation, outcome);
      return;
    }
    const lane = directionOf(operation.kind) === 'read' ? socket.read : socket.write;
    if (lane.first !== operation) {
      if (lane.removeQueued(operation)) this.#driver.endSoon(socket, operation, outcome);
    } else if (lane.request !== TAG.ended) {
      if (operation.kind === 'splice' && outcome === 'expired') {
        operation.faultSide = lane.request === TAG.spliceRoom ? 'to' : 'socket';
      }
      operation.outcome = outcome;
      this.#driver.cancelRequest(socket, lane);
    }
  }

  #refuse(operation: SocketOperation, fault: Fault): void {
    operation.fault = fault;
    this.loop.completeSoon(operation, 'failed');
  }

  /** Runs what waits for the end, after the completions that the end has caused. */
  #settleClose(): void {
    if (this.#closing === undefined || this.#stopped || this.openSockets > 0) return;
    this.#stopped = true;
    const waiting = this.#closing;
    setImmediate(() => {
      this.#driver.stop();
      setImmediate(() => {
        for (const onClosed of waiting.splice(0)) onClosed();
      });
    });
  }
}

const CAPABILITIES: Capabilities = {
  peek: 'kernel',
  receive: 'direct',
  gatherMax: VECTORS_MAX,
  sendProgress: 'exact',
  transmit: 'kernel',
  splice: 'kernel',
  datagramPressure: 'kernel',
  icmp: 'connected',
  datagramTrueSize: true,
  detach: true,
  adopt: true,
  fastOpen: true,
  exclusiveAccept: true,
  reusePort: true,
};
