import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import { ByteRing } from './byte-ring.ts';
import type { SimEvent } from './event-queue.ts';
import type { Link } from './link.ts';
import type { Network, Owner } from './network.ts';
import type { ReadPace } from './read-pace.ts';
import type { Segment } from './segment.ts';

/**
 * The states of RFC 9293 §3.3.2; LISTEN is a `TcpListener`.
 *
 * | state         | we wait for                | and then                                   |
 * |---------------|----------------------------|--------------------------------------------|
 * | `synSent`     | SYN-ACK, or SYN (crossing) | `established`, or `synReceived`; RST: refused |
 * | `synReceived` | ACK of our SYN             | `established`                              |
 * | `established` | the application, or FIN    | `finWait1`, or `closeWait`                 |
 * | `finWait1`    | ACK of our FIN, or FIN     | `finWait2`, or `closing`                   |
 * | `finWait2`    | FIN                        | `timeWait`                                 |
 * | `closing`     | ACK of our FIN             | `timeWait`                                 |
 * | `closeWait`   | the application            | `lastAck`                                  |
 * | `lastAck`     | ACK of our FIN             | `closed`                                   |
 * | `timeWait`    | 60 s                       | `closed`; a repeated FIN is answered       |
 *
 * RST, and a retransmission too many, lead to `closed` with a fault from every state.
 */
export type TcpState =
  | 'synSent'
  | 'synReceived'
  | 'established'
  | 'finWait1'
  | 'finWait2'
  | 'closing'
  | 'closeWait'
  | 'lastAck'
  | 'timeWait'
  | 'closed';

/** What a connection needs from its host. */
export interface TcpHost {
  readonly index: number;
  readonly network: Network;
  /** The connection is closed: its key may be used again. */
  forget(block: TcpBlock): void;
}

/** What a listener does for a connection that was opened from the other side. */
export interface Acceptor {
  established(block: TcpBlock): void;
  abandoned(block: TcpBlock): void;
}

/** How a connection is made: both ends, and the keys under which both hosts know it. */
export type TcpEnds = {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly key: string;
  readonly peerKey: string;
  readonly link: Link;
};

/** First retransmission before a round trip was measured, in milliseconds (RFC 6298 §2.1). */
const RTO_FIRST_MS = 1000;

/**
 * One end of a connection: the transmission control block of RFC 9293 §3.3.1, as data.
 * `tcp-calls.ts` is what the application does to it, `tcp-input.ts` what segments do, and
 * `tcp-output.ts` what it sends.
 *
 *   send ring      [ una … sent, not acknowledged … nxt … not sent … ]  then FIN, at `finSeq`
 *   receive ring   [ … received, not read … ] rcvNxt   then FIN
 */
export class TcpBlock {
  readonly kind = 'tcp';
  readonly host: TcpHost;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly key: string;
  readonly peerKey: string;
  readonly link: Link;
  owner: Owner | undefined = undefined;
  acceptor: Acceptor | undefined = undefined;
  state: TcpState = 'synSent';
  /** Why the connection broke; what was received before can still be read. */
  fault: Fault | undefined = undefined;
  /** The peer's FIN has come in order: after the bytes that wait there are no more. */
  eof = false;
  /** Nobody reads any more: data that comes now is answered with RST. */
  orphan = false;

  readonly sendRing: ByteRing;
  readonly iss: number;
  una: number;
  nxt: number;
  /** Sequence number of our FIN; -1 while the application may still send. */
  finSeq = -1;
  sendWindow = 0;
  /** Sequence and acknowledgment number of the segment that set `sendWindow`. */
  windowSeq = 0;
  windowAck = 0;

  readonly receiveRing: ByteRing;
  rcvNxt = 0;
  /** The window that was last told to the peer. */
  toldWindow = 0;
  /** Segments beyond a gap, by sequence number. */
  readonly early: Segment[] = [];
  pace: ReadPace | undefined = undefined;

  /** Retransmission, probe of a shut window, TIME-WAIT: never two of them at once. */
  timer: SimEvent | undefined = undefined;
  retries = 0;
  rtoMs: number = RTO_FIRST_MS;
  /** Smoothed round trip, in milliseconds; -1 before the first sample. */
  roundTripMs = -1;
  /** The byte that is timed, and when it was sent; -1 when none is (RFC 6298 §3, Karn). */
  timedSeq = -1;
  timedMs = 0;
  repeatedAcks = 0;
  /** Up to here a loss is being repaired: an ACK below it means the next gap. */
  recoverSeq = -1;

  constructor(host: TcpHost, ends: TcpEnds, iss: number) {
    const { rings, conditions } = host.network;
    this.host = host;
    this.local = ends.local;
    this.remote = ends.remote;
    this.key = ends.key;
    this.peerKey = ends.peerKey;
    this.link = ends.link;
    this.iss = iss;
    this.una = iss;
    this.nxt = iss;
    this.sendRing = new ByteRing(rings, conditions.sendBufferBytes);
    this.receiveRing = new ByteRing(rings, conditions.receiveBufferBytes);
  }

  /** May data be sent and received, as far as the handshake goes? */
  get synchronized(): boolean {
    return this.state !== 'synSent' && this.state !== 'synReceived' && this.state !== 'closed';
  }

  /** Bytes that a read would take now. */
  get readable(): number {
    const { size } = this.receiveRing;
    return this.pace === undefined ? size : Math.min(size, this.pace.allowance());
  }

  get readReady(): boolean {
    if (this.receiveRing.size > 0) return this.readable > 0;
    return this.eof || this.fault !== undefined;
  }

  /** Like Linux, a socket is writable when a third of its send buffer is free. */
  get writeReady(): boolean {
    if (this.fault !== undefined || this.finSeq >= 0) return true;
    if (!this.synchronized) return false;
    return this.sendRing.free * 3 >= this.sendRing.capacity;
  }
}
