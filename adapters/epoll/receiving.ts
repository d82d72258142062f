import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { PeekOperation, RecvOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, MSG_PEEK } from './constants.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { faultOfErrno } from './fault-of-errno.ts';
import type { SystemCalls } from './system-calls.ts';

/** How often a call that a signal interrupted is made again. */
export const INTERRUPTS_MAX = 64;

/** One receive. `false`: it would block. Otherwise `outcome` says how it ended. */
export function receive(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: RecvOperation,
): boolean {
  const { into } = operation;
  const room = into === undefined ? SCRATCH_BYTES : Math.min(roomOf(into), SCRATCH_BYTES);
  const bytes = readInto(calls, memory, socket, room, 0);
  if (bytes === -EAGAIN) return false;
  operation.bytes = Math.max(bytes, 0);
  operation.offset = 0;
  operation.owned = false;
  if (bytes < 0) {
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(bytes, 'recv');
  } else if (bytes === 0) {
    operation.outcome = 'eof';
  } else {
    // A short read has emptied the socket; a FIN behind it is an event of its own, and is kept.
    socket.readable = bytes < room && !socket.hungUp ? 'exhausted' : 'ready';
    if (into === undefined) operation.data = memory.scratch;
    else scatter(memory.scratch, bytes, into);
  }
  return true;
}

/** One look. The bytes that it shows are the scratch buffer's. */
export function peek(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: PeekOperation,
): boolean {
  const room = Math.min(Math.max(operation.wantBytes, 1), SCRATCH_BYTES);
  const bytes = readInto(calls, memory, socket, room, MSG_PEEK);
  if (bytes === -EAGAIN) return false;
  operation.data = memory.scratch;
  operation.offset = 0;
  operation.bytes = Math.min(Math.max(bytes, 0), operation.wantBytes);
  if (bytes < 0) {
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(bytes, 'recv');
  } else if (bytes === 0) operation.outcome = 'eof';
  return true;
}

/** Bytes read into scratch, 0 at the end of the stream, or a negated error number. */
export function readInto(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  room: number,
  flags: number,
): number {
  if (socket.readable === 'exhausted') return -EAGAIN;
  for (let tries = 0; ; tries += 1) {
    const bytes = calls.recv(socket.fd, memory.scratchAddress, room, flags);
    if (bytes === -EINTR && tries < INTERRUPTS_MAX) continue;
    socket.readable = bytes === -EAGAIN ? 'exhausted' : 'ready';
    return bytes;
  }
}

function roomOf(into: readonly Uint8Array[]): number {
  let room = 0;
  for (const buffer of into) room += buffer.length;
  return room;
}

function scatter(scratch: Buffer, bytes: number, into: readonly Uint8Array[]): void {
  let at = 0;
  for (const buffer of into) {
    if (at === bytes) return;
    const end = Math.min(at + buffer.length, bytes);
    buffer.set(scratch.subarray(at, end));
    at = end;
  }
}
