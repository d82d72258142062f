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
import { AcceptSlots } from './accept-slots.ts';
import { ECANCELED, IORING_OP_ACCEPT } from './constants.ts';
import type { Driver } from './driver.ts';
import type { SystemCalls } from './system-calls.ts';
import { numbered, TAG } from './tag.ts';
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

  /** Has one request for each accept that is posted, as far as there are slots. */
  start(driver: Driver, listener: UringSocket): void {
    const { fd, id, read } = listener;
    if (listener.ending) return;
    listener.accepts ??= new AcceptSlots(this.#calls);
    const slots = listener.accepts;
    while (slots.ahead.length > 0 && read.first !== undefined) {
      const operation = read.first as AcceptOperation;
      operation.accepted = driver.adopt(
        slots.ahead.shift() as number,
        'stream',
        listener.family,
      ).id;
      driver.finish(listener, read, 'done');
    }
    while (slots.waiting < read.size) {
      const slot = slots.take();
      if (slot < 0) break;
      read.request = TAG.accepted;
      const [tag, address] = [numbered(TAG.accepted, slot), slots.addressOf(slot)];
      const length = slots.lengthAddressOf(slot);
      driver.ring.prepare(IORING_OP_ACCEPT, fd, address, 0, FLAGS, id, tag, length);
    }
  }

  /** The request of a slot has ended. */
  accepted(driver: Driver, listener: UringSocket, slot: number, result: number): void {
    const { read } = listener;
    const slots = listener.accepts as AcceptSlots;
    slots.release(slot);
    if (slots.inFlight === 0) read.request = TAG.ignored;
    if (result >= 0) this.#connected(driver, listener, slot, result);
    else if (result !== -ECANCELED && !PASSING.has(result) && !listener.ending) {
      this.#failed(driver, listener, result);
    }
    if (listener.ending) this.#endAll(driver, listener);
    else this.start(driver, listener);
  }

  /** Accepts were withdrawn: asks for the end of the requests that nobody waits for any more. */
  trim({ ring }: Driver, { id, read, accepts, ending }: UringSocket): void {
    if (accepts === undefined) return;
    while (accepts.waiting > (ending ? 0 : read.size)) {
      ring.cancel(id, numbered(TAG.accepted, accepts.takeBack()));
    }
  }

  /** The listener ends, and with it all that is posted, once no request is under way. */
  end(driver: Driver, listener: UringSocket): void {
    this.trim(driver, listener);
    const ahead = listener.accepts?.ahead ?? [];
    driver.counters.acceptsShed += ahead.length;
    for (const fd of ahead.splice(0)) this.#calls.close(fd);
    this.#endAll(driver, listener);
  }

  #connected(driver: Driver, listener: UringSocket, slot: number, fd: number): void {
    const { accepts, closing, hurried, ending, family, read } = listener;
    // A listener that is given away unharmed has lost this connection already: it is the accept's.
    const harmless = closing?.how === 'detach' && !hurried;
    const operation = read.first as AcceptOperation | undefined;
    if (ending && !harmless) {
      this.#calls.close(fd); // As the kernel does with those that nobody accepted.
    } else if (operation === undefined) {
      accepts?.ahead.push(fd);
    } else {
      const socket = driver.adopt(fd, 'stream', family);
      accepts?.name(socket, slot);
      operation.accepted = socket.id;
      driver.finish(listener, read, 'done');
    }
  }

  #failed(driver: Driver, listener: UringSocket, result: number): void {
    const operation = listener.read.first as AcceptOperation | undefined;
    if (result === -EMFILE || result === -ENFILE) this.#shed(driver, listener);
    if (operation === undefined) return;
    operation.fault = faultOfErrno(result, 'accept');
    driver.finish(listener, listener.read, 'failed');
  }

  #endAll(driver: Driver, listener: UringSocket): void {
    const { accepts, read } = listener;
    if ((accepts?.inFlight ?? 0) > 0) return;
    while (read.first !== undefined) driver.finish(listener, read, 'cancelled');
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
