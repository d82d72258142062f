import type { SystemCalls } from '../../../adapters/epoll/system-calls.ts';
import {
  EAGAIN,
  ECONNABORTED,
  EINPROGRESS,
  EINTR,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_PEEK,
} from '../../../adapters/linux/constants.ts';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';

/** How likely each fault is, per call, 0 to 1. All of them are such that nobody may notice. */
export type FaultRates = {
  /** EINTR, in streaks. */
  readonly interrupts?: number;
  /** EAGAIN, though the call could have gone on. */
  readonly wouldBlock?: number;
  /** Fewer bytes than could have been received or sent. */
  readonly short?: number;
  /** ECONNABORTED instead of a connection, which comes later. */
  readonly aborts?: number;
  /** Of the events that wait, one now and the others later. */
  readonly fewEvents?: number;
  /** EPOLLRDHUP in an event of a connection whose peer has not ended. */
  readonly hangUps?: number;
  /** An event for a socket of which there is nothing to say. */
  readonly spurious?: number;
};

/** What was done to the program, by name. */
export type Injected = Record<string, number>;

type Registration = { readonly epoll: number; readonly event: Int32Array };

/** Fewer than the adapter makes again: see `INTERRUPTS_MAX`. */
const STREAK_MAX = 8;
/** Half of what is cut short is cut to so few, or fewer. */
const FEW_BYTES = 8;
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;

/**
 * The system's calls, some of which fail as the system's may, by seed.
 *
 * The registrations are edge triggered. After a lie (*it would block*, or less than there was) the
 * kernel has no edge to report, and who believes the lie would wait for ever. So each lie is
 * followed by an EPOLL_CTL_MOD of the same registration: the kernel then looks again, and reports
 * the socket if it is ready, as it would have, had the lie been true and then come to its end. An
 * adapter that keeps the laws cannot tell the difference; one that loses an event hangs.
 */
export class FaultyCalls implements SystemCalls {
  readonly injected: Injected;
  readonly #real: SystemCalls;
  readonly #rates: FaultRates;
  readonly #random: SimRandom;
  readonly #registered = new Map<number, Registration>();
  #streak = 0;

  constructor(real: SystemCalls, seed: number, rates: FaultRates, injected: Injected = {}) {
    this.injected = injected;
    this.#real = real;
    this.#rates = rates;
    this.#random = new SimRandom(seed);
  }

  socket(family: number, type: number, protocol: number): number {
    return this.#real.socket(family, type, protocol);
  }

  bind(fd: number, address: Uint8Array, bytes: number): number {
    return this.#real.bind(fd, address, bytes);
  }

  listen(fd: number, backlog: number): number {
    return this.#real.listen(fd, backlog);
  }

