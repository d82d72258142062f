import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import {
  type CloseOperation,
  type ConnectOperation,
  NO_SOCKET,
  type SocketId,
  type TimerOperation,
} from '../../src/core/operation.ts';
import type { Pipe } from '../linux/pipes.ts';
import type { AcceptSlots } from './accept-slots.ts';
import { UringLane } from './uring-lane.ts';

/** No port is this one. */
export const NO_PORT = -1;

/** What the adapter knows of one descriptor. */
export class UringSocket {
  readonly fd: number;
  readonly kind: 'listener' | 'stream' | 'datagrams';
  readonly family: Endpoint['family'];
  id: SocketId = NO_SOCKET;
  readonly read: UringLane = new UringLane();
  readonly write: UringLane = new UringLane();
  /** The last receive, or accept, emptied the socket: the next one waits without looking first. */
  drained = false;
  /** Bytes of the send that is under way: fewer mean that the socket has no more room. */
  asked = 0;
  /** A connect that is under way. */
  opening: ConnectOperation | undefined;
  /** Everything of it ends; `closing` is who asked, where that was not the end of the port. */
  ending = false;
  closing: CloseOperation | undefined;
  /** Nobody waits for an orderly end any more. */
  hurried = false;
  lingering = false;
  lingered = 0;
  lingerTimer: TimerOperation | undefined;
  /** Where the peer is; of an accepted IPv4 connection as two numbers, which are kept instead. */
  remote: Endpoint | undefined;
  remoteHost = 0;
  remotePort: number = NO_PORT;
  /** What a listener has made in the file system, and takes away again. */
  path: string | undefined;
  /**
   * What broke the connection. The kernel says it once, to whichever request comes first, and then
   * shows an end of stream like any other: who reads must not take the one for the other.
   */
  broken: Fault | undefined;
  /** Bytes that a splice has taken and passed on to nobody: they come before what the kernel has. */
  pipe: Pipe | undefined;
  /** Sockets whose splices wait for room here. */
  splicedFrom: UringSocket[] | undefined;
  /** Of a listener: its requests for connections. */
  accepts: AcceptSlots | undefined;

  constructor(fd: number, kind: UringSocket['kind'], family: Endpoint['family']) {
    this.fd = fd;
    this.kind = kind;
    this.family = family;
  }

  /** What a splice has taken and passed on to nobody goes with the socket. */
  dropHeld(): void {
    this.pipe?.release();
    this.pipe = undefined;
  }

  /** Remembers a fault that ends the connection. */
  noteBroken(fault: Fault): void {
    const ended = fault.class === 'peer' || fault.class === 'path';
    // A pipe that is broken for who writes may have come to an ordinary end for who reads.
    if (ended && fault.code !== 'brokenPipe') this.broken = fault;
  }
}
