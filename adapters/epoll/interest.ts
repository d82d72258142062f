import { getSystemErrorName } from 'node:util';
import type { LoopHost } from '../../src/core/event-loop.ts';
import type { Direction, Watch } from '../../src/core/reactor.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import type { SocketTable } from '../../src/core/socket-table.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../linux/constants.ts';
import type { EventSource } from './epoll-host.ts';
import type { EpollSocket } from './epoll-socket.ts';
import type { SystemCalls } from './system-calls.ts';

/** Events taken from the kernel at once: a turn must not take long. */
const EVENTS_MAX = 32;
/** struct epoll_event is packed on x86-64: events, then 64 bits of data, as three words. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;
const READ_BITS = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const WRITE_BITS = EPOLLOUT | EPOLLHUP | EPOLLERR;
/** A short read says no more that the socket is empty. */
const SHORT_BITS = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/**
 * Who waits for what. Every stream is registered once, edge triggered, for both
 * directions, and a datagram socket for what it receives; from then on its two flags say whether an attempt is worth making, and a wait is a note in memory.
 */
export class Interest implements EventSource {
  readonly fd: number;
  loopHost: LoopHost | undefined;
  readonly #calls: SystemCalls;
  readonly #sockets: SocketTable<EpollSocket>;
  readonly #events = new Int32Array(EVENTS_MAX * EVENT_WORDS);
  readonly #event = new Int32Array(EVENT_WORDS);
  /** Sockets that were ready when somebody began to wait. */
  readonly #looks = new RingQueue<EpollSocket>();
  /** Watches whose socket is gone. */
  readonly #gone = new RingQueue<Watch>();
  #closed = false;

  constructor(calls: SystemCalls, sockets: SocketTable<EpollSocket>) {
    this.#calls = calls;
    this.#sockets = sockets;
    this.fd = calls.epollCreate();
    if (this.fd < 0) throw new Error(`epoll_create1: ${getSystemErrorName(this.fd)}`);
  }

  /** 0, or a negated error number: nothing will be heard of this socket. */
  add(socket: EpollSocket): number {
    if (!socket.exclusive) return this.#register(socket);
    const answer = this.#register(socket);
    if (answer >= 0) this.remove(socket); // Until somebody waits, others get the wake-ups.
    return answer;
  }

  /** Nothing more is heard of this socket. A closed descriptor needs it only if others have it. */
  remove(socket: EpollSocket): void {
    if (socket.kind === 'listener') socket.registered = false;
    this.#calls.epollControl(this.fd, EPOLL_CTL_DEL, socket.fd, this.#event);
  }

  /** One look at the kernel and at who began to wait in vain; returns how much there was. */
  takeEvents(): number {
    // The descriptor's number may be another port's by now, and so would be the events.
    if (this.#closed) return this.#serveLooks(this.#looks.size) + this.#serveGone();
    const looks = this.#looks.size;
    const count = this.#calls.epollWait(this.fd, this.#events, EVENTS_MAX, 0);
    for (let i = 0; i < count; i += 1) {
      const bits = this.#events[i * EVENT_WORDS] as number;
      const socket = this.#sockets.get(this.#events[i * EVENT_WORDS + DATA_WORD] as number);
      // A slot that was used again has another number: what comes late for the old one is dropped.
      if (socket !== undefined) this.#happened(socket, bits);
    }
    return Math.max(count, 0) + this.#serveLooks(looks) + this.#serveGone();
  }

  get hasMore(): boolean {
    return this.#looks.size + this.#gone.size > 0;
  }

  wait(watch: Watch, socket: EpollSocket | undefined): void {
    if (socket === undefined) {
      this.#gone.push(watch);
      this.loopHost?.wake();
      return;
    }
    socket.addWatch(watch);
    if (socket.kind === 'listener' && !socket.registered) this.#joinWaiters(socket);
    if (socket.isReady(watch.direction)) this.look(socket);
    else if (socket.kind === 'datagrams' && watch.direction === 'write') this.#watchRoom(socket);
  }

  unwait(watch: Watch, socket: EpollSocket | undefined): void {
    if (socket === undefined) this.#gone.remove(watch);
    else socket.removeWatch(watch);
    if (socket?.exclusive) this.#leaveWaiters(socket);
  }

  /** Tells whoever waits for a socket that is ready, on the next turn. */
  look(socket: EpollSocket): void {
    if (socket.looked) return;
    socket.looked = true;
    this.#looks.push(socket);
    this.loopHost?.wake();
  }

  tellGone(socket: EpollSocket): void {
    this.#toGone(socket, 'read');
    this.#toGone(socket, 'write');
    if (this.#gone.size > 0) this.loopHost?.wake();
  }

  close(): void {
    this.#closed = true;
    this.#calls.close(this.fd);
  }

  #toGone(socket: EpollSocket, direction: Direction): void {
    for (let watch = socket.takeWatch(direction); watch; watch = socket.takeWatch(direction)) {
      this.#gone.push(watch);
    }
  }

  #happened(socket: EpollSocket, bits: number): void {
    if ((bits & SHORT_BITS) !== 0) socket.hungUp = true;
    if ((bits & READ_BITS) !== 0) socket.readable = 'ready';
    if ((bits & WRITE_BITS) !== 0) socket.writable = 'ready';
    if (socket.kind === 'listener') {
      this.#someoneCame(socket);
      return;
    }
    if ((bits & READ_BITS) !== 0) this.#report(socket, 'read');
    if ((bits & WRITE_BITS) === 0) return;
    this.#report(socket, 'write');
    if (socket.roomWatched && !socket.closed && socket.watches('write') === 0) {
      socket.roomWatched = false;
      this.#change(socket);
    }
  }

