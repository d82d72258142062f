import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import {
  directionOf,
  type SocketId,
  type SocketOperation,
  type SpliceOperation,
} from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import {
  type Attempt,
  beginWait,
  type Direction,
  type ReactorPort,
  type Watch,
} from '../../src/core/reactor.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import type { Koffi } from '../linux/koffi.ts';
import { PipePool } from '../linux/pipes.ts';
import { Accepting } from './accepting.ts';
import { Closer } from './closer.ts';
import { CAPABILITIES } from './epoll-capabilities.ts';
import { EpollHost } from './epoll-host.ts';
import { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { Interest } from './interest.ts';
import { OpenSockets } from './open-sockets.ts';
import { Opener } from './opener.ts';
import { splice } from './splicing.ts';
import type { SystemCalls } from './system-calls.ts';
import { failAsClosed, failAsMisfit, transferDatagram, transferOnStream } from './transferring.ts';

/** Linux's epoll: attempts are system calls, waits are one registration for a socket's life. */
export class EpollReactor implements ReactorPort {
  readonly name = 'epoll';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #pipes: PipePool;
  readonly #host: EpollHost;
  readonly #interest: Interest;
  readonly #accepting: Accepting;
  readonly #sockets = new SocketTable<EpollSocket>();
  readonly #open: OpenSockets;
  readonly #opener: Opener;
  readonly #closer: Closer;
  #closed = false;

  constructor(koffi: Koffi, calls: SystemCalls, uncaught?: (error: unknown) => void) {
    this.#calls = calls;
    this.#memory = new EpollMemory(calls);
    this.#pipes = new PipePool(calls);
    const interest = new Interest(calls, this.#sockets);
    this.#interest = interest;
    try {
      this.#host = new EpollHost(koffi, interest.fd, interest, uncaught);
    } catch (error) {
      interest.close();
      throw error;
    }
    interest.loopHost = this.#host;
    const accepting = new Accepting(calls, this.#memory, this.counters);
    const open = new OpenSockets(calls, this.#memory, this.#sockets, interest, this.#host);
    this.#accepting = accepting;
    this.#open = open;
    this.#opener = new Opener(calls, this.#memory, open, accepting);
    this.#closer = new Closer(calls, this.#memory, open, interest, this.#host.loop);
  }

  get loop(): EventLoop {
    return this.#host.loop;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  localEndpoint(id: SocketId): Endpoint | undefined {
    return this.#open.localEndpoint(id);
  }

  remoteEndpoint(id: SocketId): Endpoint | undefined {
    return this.#open.remoteEndpoint(id);
  }

  close(onClosed: () => void = () => {}): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#open.resetAll();
      this.#accepting.close();
      this.#pipes.close();
      this.loop.close();
      setImmediate(() => {
        this.#host.stop();
        this.#interest.close();
      });
    }
    setImmediate(() => setImmediate(onClosed));
  }

  attempt(operation: SocketOperation): Attempt {
    if (operation.status === 'pending') throw new InvariantError('attempted while pending');
    operation.fault = undefined;
    operation.outcome = 'done';
    if (!this.#try(operation)) {
      operation.status = 'idle';
      return this.#directionToWait(operation);
    }
    operation.status = operation.outcome;
    return 'completed';
  }

  abandon(operation: SocketOperation): void {
    operation.status = 'cancelled';
    operation.outcome = 'cancelled';
    const socket = this.#sockets.get(operation.socket);
    if (socket === undefined) return;
    if (operation.kind === 'splice' && socket.pipe !== undefined) {
      socket.readable = 'ready'; // What it holds is received next, without an event.
    }
    if (operation !== socket.opening && operation !== socket.lingering?.close) return;
    this.#open.reset(socket);
  }

  wait(watch: Watch): void {
    beginWait(watch);
    this.#interest.wait(watch, this.#sockets.get(watch.socket));
  }

  unwait(watch: Watch): void {
    if (!watch.waiting) return;
    watch.waiting = false;
    this.#interest.unwait(watch, this.#sockets.get(watch.socket));
  }

  /** `false`: it would block. */
  #try(operation: SocketOperation): boolean {
    const { kind } = operation;
    if (this.#closed) return failAsClosed(operation);
    switch (kind) {
      case 'listen':
      case 'udpOpen':
      case 'connect':
      case 'adopt':
        return this.#opener.open(operation);
      default: {
        const socket = this.#sockets.get(operation.socket);
        if (socket === undefined) return failAsClosed(operation);
        if (kind === 'close') return this.#closer.close(socket, operation);
        if (socket.lingering !== undefined) return failAsClosed(operation);
        return this.#transfer(socket, operation);
      }
    }
  }

  #transfer(socket: EpollSocket, operation: SocketOperation): boolean {
    switch (socket.kind) {
      case 'stream':
        if (operation.kind === 'splice') return this.#splice(socket, operation);
        return transferOnStream(this.#calls, this.#memory, socket, operation);
      case 'datagrams':
        return transferDatagram(this.#calls, this.#memory, socket, operation);
      case 'listener':
        if (operation.kind !== 'accept') return failAsMisfit(operation);
        return this.#opener.accept(socket, operation);
      default:
        return socket.kind satisfies never;
    }
  }

  #splice(socket: EpollSocket, operation: SpliceOperation): boolean {
    if (operation.status !== 'idle') operation.bytes = 0;
    operation.faultSide = undefined;
    const to = this.#sockets.get(operation.to);
    return splice(this.#calls, this.#pipes, socket, to, operation);
  }

  #directionToWait(operation: SocketOperation): Direction {
    const { kind } = operation;
    if (kind === 'connect') return 'write';
    if (kind === 'close') return 'read';
    if (kind === 'splice') {
      // What has bytes for the other socket, or may take none for it, waits for that one.
      return this.#sockets.get(operation.to)?.writable === 'exhausted' ? 'write' : 'read';
    }
    return directionOf(kind) === 'write' ? 'write' : 'read';
  }
}
