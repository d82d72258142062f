import { Buffer } from 'node:buffer';
import type { AcceptOperation } from '../../src/core/operation.ts';
import { AF_INET } from '../linux/constants.ts';
import { ADDRESS_BYTES, decodeAddress } from '../linux/socket-address.ts';
import type { SystemCalls } from './system-calls.ts';
import type { UringSocket } from './uring-socket.ts';

/** Requests of one listener that wait for connections at once; accepts beyond wait behind them. */
export const SLOTS = 64;
/** Behind the address, its length: in and out. */
const LENGTH_AT: number = (ADDRESS_BYTES + 7) & -8;
const SLOT_BYTES: number = LENGTH_AT + 8;

const [FREE, WAITING, CANCELLED] = [0, 1, 2];

/**
 * The requests of a listener, by number, and where the kernel writes who has connected. There are
 * as many that wait as accepts are posted, so that nobody is taken whom nobody wants.
 */
export class AcceptSlots {
  readonly #memory: Buffer = Buffer.alloc(SLOTS * SLOT_BYTES);
  readonly #address: number;
  readonly #states: Uint8Array = new Uint8Array(SLOTS);
  /** Requests whose end nobody has asked for. */
  waiting = 0;
  /** All requests that the kernel has. */
  inFlight = 0;
  /**
   * Accepts whose end was asked for, while cancelled requests may still bring connections: they keep
   * their places among the others, and end when no such request is left.
   */
  readonly withdrawn: AcceptOperation[] = [];

  constructor(calls: SystemCalls) {
    this.#address = calls.addressOf(this.#memory);
  }

  /** Requests whose end was asked for, and has not come. */
  get cancelled(): number {
    return this.inFlight - this.waiting;
  }

  /** A slot for one more request, which is then in flight; negative: all are taken. */
  take(): number {
    const slot = this.#states.indexOf(FREE);
    if (slot < 0) return slot;
    this.#states[slot] = WAITING;
    this.#memory.writeUInt32LE(ADDRESS_BYTES, slot * SLOT_BYTES + LENGTH_AT);
    this.waiting += 1;
    this.inFlight += 1;
    return slot;
  }

  addressOf(slot: number): number {
    return this.#address + slot * SLOT_BYTES;
  }

  lengthAddressOf(slot: number): number {
    return this.addressOf(slot) + LENGTH_AT;
  }

  /** A request whose end is now asked for; negative: none waits. The youngest ones go first. */
  takeBack(): number {
    const slot = this.#states.lastIndexOf(WAITING);
    if (slot < 0) return slot;
    this.#states[slot] = CANCELLED;
    this.waiting -= 1;
    return slot;
  }

  /** The slot's request has ended. */
  release(slot: number): void {
    if (this.#states[slot] === WAITING) this.waiting -= 1;
    this.#states[slot] = FREE;
    this.inFlight -= 1;
  }

  /** Tells the socket who has connected, as the kernel wrote it for the slot. */
  name(socket: UringSocket, slot: number): void {
    const at = slot * SLOT_BYTES;
    const memory = this.#memory;
    const bytes = memory.readUInt32LE(at + LENGTH_AT);
    if (memory.readUInt16LE(at) === AF_INET) {
      socket.remotePort = memory.readUInt16BE(at + 2);
      socket.remoteHost = memory.readInt32BE(at + 4);
    } else {
      socket.remote = decodeAddress(memory.subarray(at, at + ADDRESS_BYTES), bytes);
    }
  }
}
