import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Link, Packet, PacketName } from './link.ts';
import type { Receiver } from './network.ts';

/** Control bits (RFC 9293 §3.1). */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

/** Most bytes of one segment: what Ethernet leaves for TCP. */
export const MSS_BYTES = 1460;
/** Segments kept for the next burst; what comes back beyond is dropped. */
const SEGMENTS_IDLE_MAX = 4096;

const NO_BYTES = new Uint8Array(0);
const NOWHERE: Endpoint = { family: 'ipv4', address: '', port: 0 };

/**
 * A TCP segment. Sequence numbers are counted on for ever instead of modulo 2^32: a double has
 * room for 2^53 bytes, and every comparison is then a plain one.
 */
export class Segment implements Packet {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  link: Link | undefined = undefined;
  readonly #pool: SegmentPool;
  from: Endpoint = NOWHERE;
  to: Endpoint = NOWHERE;
  /** Under which the receiver's host knows the connection, and the sender's. */
  key = '';
  replyKey = '';
  flags = 0;
  seq = 0;
  ack = 0;
  window = 0;
  payload: Uint8Array = NO_BYTES;
  length = 0;

  constructor(pool: SegmentPool) {
    this.#pool = pool;
  }

  /** What the segment adds to the sequence number: SYN and FIN count as one each. */
  get span(): number {
    return this.length + (this.flags & SYN ? 1 : 0) + (this.flags & FIN ? 1 : 0);
  }

  /** What it is called in traces and by `lose`. */
  get name(): PacketName {
    if (this.flags & RST) return 'RST';
    if (this.flags & SYN) return this.flags & ACK ? 'SYN-ACK' : 'SYN';
    if (this.flags & FIN) return 'FIN';
    return this.length > 0 ? 'data' : 'ACK';
  }

  get resettable(): boolean {
    return (this.length > 0 || (this.flags & FIN) !== 0) && !(this.flags & SYN);
  }

  fire(): void {
    this.link?.arrive(this);
  }

  deliver(to: Receiver): void {
    to.segmentArrived(this);
  }

  /** Makes room for `length` bytes of payload. The buffer stays with the segment. */
  reserve(length: number): Uint8Array {
    if (this.payload.length === 0) this.payload = new Uint8Array(MSS_BYTES);
    this.length = length;
    return this.payload;
  }

  duplicate(): Segment {
    const twin = this.#pool.take();
    twin.from = this.from;
    twin.to = this.to;
    twin.key = this.key;
    twin.replyKey = this.replyKey;
    twin.flags = this.flags;
    twin.seq = this.seq;
    twin.ack = this.ack;
    twin.window = this.window;
    if (this.length > 0) twin.reserve(this.length).set(this.payload.subarray(0, this.length));
    return twin;
  }

  becomeReset(): void {
    this.flags = RST | ACK;
    this.length = 0;
  }

  release(): void {
    this.length = 0;
    this.link = undefined;
    this.#pool.give(this);
  }
}

/** The segments of one world, used again and again. */
export class SegmentPool {
  readonly #idle: Segment[] = [];

  take(): Segment {
    return this.#idle.pop() ?? new Segment(this);
  }

  give(segment: Segment): void {
    if (this.#idle.length < SEGMENTS_IDLE_MAX) this.#idle.push(segment);
  }
}
