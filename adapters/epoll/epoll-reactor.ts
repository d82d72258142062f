import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED, ownFault } from '../../src/core/fault.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import {
  type AcceptOperation,
  type AdoptOperation,
  type CloseOperation,
  type ConnectOperation,
  directionOf,
  type ListenOperation,
  NO_DESCRIPTOR,
  type Operation,
  type SocketId,
  type SocketOperation,
  type SpliceOperation,
  type UdpOpenOperation,
} from '../../src/core/operation.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { Counters } from '../../src/core/port.ts';
import {
  type Attempt,
  beginWait,
  type Direction,
  type ReactorPort,
  type Watch,
} from '../../src/core/reactor.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Koffi } from '../linux/koffi.ts';
import { decodeAddress } from '../linux/socket-address.ts';
import { Accepting } from './accepting.ts';
import { adoptDescriptor } from './adopting.ts';
import { beginLinger, closeSocket, linger, reset } from './closing.ts';
import { CAPABILITIES } from './epoll-capabilities.ts';
import { EpollHost } from './epoll-host.ts';
import { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket, Lingering } from './epoll-socket.ts';
import { Interest } from './interest.ts';
import { connectError, type Opened, openDatagrams, openListener, openStream } from './opening.ts';
import { PipePool } from './pipes.ts';
import { isSelfConnected } from './self-connect.ts';
import { splice } from './splicing.ts';
import type { SystemCalls } from './system-calls.ts';
import { failAsMisfit, transferDatagram, transferOnStream } from './transferring.ts';

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
  #closed = false;

  constructor(koffi: Koffi, calls: SystemCalls, uncaught?: (error: unknown) => void) {
    this.#calls = calls;
    this.#memory = new EpollMemory(calls);
    this.#pipes = new PipePool(calls);
    const interest = new Interest(calls, this.#sockets);
    this.#interest = interest;
    try {
      this.#host = new EpollHost(koffi, interest.fd, () => interest.takeEvents(), uncaught);
    } catch (error) {
      interest.close();
      throw error;
    }
    interest.loopHost = this.#host;
    this.#accepting = new Accepting(calls, this.#memory, this.counters);
  }

  get loop(): EventLoop {
    return this.#host.loop;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  localEndpoint(id: SocketId): Endpoint | undefined {
    return this.#endpointBy('getsockname', id);
  }

  remoteEndpoint(id: SocketId): Endpoint | undefined {
    const socket = this.#sockets.get(id);
    return socket?.remote ?? this.#endpointBy('getpeername', id);
  }

  close(onClosed: () => void = () => {}): void {
    if (!this.#closed) {
      this.#closed = true;
      for (const socket of this.#sockets.entries()) {
        this.#reset(socket);
      }
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
    this.#reset(socket);
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
    if (this.#closed) return this.#fail(operation, 'closed');
    switch (kind) {
      case 'listen':
        return this.#listen(operation);
      case 'udpOpen':
        return this.#openUdp(operation);
      case 'connect':
        return this.#connect(operation);
      case 'adopt':
        return this.#adopt(operation);
      default: {
        const socket = this.#sockets.get(operation.socket);
        if (socket === undefined) return this.#fail(operation, 'closed');
        if (kind === 'close') return this.#close(socket, operation);
        if (socket.lingering !== undefined) return this.#fail(operation, 'closed');
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
        return this.#accept(socket, operation);
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

  #listen(operation: ListenOperation): boolean {
    operation.bound = undefined;
    if (!this.#add(operation, openListener(this.#calls, this.#memory, operation))) return true;
    operation.bound = this.localEndpoint(operation.socket) ?? operation.endpoint;
    return true;
  }

  #openUdp(operation: UdpOpenOperation): boolean {
    operation.bound = undefined;
    if (!this.#add(operation, openDatagrams(this.#calls, this.#memory, operation))) return true;
    operation.bound = this.localEndpoint(operation.socket);
    return true;
  }

  #adopt(operation: AdoptOperation): boolean {
    operation.bound = undefined;
    if (!this.#add(operation, adoptDescriptor(this.#calls, operation))) return true;
    operation.bound = this.localEndpoint(operation.socket);
    return true;
  }

  #connect(operation: ConnectOperation): boolean {
    let socket = this.#sockets.get(operation.socket);
    if (socket?.opening !== operation) {
      if (!this.#add(operation, openStream(this.#calls, this.#memory, operation))) return true;
      socket = this.#sockets.get(operation.socket) as EpollSocket;
      socket.opening = operation;
      socket.writable = 'exhausted'; // Until the kernel says that the connect has come to its end.
    }
    if (socket.writable === 'exhausted') return false;
    socket.opening = undefined;
    const error = connectError(this.#calls, this.#memory, socket);
    const itself = error === 0 && isSelfConnected(this.#calls, this.#memory, socket, operation);
    if (error === 0 && !itself) return true;
    operation.outcome = 'failed';
    operation.fault = itself ? ownFault('refused', 'connect') : faultOfErrno(error, 'connect');
    this.#reset(socket);
    return true;
  }

  #accept(listener: EpollSocket, operation: AcceptOperation): boolean {
    const socket = this.#accepting.accept(listener, operation);
    if (socket === undefined) return operation.outcome === 'failed';
    if (!this.#register(operation, socket)) return true;
    operation.accepted = socket.id;
    return true;
  }

  #close(socket: EpollSocket, operation: CloseOperation): boolean {
    operation.descriptor = NO_DESCRIPTOR;
    let { lingering } = socket;
    if (lingering?.close !== operation) {
      if (lingering !== undefined) return this.#fail(operation, 'closed');
      if (operation.how === 'detach') return this.#detach(socket, operation);
      if (operation.how === 'reset') {
        this.#reset(socket);
        return true;
      }
      socket.dropHeld();
      lingering = beginLinger(this.#calls, socket, operation);
      if (!lingering.over) {
        this.#boundLinger(socket, lingering);
        return false; // What the peer has sent is read on the loop's turns.
      }
    }
    if (!linger(this.#calls, this.#memory, socket, lingering)) return false;
    if (socket.adopted) this.#interest.remove(socket);
    closeSocket(this.#calls, socket);
    this.#forget(socket);
    return true;
  }

  #detach(socket: EpollSocket, operation: CloseOperation): boolean {
    // What a splice has taken out of the kernel would stay behind: it is to be received first.
    if (socket.pipe !== undefined) return this.#fail(operation, 'badArgument');
    if (socket.opening !== undefined) {
      this.#reset(socket);
      return true;
    }
    this.#interest.remove(socket);
    this.#forget(socket);
    operation.descriptor = socket.fd;
    return true;
  }

  #reset(socket: EpollSocket): void {
    if (socket.adopted) this.#interest.remove(socket);
    reset(this.#calls, socket);
    this.#forget(socket);
  }

  #boundLinger(socket: EpollSocket, lingering: Lingering): void {
    const timer = timerOperation(() => {
      lingering.over = true;
      socket.readable = 'ready';
      this.#interest.look(socket);
    });
    timer.atMs = this.loop.nowMs() + lingering.close.lingerMs;
    lingering.timer = timer;
    this.loop.submitTimer(timer);
  }

  /** Numbers and registers what was opened, or says why there is nothing. */
  #add(
    operation: ListenOperation | ConnectOperation | UdpOpenOperation | AdoptOperation,
    opened: Opened,
  ): boolean {
    if (!('fd' in opened)) {
      operation.outcome = 'failed';
      operation.fault = opened;
      return false;
    }
    if (!this.#register(operation, opened)) return false;
    operation.socket = opened.id;
    return true;
  }

  /** `false`: the kernel will not watch it, so it is closed, and `operation` has failed. */
  #register(operation: SocketOperation, socket: EpollSocket): boolean {
    socket.id = this.#sockets.add(socket);
    if (this.#sockets.size === 1) this.#host.keepAlive(true);
    const answer = this.#interest.add(socket);
    if (answer >= 0) return true;
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(answer, 'epoll_ctl');
    if (!socket.adopted) reset(this.#calls, socket); // What is adopted is still the caller's.
    this.#forget(socket);
    return false;
  }

  /** The descriptor is closed already, or given away, and the kernel watches it no more. */
  #forget(socket: EpollSocket): void {
    socket.closed = true;
    socket.dropHeld();
    const timer = socket.lingering?.timer;
    if (timer !== undefined) this.loop.cancelTimer(timer);
    this.#sockets.remove(socket.id);
    if (this.#sockets.size === 0) this.#host.keepAlive(false);
    this.#interest.tellGone(socket);
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

  #fail(operation: Operation, code: 'closed' | 'badArgument'): true {
    operation.outcome = 'failed';
    if (operation.kind === 'close') operation.descriptor = NO_DESCRIPTOR;
    operation.fault = code === 'closed' ? CLOSED : ownFault(code, operation.kind);
    return true;
  }

  #endpointBy(call: 'getsockname' | 'getpeername', id: SocketId): Endpoint | undefined {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return undefined;
    const { address, int } = this.#memory;
    int[0] = address.length;
    if (this.#calls[call](socket.fd, address, int) < 0) return undefined;
    return decodeAddress(address, int[0] as number);
  }
}
