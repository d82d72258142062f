import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId, SocketOperation } from '../../src/core/operation.ts';
import type { SocketTable } from '../../src/core/socket-table.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { decodeAddress } from '../linux/socket-address.ts';
import { closeSocket, reset } from './closing.ts';
import type { EpollHost } from './epoll-host.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import type { Interest } from './interest.ts';
import type { SystemCalls } from './system-calls.ts';

/** The sockets of a port, from their registration to their end; while there are any, it lives. */
export class OpenSockets {
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #table: SocketTable<EpollSocket>;
  readonly #interest: Interest;
  readonly #host: EpollHost;

  constructor(
    calls: SystemCalls,
    memory: EpollMemory,
    table: SocketTable<EpollSocket>,
    interest: Interest,
    host: EpollHost,
  ) {
    this.#calls = calls;
    this.#memory = memory;
    this.#table = table;
    this.#interest = interest;
    this.#host = host;
  }

  get(id: SocketId): EpollSocket | undefined {
    return this.#table.get(id);
  }

  localEndpoint(id: SocketId): Endpoint | undefined {
    return this.#endpointBy('getsockname', this.#table.get(id));
  }

  remoteEndpoint(id: SocketId): Endpoint | undefined {
    const socket = this.#table.get(id);
    return socket?.remote ?? this.#endpointBy('getpeername', socket);
  }

  /**
   * Numbers and registers what was opened. `false`: the kernel will not watch it, so it is closed,
   * and `operation` has failed.
   */
  register(operation: SocketOperation, socket: EpollSocket): boolean {
    socket.id = this.#table.add(socket);
    if (this.#table.size === 1) this.#host.keepAlive(true);
    const answer = this.#interest.add(socket);
    if (answer >= 0) return true;
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(answer, 'epoll_ctl');
    if (!socket.adopted) reset(this.#calls, socket); // What is adopted is still the caller's.
    this.#forget(socket);
    return false;
  }

  /** Ends a socket whose peer has been told, or need not be. */
  close(socket: EpollSocket): void {
    if (socket.adopted) this.#interest.remove(socket);
    closeSocket(this.#calls, socket);
    this.#forget(socket);
  }

  /** Ends a socket with RST. */
  reset(socket: EpollSocket): void {
    if (socket.adopted) this.#interest.remove(socket);
    reset(this.#calls, socket);
    this.#forget(socket);
  }

  /** Returns the descriptor, which is the caller's from now on. */
  detach(socket: EpollSocket): number {
    this.#interest.remove(socket);
    this.#forget(socket);
    return socket.fd;
  }

  resetAll(): void {
    for (const socket of this.#table.entries()) this.reset(socket);
  }

  /** The descriptor is closed already, or given away, and the kernel watches it no more. */
  #forget(socket: EpollSocket): void {
    socket.closed = true;
    socket.dropHeld();
    const timer = socket.lingering?.timer;
    if (timer !== undefined) this.#host.loop.cancelTimer(timer);
    this.#table.remove(socket.id);
    if (this.#table.size === 0) this.#host.keepAlive(false);
    this.#interest.tellGone(socket);
  }

  #endpointBy(
    call: 'getsockname' | 'getpeername',
    socket: EpollSocket | undefined,
  ): Endpoint | undefined {
    if (socket === undefined) return undefined;
    const { address, int } = this.#memory;
    int[0] = address.length;
    if (this.#calls[call](socket.fd, address, int) < 0) return undefined;
    return decodeAddress(address, int[0] as number);
  }
}
