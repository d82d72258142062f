import type { AcceptOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import {
  AF_INET,
  EAGAIN,
  ECONNABORTED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EINTR,
  EMFILE,
  ENETDOWN,
  ENETUNREACH,
  ENFILE,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPERM,
  EPROTO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { EpollMemory } from './epoll-memory.ts';
import { EpollSocket } from './epoll-socket.ts';
import { INTERRUPTS_MAX } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

/** What accept(2) says of a connection that was over before we came: the next one may be whole. */
const PASSING: ReadonlySet<number> = new Set([
  -ECONNABORTED,
  -EHOSTDOWN,
  -EHOSTUNREACH,
  -EINTR,
  -ENETDOWN,
  -ENETUNREACH,
  -ENONET,
  -ENOPROTOOPT,
  -EOPNOTSUPP,
  -EPERM, // A firewall's rule.
  -EPROTO,
]);

/** Connections shed in one attempt while descriptors are out. */
const SHED_MAX = 64;

/**
 * Takes connections. One descriptor is kept in reserve: when there are no others, it is given up
 * for a moment to take a connection and close it, so that clients see an end instead of waiting.
 */
export class Accepting {
  readonly #calls: SystemCalls;
  readonly #memory: EpollMemory;
  readonly #counters: Counters;
  #reserve: number;

  constructor(calls: SystemCalls, memory: EpollMemory, counters: Counters) {
    this.#calls = calls;
    this.#memory = memory;
    this.#counters = counters;
    this.#reserve = this.#openReserve();
  }

  /** The next connection, or `undefined`: it would block, or `outcome` says why there is none. */
  accept(listener: EpollSocket, operation: AcceptOperation): EpollSocket | undefined {
    if (listener.readable === 'exhausted') return undefined;
    if (listener.unwatched < 0) {
      operation.outcome = 'failed';
      operation.fault = faultOfErrno(listener.unwatched, 'epoll_ctl');
      listener.unwatched = 0;
      return undefined;
    }
    for (let tries = 0; ; tries += 1) {
      const fd = this.#take(listener);
      if (fd >= 0) {
        // There may be more, which an exclusive listener's registration does not announce again.
        listener.readable = listener.exclusive ? 'ready' : 'unknown';
        const { address, int } = this.#memory;
        const socket = new EpollSocket(fd, 'stream', listener.family);
        socket.acceptedFrom(address, int[0] as number);
        return socket;
      }
      if (fd === -EAGAIN) {
        tellEmpty(listener);
        return undefined;
      }
      if (PASSING.has(fd) && tries < INTERRUPTS_MAX) continue;
      if (fd === -EMFILE || fd === -ENFILE) this.#shed(listener);
      operation.outcome = 'failed';
      operation.fault = faultOfErrno(fd, 'accept4');
      return undefined;
    }
  }

  close(): void {
    if (this.#reserve >= 0) this.#calls.close(this.#reserve);
    this.#reserve = -1;
  }

  #shed(listener: EpollSocket): void {
    if (this.#reserve < 0) this.#reserve = this.#openReserve();
    for (let shed = 0; shed < SHED_MAX && this.#reserve >= 0; shed += 1) {
      this.#calls.close(this.#reserve);
      const fd = this.#take(listener);
      if (fd >= 0) {
        this.#calls.close(fd);
        this.#counters.acceptsShed += 1;
      }
      this.#reserve = this.#openReserve();
      if (fd === -EAGAIN) tellEmpty(listener);
      if (fd < 0) return;
    }
  }

  /** The newest connection's descriptor, with the peer's address in memory. */
  #take(listener: EpollSocket): number {
    const { address, int } = this.#memory;
    int[0] = address.length;
    return this.#calls.accept4(listener.fd, address, int, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }

  #openReserve(): number {
    return this.#calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
}

/** Nobody waits. Where the kernel does not say when that changes, the next attempt finds out. */
function tellEmpty(listener: EpollSocket): void {
  listener.readable = listener.registered ? 'exhausted' : 'unknown';
}
