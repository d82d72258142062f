import type { Buffer } from 'node:buffer';
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
import type { Pipe } from '../linux/pipes.ts';
import { decodeAddress, ipv4Endpoint } from '../linux/socket-address.ts';

/** struct sockaddr_in. */
const IPV4_BYTES = 16;

/**
 * Is an attempt worth making? The registration is edge triggered: a call that would block, or a
 * read that was short, has exhausted the socket until the kernel reports it again. Of a new socket
 * nothing is known: an attempt is worth it, but nobody who waits is told.
 */
export type Readiness = 'unknown' | 'ready' | 'exhausted';

/** A close that lingers. */
export type Lingering = {
  readonly close: CloseOperation;
  /** Bytes that were dropped so far. */
  bytes: number;
  timer: TimerOperation | undefined;
  over: boolean;
};

/** What few sockets ever have, so that the others do not carry it. */
type Seldom = {
  /**
   * What broke the connection. The kernel says it once, to whichever call comes first, and then
   * shows an end of stream like any other: who reads must not take the one for the other.
   */
  broken: Fault | undefined;
  /** Seldom more than one waits for a direction. */
  others: Watch[];
  /** What a listener has made in the file system, and takes away again. */
  path: string | undefined;
  /** The peer, where it was named or is not IPv4. */
  remote: Endpoint | undefined;
  /** A connect that is under way. */
  opening: ConnectOperation | undefined;
  lingering: Lingering | undefined;
  /** Others may have the descriptor, too: closing ours does not end its registration. */
  adopted: boolean;
  /** A listener that wakes one port alone, and only while somebody waits for it (EPOLLEXCLUSIVE). */
  exclusive: boolean;
  /** A listener that the kernel watches. */
  registered: boolean;
  /** A datagram socket that is reported once it has room. */
  roomWatched: boolean;
  /** Why the kernel would not register an exclusive listener: a negated error number, or 0. */
  unwatched: number;
};

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
  closed = false;
  /** It stands in the list of sockets whose watches are to be looked at. */
  looked = false;
  /** What a splice has taken and could not pass on: in front of what the kernel has received. */
  pipe: Pipe | undefined;
  #readWatch: Watch | undefined;
  #writeWatch: Watch | undefined;
  /** An accepted peer's IPv4 address, as 32 bits, and its port; no port, no address. */
  #peerAddress = 0;
  #peerPort = -1;
  #seldom: Seldom | undefined;

  constructor(fd: number, kind: EpollSocket['kind'], family: Endpoint['family']) {
    this.fd = fd;
    this.kind = kind;
    this.family = family;
    this.hungUp = family === 'unix';
  }

  get opening(): ConnectOperation | undefined {
    return this.#seldom?.opening;
  }

  set opening(opening: ConnectOperation | undefined) {
    if (opening !== this.opening) this.#rare.opening = opening;
  }

  get lingering(): Lingering | undefined {
    return this.#seldom?.lingering;
  }

  set lingering(lingering: Lingering | undefined) {
    if (lingering !== this.lingering) this.#rare.lingering = lingering;
  }

  get adopted(): boolean {
    return this.#seldom?.adopted ?? false;
  }

  set adopted(adopted: boolean) {
    if (adopted !== this.adopted) this.#rare.adopted = adopted;
  }

  get exclusive(): boolean {
    return this.#seldom?.exclusive ?? false;
  }

  set exclusive(exclusive: boolean) {
    if (exclusive !== this.exclusive) this.#rare.exclusive = exclusive;
  }

  get registered(): boolean {
    return this.#seldom?.registered ?? false;
  }

  set registered(registered: boolean) {
    if (registered !== this.registered) this.#rare.registered = registered;
  }

  get roomWatched(): boolean {
    return this.#seldom?.roomWatched ?? false;
  }

  set roomWatched(roomWatched: boolean) {
    if (roomWatched !== this.roomWatched) this.#rare.roomWatched = roomWatched;
  }

  get unwatched(): number {
    return this.#seldom?.unwatched ?? 0;
  }

  set unwatched(unwatched: number) {
    if (unwatched !== this.unwatched) this.#rare.unwatched = unwatched;
  }

  get broken(): Fault | undefined {
    return this.#seldom?.broken;
  }

  get path(): string | undefined {
    return this.#seldom?.path;
  }

  set path(path: string) {
    this.#rare.path = path;
  }

  /** The other end. That of an accepted connection is put together with every call. */
  get remote(): Endpoint | undefined {
    if (this.#peerPort >= 0) return ipv4Endpoint(this.#peerAddress, this.#peerPort);
    return this.#seldom?.remote;
  }

  set remote(remote: Endpoint | undefined) {
    if (remote !== undefined) this.#rare.remote = remote;
  }

  /** Remembers an accepted peer by what accept4(2) wrote. */
  acceptedFrom(address: Buffer, bytes: number): void {
    if (this.family === 'ipv4' && bytes >= IPV4_BYTES) {
      this.#peerPort = ((address[2] as number) << 8) | (address[3] as number);
      this.#peerAddress = address.readInt32BE(4);
    } else {
      this.remote = decodeAddress(address, bytes);
    }
  }

  /** Ends `operation` with `fault`, and remembers one that ends the connection, too. */
  tellBroken(fault: Fault, operation: OperationBase): void {
    operation.outcome = 'failed';
    operation.fault = fault;
    // A pipe that is broken for who writes may have come to an ordinary end for who reads.
    const ended = fault.class === 'peer' || fault.class === 'path';
    if (ended && fault.code !== 'brokenPipe') this.#rare.broken = fault;
  }

  /** What a splice has taken and passed on to nobody goes with the socket. */
  dropHeld(): void {
    this.pipe?.release();
    this.pipe = undefined;
  }

  /** How many watches wait for a direction. */
  watches(direction: Direction): number {
    const first = direction === 'read' ? this.#readWatch : this.#writeWatch;
    if (first === undefined) return 0;
    const others = this.#seldom?.others;
    if (others === undefined) return 1;
    let count = 1;
    for (let i = 0; i < others.length; i += 1) if (others[i]?.direction === direction) count += 1;
    return count;
  }

  isReady(direction: Direction): boolean {
    return (direction === 'read' ? this.readable : this.writable) === 'ready';
  }

  addWatch(watch: Watch): void {
    if (watch.direction === 'read' && this.#readWatch === undefined) this.#readWatch = watch;
    else if (watch.direction === 'write' && this.#writeWatch === undefined)
      this.#writeWatch = watch;
    else this.#rare.others.push(watch);
  }

  removeWatch(watch: Watch): void {
    if (this.#readWatch === watch) this.#readWatch = this.#nextOther('read');
    else if (this.#writeWatch === watch) this.#writeWatch = this.#nextOther('write');
    else if (this.#seldom !== undefined) {
      this.#seldom.others = this.#seldom.others.filter((other) => other !== watch);
    }
  }

  /** Takes out the next watch of a direction. */
  takeWatch(direction: Direction): Watch | undefined {
    const watch = direction === 'read' ? this.#readWatch : this.#writeWatch;
    if (watch !== undefined) this.removeWatch(watch);
    return watch;
  }

  get #rare(): Seldom {
    this.#seldom ??= {
      broken: undefined,
      others: [],
      path: undefined,
      remote: undefined,
      opening: undefined,
      lingering: undefined,
      adopted: false,
      exclusive: false,
      registered: false,
      roomWatched: false,
      unwatched: 0,
    };
    return this.#seldom;
  }

  #nextOther(direction: Direction): Watch | undefined {
    if (this.#seldom === undefined) return undefined;
    const { others } = this.#seldom;
    if (others.length === 0) return undefined;
    const index = others.findIndex((other) => other.direction === direction);
    return index < 0 ? undefined : others.splice(index, 1)[0];
  }
}
