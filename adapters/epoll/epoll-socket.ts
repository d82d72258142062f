import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import type {
  CloseOperation,
  ConnectOperation,
  OperationBase,
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
  /**
   * A short read exhausts nothing: the peer has ended its side, or all is over, or it is a read
   * that stops early with more behind it, at urgent data (RFC 9293 §3.8.5) or, on a UNIX socket,
   * at passed descriptors.
   */
  hungUp: boolean;
  /**
   * What broke the connection. The kernel says it once, to whichever call comes first, and then
   * shows an end of stream like any other: who reads must not take the one for the other.
   */
  broken: Fault | undefined;
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
  /** What a listener has made in the file system, and takes away again. */
  path: string | undefined;
  #readWatch: Watch | undefined;
  #writeWatch: Watch | undefined;
  /** Seldom more than one waits for a direction. */
  #others: Watch[] | undefined;

  constructor(fd: number, kind: EpollSocket['kind'], family: Endpoint['family']) {
    this.fd = fd;
    this.kind = kind;
    this.family = family;
    this.hungUp = family === 'unix';
  }

  /** Ends `operation` with `fault`, and remembers one that ends the connection, too. */
  tellBroken(fault: Fault, operation: OperationBase): void {
    operation.outcome = 'failed';
    operation.fault = fault;
    // A pipe that is broken for who writes may have come to an ordinary end for who reads.
    const ended = fault.class === 'peer' || fault.class === 'path';
    if (ended && fault.code !== 'brokenPipe') this.broken = fault;
  }

  /** How many watches wait for a direction. */
  watches(direction: Direction): number {
    const first = direction === 'read' ? this.#readWatch : this.#writeWatch;
    if (first === undefined) return 0;
    if (this.#others === undefined) return 1;
    return 1 + this.#others.filter((other) => other.direction === direction).length;
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