  /**
   * Every datagram that leaves the kernel makes room, so that who sends would be woken once for
   * each: of a datagram socket that is reported for as long as somebody waits for it. The kernel
   * says at once what is there already.
   */
  #watchRoom(socket: EpollSocket): void {
    if (socket.roomWatched) return;
    socket.roomWatched = true;
    if (this.#change(socket) >= 0) return;
    socket.writable = 'ready'; // The attempt that the look leads to tells why.
    this.look(socket);
  }

  #change(socket: EpollSocket): number {
    this.#event[0] = eventsOf(socket);
    this.#event[DATA_WORD] = socket.id;
    return this.#calls.epollControl(this.fd, EPOLL_CTL_MOD, socket.fd, this.#event);
  }

  /** Who is not waited for is watched no more once it is heard of: it would be, again and again. */
  #someoneCame(listener: EpollSocket): void {
    const isWaitedFor = listener.watches('read') > 0;
    this.#report(listener, 'read');
    if (listener.exclusive || !isWaitedFor) this.#leaveWaiters(listener);
  }

  #register(socket: EpollSocket): number {
    this.#event[0] = eventsOf(socket);
    this.#event[DATA_WORD] = socket.id;
    const answer = this.#calls.epollControl(this.fd, EPOLL_CTL_ADD, socket.fd, this.#event);
    if (socket.kind === 'listener') socket.registered = answer >= 0;
    return answer;
  }

  /**
   * The kernel wakes the first of those who wait and leaves it there: who comes back goes to the
   * end, so that all have their turn. It says at once what is there already.
   */
  #joinWaiters(socket: EpollSocket): void {
    const answer = this.#register(socket);
    if (answer >= 0) return;
    socket.unwatched = answer; // The attempt that the look leads to tells why.
    socket.readable = 'ready';
  }

  /** Nobody here accepts: the next connection must wake another port. */
  #leaveWaiters(socket: EpollSocket): void {
    if (socket.registered && !socket.closed && socket.watches('read') === 0) this.remove(socket);
  }

  #report(socket: EpollSocket, direction: Direction): void {
    // Who waits again while being told is told on the next turn.
    for (let left = socket.watches(direction); left > 0 && socket.isReady(direction); left -= 1) {
      const watch = socket.takeWatch(direction);
      if (watch === undefined) return;
      this.#tell(watch);
    }
  }

  #serveLooks(count: number): number {
    for (let left = count; left > 0; left -= 1) {
      const socket = this.#looks.shift() as EpollSocket;
      socket.looked = false;
      this.#report(socket, 'read');
      this.#report(socket, 'write');
    }
    return count;
  }

  #serveGone(): number {
    const { size } = this.#gone;
    for (let left = size; left > 0; left -= 1) this.#tell(this.#gone.shift() as Watch);
    return size;
  }

  #tell(watch: Watch): void {
    watch.waiting = false;
    try {
      watch.onReady(watch);
    } catch (error) {
      this.loopHost?.uncaught(error);
    }
  }
}

/**
 * A listener is reported for as long as somebody waits to be accepted, so that nobody has to try
 * in vain to find out whether there is another one.
 */
function eventsOf({ kind, exclusive, roomWatched }: EpollSocket): number {
  if (kind === 'datagrams') return EPOLLET | EPOLLIN | (roomWatched ? EPOLLOUT : 0);
  if (kind !== 'listener') return EPOLLET | EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI;
  return exclusive ? EPOLLET | EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
}
