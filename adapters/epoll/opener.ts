import { ownFault } from '../../src/core/fault.ts';
import type {
  AcceptOperation,
  AdoptOperation,
  ConnectOperation,
  ListenOperation,
  UdpOpenOperation,
} from '../../src/core/operation.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Accepting } from './accepting.ts';
import { adoptDescriptor } from './adopting.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import type { OpenSockets } from './open-sockets.ts';
import { connectError, type Opened, openDatagrams, openListener, openStream } from './opening.ts';
import { isSelfConnected } from './self-connect.ts';
import type { SystemCalls } from './system-calls.ts';

/** An operation that names the socket which it makes. */
export type OpenOperation = ListenOperation | ConnectOperation | UdpOpenOperation | AdoptOperation;

/** Attempts of the operations that bring a socket. */
export class Opener {
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #sockets: OpenSockets;
  readonly #accepting: Accepting;

  constructor(calls: SystemCalls, memory: EpollMemory, sockets: OpenSockets, accepting: Accepting) {
    this.#calls = calls;
    this.#memory = memory;
    this.#sockets = sockets;
    this.#accepting = accepting;
  }

  /** `false`: it would block, as a connect alone does. */
  open(operation: OpenOperation): boolean {
    if (operation.kind === 'connect') return this.#connect(operation);
    operation.bound = undefined;
    if (!this.#add(operation, this.#opened(operation))) return true;
    const bound = this.#sockets.localEndpoint(operation.socket);
    operation.bound = operation.kind === 'listen' ? (bound ?? operation.endpoint) : bound;
    return true;
  }

  /** `false`: nobody waits to be accepted. */
  accept(listener: EpollSocket, operation: AcceptOperation): boolean {
    const socket = this.#accepting.accept(listener, operation);
    if (socket === undefined) return operation.outcome === 'failed';
    if (!this.#sockets.register(operation, socket)) return true;
    operation.accepted = socket.id;
    return true;
  }

  #opened(operation: ListenOperation | UdpOpenOperation | AdoptOperation): Opened {
    switch (operation.kind) {
      case 'listen':
        return openListener(this.#calls, this.#memory, operation);
      case 'udpOpen':
        return openDatagrams(this.#calls, this.#memory, operation);
      case 'adopt':
        return adoptDescriptor(this.#calls, operation);
      default:
        return operation satisfies never;
    }
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
    this.#sockets.reset(socket);
    return true;
  }

  /** Numbers and registers what was opened, or says why there is nothing. */
  #add(operation: OpenOperation, opened: Opened): boolean {
    if (!('fd' in opened)) {
      operation.outcome = 'failed';
      operation.fault = opened;
      return false;
    }
    if (!this.#sockets.register(operation, opened)) return false;
    operation.socket = opened.id;
    return true;
  }
}
