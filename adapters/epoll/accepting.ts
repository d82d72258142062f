import type { AcceptOperation } from '../../src/core/operation.ts';
import type { Counters } from '../../src/core/port.ts';
import {
  AF_INET,
  EAGAIN,
  ECONNABORTED,
  EINTR,
  EMFILE,
  ENFILE,
  EPROTO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from './constants.ts';
import { EpollSocket } from './epoll-socket.ts';
import { faultOfErrno } from './fault-of-errno.ts';
import { INTERRUPTS_MAX } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

/** Connections shed in one attempt while descriptors are out. */
const SHED_MAX = 64;

/**
 * Takes connections. One descriptor is kept in reserve: when there are no others, it is given up
 * for a moment to take a connection and close it, so that clients see an end instead of waiting.
 */
export class Accepting {
  readonly #calls: SystemCalls;
  readonly #counters: Counters;
  #reserve: number;

  constructor(calls: SystemCalls, counters: Counters) {
    this.#calls = calls;
    this.#counters = counters;
    this.#reserve = this.#openReserve();
  }

  /** The next connection, or `undefined`: it would block, or `outcome` says why there is none. */
  accept(listener: EpollSocket, operation: AcceptOperation): EpollSocket | undefined {
    if (listener.readable === 'exhausted') return undefined;
    for (let tries = 0; ; tries += 1) {
      const fd = this.#calls.accept4(listener.fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        listener.readable = 'ready'; // There may be more, which no further event announces.
        return new EpollSocket(fd, 'stream', listener.family);
      }
      // The peer was gone before we came: the next one may be there.
      const passing = fd === -EINTR || fd === -ECONNABORTED || fd === -EPROTO;
      if (passing && tries < INTERRUPTS_MAX) continue;
      if (fd === -EAGAIN) {
        listener.readable = 'exhausted';
        return undefined;
      }
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
      const fd = this.#calls.accept4(listener.fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        this.#calls.close(fd);
        this.#counters.acceptsShed += 1;
      }
      this.#reserve = this.#openReserve();
      if (fd === -EAGAIN) listener.readable = 'exhausted';
      if (fd < 0) return;
    }
  }

  #openReserve(): number {
    return this.#calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
}
