import type { Endpoint } from '../../src/core/endpoint.ts';
import type {
  CloseOperation,
  ConnectOperation,
  SocketId,
  TimerOperation,
} from '../../src/core/operation.ts';
import type { Direction, Watch } from '../../src/core/reactor.ts';

/**
 * Is an attempt worth making? The registration is edge triggered: a call that would block, or a
 * read that was short, has exhausted the socket until the kernel reports it again. Of a new socket
 * nothing is known: an attempt is worth it, but nobody who waits is told.
 */
export type Readiness = 'unknown' | 'ready' | 'exhausted';

/** What the adapter knows of one descriptor. */
export class EpollSocket {
  readonly fd: number;
  readonly kind: 'listener' | 'stream' | 'datagrams';
  readonly family: Endpoint['family'];
  id: SocketId = -1;
  readable: Readiness = 'unknown';
  writable: Readiness = 'unknown';
  /** The peer has ended its side, or all is over: a short read exhausts nothing any more. */
  hungUp = false;
  /** A connect that is under way. */
  opening: ConnectOperation | undefined;
  /** A close that lingers, what it has dropped so far, and its end. */
  closing: CloseOperation | undefined;
  lingered = 0;
  lingerTimer: TimerOperation | undefined;
  lingerOver = false;
  closed = false;
  /** It stands in the list of sockets whose watches are to be looked at. */
  looked = false;
  remote: Endpoint | undefined;
  #readWatch: Watch | undefined;
  #writeWatch: Watch | undefined;
  /** Seldom more than one waits for a direction. */
  #others: Watch[] | undefined;

  constructor(fd: number, kind: EpollSocket['kind'], family: Endpoint['family']) {
    this.fd = fd;
    this.kind = kind;
    this.family = family;
  }

  isReady(direction: Direction): boolean {
    return (direction === 'read' ? this.readable : this.writable) === 'ready';
  }

  addWatch(watch: Watch): void {
    if (watch.direction === 'read' && this.#readWatch === undefined) this.#readWatch = watch;
    else if (watch.direction === 'write' && this.#writeWatch === undefined)
      this.#writeWatch = watch;
    else {
      this.#others ??= [];
      this.#others.push(watch);
    }
  }

  removeWatch(watch: Watch): void {
    if (this.#readWatch === watch) this.#readWatch = this.#nextOther('read');
    else if (this.#writeWatch === watch) this.#writeWatch = this.#nextOther('write');
    else this.#others = this.#others?.filter((other) => other !== watch);
  }

  /** Takes out the next watch of a direction. */
  takeWatch(direction: Direction): Watch | undefined {
    const watch = direction === 'read' ? this.#readWatch : this.#writeWatch;
    if (watch !== undefined) this.removeWatch(watch);
    return watch;
  }

  #nextOther(direction: Direction): Watch | undefined {
    const index = this.#others?.findIndex((other) => other.direction === direction) ?? -1;
    return index < 0 ? undefined : this.#others?.splice(index, 1)[0];
  }
}
