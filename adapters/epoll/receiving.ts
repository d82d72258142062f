import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { PeekOperation, RecvOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, MSG_PEEK } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Pipe } from '../linux/pipes.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
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
  const { into, pool } = operation;
  const chunk = into === undefined ? pool?.take() : undefined;
  // One buffer is read into where it is; several are filled from the scratch buffer.
  const only = chunk ?? (into?.length === 1 ? into[0] : undefined);
  const room = only?.length ?? (into ? Math.min(roomOf(into), SCRATCH_BYTES) : SCRATCH_BYTES);
  if (room === 0) return takeNothing(operation);
  const address = only === undefined ? memory.scratchAddress : calls.addressOf(only);
  const { pipe } = socket;
  const bytes = readInto(calls, socket, address, room, 0);
  operation.chunk = bytes > 0 ? chunk : undefined;
  if (bytes <= 0 && chunk !== undefined) pool?.give(chunk);
  if (bytes === -EAGAIN) return false;
  operation.bytes = Math.max(bytes, 0);
  operation.offset = 0;
  operation.owned = false;
  if (bytes <= 0) {
    tellEnd(socket, operation, bytes);
  } else {
    // A short read has emptied the socket; a FIN behind it is an event of its own, and is kept.
    const emptied = bytes < room && !socket.hungUp && pipe === undefined;
    socket.readable = emptied ? 'exhausted' : 'ready';
    if (into === undefined) operation.data = chunk ?? memory.scratch;
    else if (only === undefined) scatter(memory.scratch, bytes, into);
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
  const bytes = readInto(calls, socket, memory.scratchAddress, room, MSG_PEEK);
  if (bytes === -EAGAIN) return false;
  operation.data = memory.scratch;
  operation.offset = 0;
  operation.bytes = Math.min(Math.max(bytes, 0), operation.wantBytes);
  if (bytes <= 0) tellEnd(socket, operation, bytes);
  return true;
}

/** Buffers without room take nothing: a system call would answer 0, as at the end of a stream. */
function takeNothing(operation: RecvOperation): true {
  operation.bytes = 0;
  operation.offset = 0;
  return true;
}

/** The end of the stream, or what broke it: now or earlier, as the kernel says that only once. */
function tellEnd(
  socket: EpollSocket,
  operation: RecvOperation | PeekOperation,
  answer: number,
): void {
  if (answer < 0) socket.tellBroken(faultOfErrno(answer, 'recv'), operation);
  else if (socket.broken !== undefined) socket.tellBroken(socket.broken, operation);
  else operation.outcome = 'eof';
}

/** Bytes read into the memory at `address`, 0 at the end of the stream, or a negated error number. */
export function readInto(
  calls: SystemCalls,
  socket: EpollSocket,
  address: number,
  room: number,
  flags: number,
): number {
  if (socket.pipe !== undefined) return readHeld(calls, socket, address, room, flags);
  if (socket.readable === 'exhausted') return -EAGAIN;
  for (let tries = 0; ; tries += 1) {
    const bytes = calls.recv(socket.fd, address, room, flags);
    if (bytes === -EINTR && tries < INTERRUPTS_MAX) continue;
    socket.readable = bytes === -EAGAIN ? 'exhausted' : 'ready';
    return bytes;
  }
}

/** What a splice has left behind comes before what the kernel has. */
function readHeld(
  calls: SystemCalls,
  socket: EpollSocket,
  address: number,
  room: number,
  flags: number,
): number {
  const pipe = socket.pipe as Pipe;
  socket.readable = 'ready';
  if ((flags & MSG_PEEK) !== 0) return pipe.peek(calls, address, room);
  const bytes = pipe.read(calls, address, room);
  if (pipe.bytes === 0) {
    socket.pipe = undefined;
    pipe.release();
  }
  return bytes;
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
