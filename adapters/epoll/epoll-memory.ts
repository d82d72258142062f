import { Buffer } from 'node:buffer';
import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import { ADDRESS_BYTES } from '../linux/socket-address.ts';
import type { SystemCalls } from './system-calls.ts';

/** Buffers that one gathered write takes at most (IOV_MAX). */
export const VECTORS_MAX: number = 1024;

/** The adapter's own memory, whose addresses it knows: made once, never moved. */
export class EpollMemory {
  /** What a receive without buffers reads into. */
  readonly scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly scratchAddress: number;
  /** Where texts and small buffers are gathered for one send. */
  readonly gather: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly gatherAddress: number;
  readonly vectors: BigUint64Array = new BigUint64Array(2 * VECTORS_MAX);
  readonly address: Buffer = Buffer.allocUnsafeSlow(ADDRESS_BYTES);
  /** One int, in and out: lengths of addresses, and options. */
  readonly int: Int32Array = new Int32Array(1);
  readonly position: BigInt64Array = new BigInt64Array(1);

  constructor(calls: SystemCalls) {
    this.scratchAddress = calls.addressOf(this.scratch);
    this.gatherAddress = calls.addressOf(this.gather);
  }
}
