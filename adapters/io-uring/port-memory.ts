import { Buffer } from 'node:buffer';
import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import { ADDRESS_BYTES } from '../linux/socket-address.ts';
import type { SystemCalls } from './system-calls.ts';

/** What all sends of one turn may copy, in bytes; beyond it they are handed over early. */
const OUTGOING_BYTES: number = 1024 * 1024;
const ALIGNMENT = 8;

/** The adapter's own memory, whose addresses it knows: made once, never moved. */
export class PortMemory {
  /** What plain calls read into: datagrams, and what a lingering close drops. */
  readonly scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly scratchAddress: number;
  /**
   * What requests refer to until they are handed over: texts and small buffers, vectors,
   * addresses. No request keeps it longer, as sends are made not to wait (MSG_DONTWAIT).
   */
  readonly outgoing: Buffer = Buffer.allocUnsafeSlow(OUTGOING_BYTES);
  readonly outgoingAddress: number;
  readonly address: Buffer = Buffer.allocUnsafeSlow(ADDRESS_BYTES);
  /** One int, in and out: lengths of addresses, and options. */
  readonly int: Int32Array = new Int32Array(1);
  readonly position: BigInt64Array = new BigInt64Array(1);
  #taken = 0;

  constructor(calls: SystemCalls) {
    this.scratchAddress = calls.addressOf(this.scratch);
    this.outgoingAddress = calls.addressOf(this.outgoing);
  }

  /** Where in `outgoing` there is room for `bytes`; negative when there is none. */
  take(bytes: number): number {
    if (this.#taken + bytes > OUTGOING_BYTES) return -1;
    const at = this.#taken;
    this.#taken = (at + bytes + ALIGNMENT - 1) & -ALIGNMENT;
    return at;
  }

  /** Every request has been handed over. */
  reset(): void {
    this.#taken = 0;
  }

  set(value: number): Int32Array {
    this.int[0] = value;
    return this.int;
  }
}
