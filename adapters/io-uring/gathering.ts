import { Buffer } from 'node:buffer';
import type { SendOperation } from '../../src/core/operation.ts';
import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL } from '../linux/constants.ts';
import { IORING_OP_SEND, IORING_OP_SENDMSG } from './constants.ts';
import type { Driver } from './driver.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';
import { waitForRoom } from './write-turns.ts';

/** Buffers that one gathered write takes at most (IOV_MAX). */
export const VECTORS_MAX: number = 1024;
/** Bytes of text that one vector of pieces copies. */
const VECTOR_TEXT_BYTES_MAX: number = 64 * 1024;
// struct msghdr, then the vectors: pairs of address and length, 64 bits each.
const MSGHDR_BYTES = 56;
const VECTOR_BYTES = 16;

/** The kernel takes what there is room for, or says EAGAIN: it keeps no request that waits. */
export const SEND_FLAGS: number = MSG_DONTWAIT | MSG_NOSIGNAL;
/** What is held back goes with the FIN or the file that follows. */
const MORE_FLAGS = SEND_FLAGS | MSG_MORE;

type Latin1Write = (this: Buffer, text: string, at: number) => number;

/** What Buffer's `write` calls once it has found out that the encoding is latin1. */
const { latin1Write } = Buffer.prototype as unknown as { latin1Write: Latin1Write };

/** Everything that is left, copied together: cheaper than a vector for texts and small buffers. */
export function sendGathered(
  driver: Driver,
  socket: UringSocket,
  { pieces, count, bytes: done, last, more }: SendOperation,
  left: number,
): void {
  const { memory } = driver;
  const start = room(driver, left);
  if (start < 0) {
    waitForRoom(driver, socket);
    return;
  }
  const { outgoing: gather } = memory;
  let skip = done;
  let at = start;
  for (let i = 0; i < count; i += 1) {
    const piece = pieces[i] as string | Uint8Array;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    if (typeof piece === 'string') {
      at += latin1Write.call(gather, skip === 0 ? piece : piece.slice(skip), at);
    } else {
      gather.set(skip === 0 ? piece : piece.subarray(skip), at);
      at += piece.length - skip;
    }
    skip = 0;
  }
  const flags = last || more ? MORE_FLAGS : SEND_FLAGS;
  request(driver, socket, memory.outgoingAddress + start, left, flags);
}

/** Large buffers go from where they are; texts between them, through the outgoing memory. */
export function sendVectors(
  driver: Driver,
  socket: UringSocket,
  { pieces, count, bytes: done }: SendOperation,
): void {
  const { memory } = driver;
  const vectors = Math.min(count, VECTORS_MAX);
  const textBytes = textOf(pieces, vectors);
  const start = room(driver, MSGHDR_BYTES + vectors * VECTOR_BYTES + textBytes);
  if (start < 0) {
    waitForRoom(driver, socket);
    return;
  }
  const { outgoing: into, outgoingAddress } = memory;
  const vectorsAt = start + MSGHDR_BYTES;
  const textAt = vectorsAt + vectors * VECTOR_BYTES;
  const textEnd = textAt + textBytes;
  let [skip, at, used, bytes] = [done, textAt, 0, 0];
  for (let i = 0; i < count && used < vectors; i += 1) {
    const piece = pieces[i] as string | Uint8Array;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const whole = piece.length - skip;
    let length = whole;
    let address: number;
    if (typeof piece === 'string') {
      length = Math.min(whole, textEnd - at);
      if (length === 0) break;
      latin1Write.call(into, piece.slice(skip, skip + length), at);
      address = outgoingAddress + at;
      at += length;
    } else {
      address = driver.calls.addressOf(piece) + skip;
    }
    writePair(into, vectorsAt + used * VECTOR_BYTES, address, length);
    used += 1;
    bytes += length;
    if (length < whole) break;
    skip = 0;
  }
  into.fill(0, start, vectorsAt);
  writePair(into, start + 16, outgoingAddress + vectorsAt, used); // msg_iov, msg_iovlen
  const { fd, id } = socket;
  socket.write.request = TAG.sent;
  socket.asked = bytes;
  driver.ring.prepare(IORING_OP_SENDMSG, fd, outgoingAddress + start, 1, SEND_FLAGS, id, TAG.sent);
}

/** Bytes of text among the pieces, as far as one vector of them copies it. */
function textOf(pieces: readonly (Uint8Array | string)[], count: number): number {
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const piece = pieces[i];
    if (typeof piece === 'string') bytes += piece.length;
  }
  return Math.min(bytes, VECTOR_TEXT_BYTES_MAX);
}

export function sendBuffer(
  driver: Driver,
  socket: UringSocket,
  buffer: Uint8Array,
  from: number,
): void {
  const address = driver.calls.addressOf(buffer) + from;
  request(driver, socket, address, buffer.length - from, SEND_FLAGS);
}

function request(
  driver: Driver,
  socket: UringSocket,
  address: number,
  bytes: number,
  flags: number,
): void {
  const { fd, id } = socket;
  socket.write.request = TAG.sent;
  socket.asked = bytes;
  driver.ring.prepare(IORING_OP_SEND, fd, address, bytes, flags, id, TAG.sent);
}

/** Where there is room for `bytes`; negative when the kernel takes nothing at the moment. */
function room(driver: Driver, bytes: number): number {
  const at = driver.memory.take(bytes);
  if (at >= 0) return at;
  driver.handOver();
  return driver.memory.take(bytes);
}

function writePair(into: Buffer, at: number, first: number, second: number): void {
  into.writeUInt32LE(first % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(first / 2 ** 32), at + 4);
  into.writeUInt32LE(second % 2 ** 32, at + 8);
  into.writeUInt32LE(Math.floor(second / 2 ** 32), at + 12);
}
