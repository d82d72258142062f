import { Buffer } from 'node:buffer';
import { getSystemErrorName } from 'node:util';
import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import { IORING_REGISTER_PBUF_RING } from './constants.ts';
import type { SystemCalls } from './system-calls.ts';

/** Size of one provided buffer, in bytes: what one receive shows at most. */
export const BUFFER_BYTES: number = SCRATCH_BYTES;
/** How many there are: 4 MiB, of which only what is written to becomes resident. */
export const BUFFERS = 64;
/** The group's number, in requests that let the kernel choose a buffer. */
export const BUFFER_GROUP = 0;

const PAGE_BYTES = 4096;
// struct io_uring_buf: address, length, number; the tail lies in the first one's last two bytes.
const ENTRY_BYTES = 16;
const TAIL_AT = 7; // In units of 16 bits.

/**
 * Buffers that the kernel chooses from when bytes are there, so that a receive that waits owns
 * none. One is lent to the consumer while its callback runs, then given back.
 */
export class ProvidedBuffers {
  /** All of them: number `n` begins at `n * BUFFER_BYTES`. */
  readonly memory: Buffer = Buffer.allocUnsafeSlow(BUFFERS * BUFFER_BYTES);
  readonly #address: number;
  /** Kept, as the kernel reads it until the ring is closed. */
  readonly #page: Buffer;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  #tail = 0;
  /** Buffers that the kernel does not have: 0 when nothing leaks. */
  lent: number = BUFFERS;

  constructor(calls: SystemCalls, ring: number) {
    this.#address = calls.addressOf(this.memory);
    this.#page = Buffer.allocUnsafeSlow(BUFFERS * ENTRY_BYTES + PAGE_BYTES);
    const address = calls.addressOf(this.#page);
    const skip = (PAGE_BYTES - (address % PAGE_BYTES)) % PAGE_BYTES;
    const { buffer, byteOffset } = this.#page;
    this.#words = new Uint32Array(buffer, byteOffset + skip, (BUFFERS * ENTRY_BYTES) / 4);
    this.#halves = new Uint16Array(buffer, byteOffset + skip, (BUFFERS * ENTRY_BYTES) / 2);
    this.#words.fill(0);
    // struct io_uring_buf_reg
    const request = Buffer.alloc(40);
    request.writeBigUInt64LE(BigInt(address + skip), 0);
    request.writeUInt32LE(BUFFERS, 8);
    request.writeUInt16LE(BUFFER_GROUP, 12);
    const answer = calls.ringRegister(ring, IORING_REGISTER_PBUF_RING, request, 1);
    if (answer < 0) throw new Error(`IORING_REGISTER_PBUF_RING: ${getSystemErrorName(answer)}`);
    for (let number = 0; number < BUFFERS; number += 1) this.give(number);
  }

  /** The kernel has chosen this one. */
  take(): void {
    this.lent += 1;
  }

  /** Hands a buffer to the kernel. It looks at them only while it is entered, by this thread. */
  give(number: number): void {
    const at = this.#tail % BUFFERS;
    const address = this.#address + number * BUFFER_BYTES;
    this.#words[at * 4] = address;
    this.#words[at * 4 + 1] = address / 2 ** 32;
    this.#words[at * 4 + 2] = BUFFER_BYTES;
    this.#halves[at * 8 + 6] = number;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#halves[TAIL_AT] = this.#tail;
    this.lent -= 1;
  }
}