  accept4(fd: number, address: Uint8Array, length: Int32Array, flags: number): number {
    if (this.#happens('aborts', 'ECONNABORTED')) return -ECONNABORTED;
    return this.#refusal(fd) ?? this.#real.accept4(fd, address, length, flags);
  }

  /** A connect that was interrupted goes on by itself (connect(2)). */
  connect(fd: number, address: Uint8Array, bytes: number): number {
    const answer = this.#real.connect(fd, address, bytes);
    if (answer === -EINPROGRESS && this.#happens('interrupts', 'EINTR of connect')) return -EINTR;
    return answer;
  }

  getsockname(fd: number, address: Uint8Array, length: Int32Array): number {
    return this.#real.getsockname(fd, address, length);
  }

  getpeername(fd: number, address: Uint8Array, length: Int32Array): number {
    return this.#real.getpeername(fd, address, length);
  }

  getsockopt(fd: number, level: number, name: number, value: Int32Array): number {
    return this.#real.getsockopt(fd, level, name, value);
  }

  setsockopt(fd: number, level: number, name: number, value: Int32Array): number {
    return this.#real.setsockopt(fd, level, name, value);
  }

  fcntl(fd: number, command: number, value: number): number {
    return this.#real.fcntl(fd, command, value);
  }

  recv(fd: number, address: number, bytes: number, flags: number): number {
    const refusal = this.#refusal(fd);
    if (refusal !== undefined) return refusal;
    const some = this.#some(bytes, (flags & MSG_PEEK) === 0 ? 'short receive' : 'short peek');
    const answer = this.#real.recv(fd, address, some, flags);
    if (some < bytes && answer === some) this.#lookAgain(fd);
    return answer;
  }

  send(fd: number, address: number, bytes: number, flags: number): number {
    const refusal = this.#refusal(fd);
    if (refusal !== undefined) return refusal;
    const some = this.#some(bytes, 'short send');
    const answer = this.#real.send(fd, address, some, flags);
    if (some < bytes && answer === some) this.#lookAgain(fd);
    return answer;
  }

  writev(fd: number, vectors: BigUint64Array, count: number): number {
    const refusal = this.#refusal(fd);
    if (refusal !== undefined) return refusal;
    const first = Number(vectors[1]);
    const some = this.#some(first, 'short writev');
    if (some === first) return this.#real.writev(fd, vectors, count);
    const shorter = BigUint64Array.of(vectors[0] as bigint, BigInt(some));
    const answer = this.#real.writev(fd, shorter, 1);
    this.#lookAgain(fd);
    return answer;
  }

  recvfrom(
    fd: number,
    address: number,
    bytes: number,
    flags: number,
    from: Uint8Array,
    length: Int32Array,
  ): number {
    return this.#refusal(fd) ?? this.#real.recvfrom(fd, address, bytes, flags, from, length);
  }

  sendto(
    fd: number,
    data: Uint8Array,
    bytes: number,
    flags: number,
    to: Uint8Array | null,
    length: number,
  ): number {
    return this.#refusal(fd) ?? this.#real.sendto(fd, data, bytes, flags, to, length);
  }

  sendfile(to: number, from: number, position: BigInt64Array, bytes: number): number {
    const refusal = this.#refusal(to);
    if (refusal !== undefined) return refusal;
    return this.#real.sendfile(to, from, position, this.#some(bytes, 'short sendfile'));
  }

  pipe2(ends: Int32Array, flags: number): number {
    return this.#real.pipe2(ends, flags);
  }

  /** The one of the two that is a socket is registered. */
  splice(from: number, to: number, bytes: number, flags: number): number {
    const socket = this.#registered.has(from) ? from : to;
    const refusal = this.#refusal(socket);
    if (refusal !== undefined) return refusal;
    return this.#real.splice(from, to, this.#some(bytes, 'short splice'), flags);
  }

  tee(from: number, to: number, bytes: number, flags: number): number {
    return this.#real.tee(from, to, bytes, flags);
  }

  read(fd: number, address: number, bytes: number): number {
    return this.#real.read(fd, address, bytes);
  }

  shutdown(fd: number, how: number): number {
    return this.#real.shutdown(fd, how);
  }

  close(fd: number): number {
    this.#registered.delete(fd);
    return this.#real.close(fd);
  }

  epollCreate(): number {
    return this.#real.epollCreate();
  }

  epollControl(epoll: number, operation: number, fd: number, event: Int32Array | null): number {
    const answer = this.#real.epollControl(epoll, operation, fd, event);
    if (operation !== EPOLL_CTL_DEL && answer === 0 && event !== null) {
      this.#registered.set(fd, { epoll, event: event.slice() });
    }
    if (operation === EPOLL_CTL_DEL) this.#registered.delete(fd);
    return answer;
  }

  epollWait(epoll: number, events: Int32Array, count: number, timeoutMs: number): number {
    if (this.#happens('interrupts', 'EINTR of epoll_wait')) return -EINTR;
    const most = this.#happens('fewEvents', 'one event of many') ? 1 : count;
    const taken = this.#real.epollWait(epoll, events, most, timeoutMs);
    for (let i = 0; i < taken; i += 1) {
      const at = i * EVENT_WORDS;
      const bits = events[at] as number;
      const reads = (bits & EPOLLIN) !== 0 && this.#isStream(events[at + DATA_WORD] as number);
      if (reads && this.#happens('hangUps', 'EPOLLRDHUP')) events[at] = bits | EPOLLRDHUP;
    }
    if (taken < 0 || taken === count || !this.#happens('spurious', 'spurious event')) return taken;
    const all = [...this.#registered.values()];
    const victim = all[this.#random.nextUint32() % all.length];
    if (victim === undefined) return taken;
    events[taken * EVENT_WORDS] = EPOLLIN;
    events[taken * EVENT_WORDS + DATA_WORD] = victim.event[DATA_WORD] as number;
    return taken + 1;
  }

  addressOf(buffer: Uint8Array | BigUint64Array): number {
    return this.#real.addressOf(buffer);
  }

  /** An error number that the call ends with before it has done anything. */
  #refusal(fd: number): number | undefined {
    if (this.#streak > 0) {
      this.#streak -= 1;
      return -EINTR;
    }
    if (this.#happens('interrupts', 'EINTR')) {
      this.#streak = this.#random.nextUint32() % STREAK_MAX;
      return -EINTR;
    }
    if (!this.#happens('wouldBlock', 'EAGAIN')) return undefined;
    this.#lookAgain(fd);
    return -EAGAIN;
  }

  #some(bytes: number, what: string): number {
    if (bytes < 2 || !this.#happens('short', what)) return bytes;
    const most = this.#random.chance(0.5) ? Math.min(bytes - 1, FEW_BYTES) : bytes - 1;
    return 1 + (this.#random.nextUint32() % most);
  }

  #happens(rate: keyof FaultRates, what: string): boolean {
    if (!this.#random.chance(this.#rates[rate] ?? 0)) return false;
    this.injected[what] = (this.injected[what] ?? 0) + 1;
    return true;
  }

  #lookAgain(fd: number): void {
    const registration = this.#registered.get(fd);
    if (registration === undefined) return;
    const { epoll, event } = registration;
    if (((event[0] as number) & EPOLLEXCLUSIVE) === 0) {
      this.#real.epollControl(epoll, EPOLL_CTL_MOD, fd, event);
      return;
    }
    // Such a registration cannot be changed (epoll_ctl(2)).
    this.#real.epollControl(epoll, EPOLL_CTL_DEL, fd, event);
    this.#real.epollControl(epoll, EPOLL_CTL_ADD, fd, event);
  }

  /** Listeners are registered for reading alone. */
  #isStream(id: number): boolean {
    for (const { event } of this.#registered.values()) {
      if (event[DATA_WORD] === id) return ((event[0] as number) & (EPOLLOUT | EPOLLET)) !== EPOLLET;
    }
    return false;
  }
}
