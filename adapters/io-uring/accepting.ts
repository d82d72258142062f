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
import {
  ECANCELED,
  IORING_ACCEPT_POLL_FIRST,
  IORING_CQE_F_SOCK_NONEMPTY,
  IORING_OP_ACCEPT,
} from './constants.ts';
import type { Driver } from './driver.ts';
import { INTERRUPTS_MAX } from './ring.ts';
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
/** Not a request's. */
const NO_SLOT = -1;
/** To look for nobody costs as much as to take somebody: the kernel makes a socket first. */
const WAIT_FIRST = IORING_OP_ACCEPT | (IORING_ACCEPT_POLL_FIRST << 16);

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
    const { ring } = driver;
    const kind = listener.drained && ring.polls ? WAIT_FIRST : IORING_OP_ACCEPT;
    while (slots.waiting < wanted(listener)) {
      const slot = slots.take();
      if (slot < 0) break;
      read.request = TAG.accepted;
      const [tag, address] = [numbered(TAG.accepted, slot), slots.addressOf(slot)];
      ring.prepare(kind, fd, address, 0, FLAGS, id, tag, slots.lengthAddressOf(slot));
    }
  }

  /** The request of a slot has ended. */
  accepted(
    driver: Driver,
    listener: UringSocket,
    slot: number,
    result: number,
    flags: number,
  ): void {
    const { read } = listener;
    const slots = listener.accepts as AcceptSlots;
    const someCancelled = slots.cancelled > 0;
    slots.release(slot);
    if (slots.inFlight === 0) read.request = TAG.ignored;
    if (result >= 0) {
      listener.drained = (flags & IORING_CQE_F_SOCK_NONEMPTY) === 0;
      this.#connected(driver, listener, result, slot);
    } else if (result !== -ECANCELED && !PASSING.has(result) && !listener.ending) {
      this.#failed(driver, listener, result);
    }
    if (someCancelled && slots.cancelled === 0) this.#settle(driver, listener, slots);
    if (listener.ending) this.#endAll(driver, listener);
    else {
      this.start(driver, listener);
      this.#trim(driver, listener);
    }
  }

  /**
   * The end of an accept is asked for. It comes when no cancelled request is left: a connection
   * that the kernel has taken for one is the oldest accept's, withdrawn or not.
   */
  withdraw(driver: Driver, listener: UringSocket, operation: AcceptOperation): void {
    const accepts = listener.accepts as AcceptSlots;
    accepts.withdrawn.push(operation);
    this.#trim(driver, listener);
    if (accepts.cancelled === 0) endWithdrawn(driver, listener, accepts);
  }

  /** The listener ends, and with it all that is posted, once no request is under way. */
  end(driver: Driver, listener: UringSocket): void {
    this.#trim(driver, listener);
    this.#endAll(driver, listener);
  }

  /** Asks for the end of the requests that nobody waits for any more. */
  #trim({ ring }: Driver, listener: UringSocket): void {
    const { id, accepts, ending } = listener;
    if (accepts === undefined) return;
    while (accepts.waiting > (ending ? 0 : wanted(listener))) {
      ring.cancel(id, numbered(TAG.accepted, accepts.takeBack()));
    }
  }

  /**
   * The last cancelled request has ended. The kernel may have woken one of them for a connection
   * that it left in the queue, and it wakes nobody else for that one, here or in another process.
   */
  #settle(driver: Driver, listener: UringSocket, slots: AcceptSlots): void {
    for (let passed = 0; passed < INTERRUPTS_MAX && !isGivenUp(listener); ) {
      if (listener.read.size === 0) break;
      const fd = this.#calls.accept4(listener.fd, FLAGS);
      if (fd >= 0) this.#connected(driver, listener, fd);
      else if (fd !== -EAGAIN && PASSING.has(fd)) passed += 1;
      else break; // What else there is to say, a later request is told as well.
    }
    endWithdrawn(driver, listener, slots);
  }

  /** A connection for the oldest accept. */
  #connected(driver: Driver, listener: UringSocket, fd: number, slot = NO_SLOT): void {
    const { accepts, family, read } = listener;
    const operation = read.first as AcceptOperation | undefined;
    if (operation === undefined || isGivenUp(listener)) {
      driver.counters.acceptsShed += 1;
      this.#calls.close(fd); // As the kernel does with those that nobody accepted.
      return;
    }
    const socket = driver.adopt(fd, 'stream', family);
    if (slot !== NO_SLOT) accepts?.name(socket, slot);
    operation.accepted = socket.id;
    const at = operation.outcome === 'done' ? -1 : (accepts?.withdrawn.indexOf(operation) ?? -1);
    if (at >= 0) accepts?.withdrawn.splice(at, 1);
    driver.finish(listener, read, 'done');
  }

  #failed(driver: Driver, listener: UringSocket, result: number): void {
    const operation = listener.read.first as AcceptOperation | undefined;
    if (result === -EMFILE || result === -ENFILE) this.#shed(driver, listener);
    if (operation === undefined || operation.outcome !== 'done') return;
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

/** Accepts whose end nobody has asked for. */
function wanted({ read, accepts }: UringSocket): number {
  return read.size - (accepts?.withdrawn.length ?? 0);
}

/** Nobody is to be served any more: the port closes, or the listener is reset. */
function isGivenUp({ ending, hurried, closing }: UringSocket): boolean {
  return ending && (hurried || closing?.how === 'reset');
}

function endWithdrawn(driver: Driver, listener: UringSocket, { withdrawn }: AcceptSlots): void {
  for (const operation of withdrawn.splice(0)) {
    listener.read.remove(operation);
    driver.endSoon(listener, operation, operation.outcome);
  }
}
