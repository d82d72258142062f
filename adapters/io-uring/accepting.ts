import { Buffer } from 'node:buffer';
import type { AcceptOperation } from '../../src/core/operation.ts';
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
import { ADDRESS_BYTES, decodeAddress } from '../linux/socket-address.ts';
import { ECANCELED, IORING_OP_ACCEPT } from './constants.ts';
import type { Driver } from './driver.ts';
import type { SystemCalls } from './system-calls.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

/** What accept(2) says of a connection that was over before we came: the next one may be whole. */
const PASSING: ReadonlySet<number> = new Set([
  -EAGAIN,
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

/** Connections shed at once while descriptors are out. */
const SHED_MAX = 64;
/** Behind the address, its length: in and out. */
const LENGTH_AT: number = (ADDRESS_BYTES + 7) & -8;
const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

/**
 * Takes connections. One descriptor is kept in reserve: when there are no others, it is given up
 * for a moment to take a connection and close it, so that clients see an end instead of waiting.
 */
export class Accepting {
  readonly #calls: SystemCalls;
  #reserve: number;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#reserve = this.#openReserve();
  }

  start(driver: Driver, listener: UringSocket): void {
    const { fd, id, read } = listener;
    read.request = TAG.accepted;
    listener.peer ??= Buffer.allocUnsafeSlow(LENGTH_AT + 4);
    listener.peer.writeUInt32LE(ADDRESS_BYTES, LENGTH_AT);
    const address = this.#calls.addressOf(listener.peer);
    const length = address + LENGTH_AT;
    driver.ring.prepare(IORING_OP_ACCEPT, fd, address, 0, FLAGS, id, TAG.accepted, length);
  }

  /** The request of the first accept has ended. */
  accepted(driver: Driver, listener: UringSocket, result: number): void {
    const operation = listener.read.first as AcceptOperation;
    const { outcome } = operation;
    if (result >= 0 && listener.ending) {
      this.#calls.close(result); // As the kernel does with those that nobody accepted.
      driver.finish(listener, listener.read, 'cancelled');
    } else if (result >= 0) {
      const { peer } = listener;
      const socket = driver.adopt(result, 'stream', listener.family);
      socket.remote = peer && decodeAddress(peer, peer.readUInt32LE(LENGTH_AT));
      operation.accepted = socket.id;
      driver.finish(listener, listener.read, 'done');
    } else if (PASSING.has(result) && outcome === 'done' && !listener.ending) {
      this.start(driver, listener);
    } else if (PASSING.has(result) || result === -ECANCELED) {
      driver.finish(listener, listener.read, outcome === 'done' ? 'cancelled' : outcome);
    } else {
      if (result === -EMFILE || result === -ENFILE) this.#shed(driver, listener);
      operation.fault = faultOfErrno(result, 'accept');
      driver.finish(listener, listener.read, 'failed');
    }
  }

  close(): void {
    if (this.#reserve >= 0) this.#calls.close(this.#reserve);
    this.#reserve = -1;
  }

  #shed({ counters }: Driver, listener: UringSocket): void {
    if (this.#reserve < 0) this.#reserve = this.#openReserve();
    for (let shed = 0; shed < SHED_MAX && this.#reserve >= 0; shed += 1) {
      this.#calls.close(this.#reserve);
      const fd = this.#calls.accept4(listener.fd, FLAGS);
      if (fd >= 0) {
        this.#calls.close(fd);
        counters.acceptsShed += 1;
      }
      this.#reserve = this.#openReserve();
      if (fd < 0) return;
    }
  }

  #openReserve(): number {
    return this.#calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
}
