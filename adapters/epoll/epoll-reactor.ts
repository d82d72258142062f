import type { Capabilities } from '../../src/core/capabilities.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { EventLoop } from '../../src/core/event-loop.ts';
import { CLOSED, ownFault } from '../../src/core/fault.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import {
  type AcceptOperation,
  type CloseOperation,
  type ConnectOperation,
  directionOf,
  type ListenOperation,
  type Operation,
  type SocketId,
  type SocketOperation,
  type UdpOpenOperation,
} from '../../src/core/operation.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { Counters } from '../../src/core/port.ts';
import { type Attempt, beginWait, type ReactorPort, type Watch } from '../../src/core/reactor.ts';
import { SocketTable } from '../../src/core/socket-table.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Koffi } from '../linux/koffi.ts';
import { decodeAddress } from '../linux/socket-address.ts';
import { Accepting } from './accepting.ts';
import { beginLinger, closeSocket, linger, reset } from './closing.ts';
import { CAPABILITIES } from './epoll-capabilities.ts';
import { EpollHost } from './epoll-host.ts';
import { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { Interest } from './interest.ts';
import { connectError, type Opened, openDatagrams, openListener, openStream } from './opening.ts';
import { isSelfConnected } from './self-connect.ts';
import type { SystemCalls } from './system-calls.ts';
import { failAsMisfit, transferDatagram, transferOnStream } from './transferring.ts';

/** Linux's epoll: attempts are system calls, waits are one registration for a socket's life. */
export class EpollReactor implements ReactorPort {
  readonly name = 'epoll';
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly counters: Counters = { acceptsShed: 0, datagramsDropped: 0 };
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #host: EpollHost;
  readonly #interest: Interest;
  readonly #accepting: Accepting;
  readonly #sockets = new SocketTable<EpollSocket>();
  #closed = false;

  constructor(koffi: Koffi, calls: SystemCalls, uncaught?: (error: unknown) => void) {
    this.#calls = calls;
    this.#memory = new EpollMemory(calls);
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
        reset(this.#calls, socket);
        this.#forget(socket);
      }
      this.#accepting.close();
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
      return directionToWait(operation);
    }
    operation.status = operation.outcome;
    return 'completed';
  }

  abandon(operation: SocketOperation): void {
    operation.status = 'cancelled';
    operation.outcome = 'cancelled';
    const socket = this.#sockets.get(operation.socket);
    if (socket === undefined) return;
    if (operation !== socket.opening && operation !== socket.closing) return;
    reset(this.#calls, socket);
    this.#forget(socket);
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
      default: {
        const socket = this.#sockets.get(operation.socket);
        if (socket === undefined) return this.#fail(operation, 'closed');
        if (kind === 'close') return this.#close(socket, operation);
        if (socket.closing !== undefined) return this.#fail(operation, 'closed');
        return this.#transfer(socket, operation);
      }
    }
  }

  #transfer(socket: EpollSocket, operation: SocketOperation): boolean {
    switch (socket.kind) {
      case 'stream':
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
    reset(this.#calls, socket);
    this.#forget(socket);
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
    if (socket.closing !== operation) {
      if (socket.closing !== undefined) return this.#fail(operation, 'closed');
      if (operation.how === 'detach') return this.#fail(operation, 'unsupported');
      socket.closing = operation;
      if (operation.how === 'reset') {
        reset(this.#calls, socket);
        this.#forget(socket);
        return true;
      }
      beginLinger(this.#calls, socket, operation);
      if (!socket.lingerOver) {
        this.#boundLinger(socket, operation.lingerMs);
        return false; // What the peer has sent is read on the loop's turns.
      }
    }
    if (!linger(this.#calls, this.#memory, socket, operation)) return false;
    closeSocket(this.#calls, socket);
    this.#forget(socket);
    return true;
  }

  #boundLinger(socket: EpollSocket, lingerMs: number): void {
    const timer = timerOperation(() => {
      socket.lingerOver = true;
      socket.readable = 'ready';
      this.#interest.look(socket);
    });
    timer.atMs = this.loop.nowMs() + lingerMs;
    socket.lingerTimer = timer;
    this.loop.submitTimer(timer);
  }

  /** Numbers and registers what was opened, or says why there is nothing. */
  #add(operation: ListenOperation | ConnectOperation | UdpOpenOperation, opened: Opened): boolean {
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
    reset(this.#calls, socket);
    this.#forget(socket);
    return false;
  }

  /** The descriptor is closed already: the kernel has dropped its registration. */
  #forget(socket: EpollSocket): void {
    socket.closed = true;
    if (socket.lingerTimer !== undefined) this.loop.cancelTimer(socket.lingerTimer);
    this.#sockets.remove(socket.id);
    if (this.#sockets.size === 0) this.#host.keepAlive(false);
    this.#interest.tellGone(socket);
  }

  #fail(operation: Operation, code: 'closed' | 'unsupported'): true {
    operation.outcome = 'failed';
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

function directionToWait(operation: SocketOperation): 'read' | 'write' {
  if (operation.kind === 'connect') return 'write';
  if (operation.kind === 'close') return 'read';
  return directionOf(operation.kind) === 'write' ? 'write' : 'read';
}
