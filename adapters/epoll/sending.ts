import { Buffer } from 'node:buffer';
import { ownFault } from '../../src/core/fault.ts';
import type {
  SendOperation,
  ShutdownOperation,
  TransmitOperation,
} from '../../src/core/operation.ts';
import { EAGAIN, EINPROGRESS, EINTR, MSG_MORE, MSG_NOSIGNAL, SHUT_WR } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { type EpollMemory, VECTORS_MAX } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { INTERRUPTS_MAX } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

/** Files are sent by this many bytes at once, so that one socket does not keep the loop. */
const SENDFILE_BYTES_MAX = 1 << 20;
/** A peer may read as fast as we send: after this much of a file the others have their turn. */
const FILE_BYTES_PER_ATTEMPT_MAX = 1 << 22;

type Latin1Write = (this: Buffer, text: string, at: number) => number;

/** What Buffer's `write` calls once it has found out that the encoding is latin1. */
const { latin1Write } = Buffer.prototype as unknown as { latin1Write: Latin1Write };

/** Sends what is left of the pieces. `false`: it would block, with `bytes` counting what went. */
export function send(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: SendOperation,
): boolean {
  const total = lengthOf(operation);
  for (;;) {
    operation.bytesPossible = operation.bytes;
    if (operation.bytes === total) {
      // Where it fails, the stream is broken: whatever comes next is told.
      if (operation.last) calls.shutdown(socket.fd, SHUT_WR);
      return true;
    }
    if (socket.writable === 'exhausted') return false;
    const left = total - operation.bytes;
    const small = left <= memory.gather.length;
    const sent = small
      ? sendGathered(calls, memory, socket, operation)
      : sendVectors(calls, memory, socket, operation);
    if (!advance(socket, operation, sent, 'send')) return operation.outcome === 'failed';
    // What was not taken whole has filled the socket's buffer.
    if (small && sent < left) socket.writable = 'exhausted';
  }
}

/** Sends what is left of head, file and tail. `false`: it would block. */
export function transmit(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: TransmitOperation,
): boolean {
  const head = operation.head?.length ?? 0;
  const fileEnd = head + operation.length;
  const total = fileEnd + (operation.tail?.length ?? 0);
  const most = operation.bytes + FILE_BYTES_PER_ATTEMPT_MAX;
  for (;;) {
    operation.bytesPossible = operation.bytes;
    const at = operation.bytes;
    if (at === total) return true;
    if (socket.writable === 'exhausted' || at >= most) return false;
    const inFile = at >= head && at < fileEnd;
    const sent = inFile
      ? sendFile(calls, memory, socket, operation, at - head)
      : at < head
        ? sendBuffer(calls, socket, operation.head as Uint8Array, at)
        : sendBuffer(calls, socket, operation.tail as Uint8Array, at - fileEnd);
    if (inFile && sent === 0) {
      operation.outcome = 'failed';
      operation.fault = ownFault('shortFile', 'sendfile');
      return true;
    }
    if (!advance(socket, operation, sent, inFile ? 'sendfile' : 'send')) {
      return operation.outcome === 'failed';
    }
  }
}

export function shutdown(
  calls: SystemCalls,
  socket: EpollSocket,
  operation: ShutdownOperation,
): boolean {
  const answer = calls.shutdown(socket.fd, SHUT_WR);
  if (answer === 0) return true;
  operation.outcome = 'failed';
  operation.fault = faultOfErrno(answer, 'shutdown');
  return true;
}

/** Counts what went. `false`: nothing more can go now, or, when it failed, ever. */
function advance(
  socket: EpollSocket,
  operation: SendOperation | TransmitOperation,
  sent: number,
  call: string,
): boolean {
  if (sent === -EAGAIN) {
    socket.writable = 'exhausted';
    return false;
  }
  if (sent < 0) {
    // A SYN that was put off has gone without data, as its cookie is lost (RFC 7413 §4.1.3).
    if (sent === -EINPROGRESS) socket.writable = 'exhausted';
    else socket.tellBroken(faultOfErrno(sent, call), operation);
    return false;
  }
  socket.writable = 'ready';
  operation.bytes += sent;
  operation.bytesPossible = operation.bytes;
  return true;
}

function lengthOf({ pieces, count }: SendOperation): number {
  let bytes = 0;
  for (let i = 0; i < count; i += 1) bytes += (pieces[i] as string | Uint8Array).length;
  return bytes;
}

/** Everything that is left, copied together: cheaper than a vector for texts and small buffers. */
function sendGathered(
  calls: SystemCalls,
  { gather, gatherAddress }: EpollMemory,
  { fd }: EpollSocket,
  { pieces, count, bytes: done, last, more }: SendOperation,
): number {
  let skip = done;
  let filled = 0;
  for (let i = 0; i < count; i += 1) {
    const piece = pieces[i] as string | Uint8Array;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    if (typeof piece === 'string') {
      filled += latin1Write.call(gather, skip === 0 ? piece : piece.slice(skip), filled);
    } else {
      gather.set(skip === 0 ? piece : piece.subarray(skip), filled);
      filled += piece.length - skip;
    }
    skip = 0;
  }
  // What is held back goes with the FIN or the file that follows.
  const flags = last || more ? MSG_MORE | MSG_NOSIGNAL : MSG_NOSIGNAL;
  return sendAgain(calls, fd, gatherAddress, filled, flags);
}

/** Large buffers go from where they are; texts between them, through the gather buffer. */
function sendVectors(
  calls: SystemCalls,
  { gather, gatherAddress, vectors }: EpollMemory,
  { fd }: EpollSocket,
  { pieces, count, bytes: done }: SendOperation,
): number {
  let skip = done;
  let filled = 0;
  let used = 0;
  for (let i = 0; i < count && used < VECTORS_MAX; i += 1) {
    const piece = pieces[i] as string | Uint8Array;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    let address: number;
    let length = piece.length - skip;
    if (typeof piece === 'string') {
      length = Math.min(length, gather.length - filled);
      if (length === 0) break;
      latin1Write.call(gather, piece.slice(skip, skip + length), filled);
      address = gatherAddress + filled;
      filled += length;
    } else {
      address = calls.addressOf(piece) + skip;
    }
    vectors[2 * used] = BigInt(address);
    vectors[2 * used + 1] = BigInt(length);
    used += 1;
    if (length < piece.length - skip) break;
    skip = 0;
  }
  for (let tries = 0; ; tries += 1) {
    const sent = calls.writev(fd, vectors, used);
    if (sent !== -EINTR || tries === INTERRUPTS_MAX) return sent;
  }
}

function sendBuffer(
  calls: SystemCalls,
  { fd }: EpollSocket,
  buffer: Uint8Array,
  from: number,
): number {
  return sendAgain(calls, fd, calls.addressOf(buffer) + from, buffer.length - from, MSG_NOSIGNAL);
}

function sendFile(
  calls: SystemCalls,
  { position }: EpollMemory,
  { fd }: EpollSocket,
  operation: TransmitOperation,
  from: number,
): number {
  const bytes = Math.min(operation.length - from, SENDFILE_BYTES_MAX);
  for (let tries = 0; ; tries += 1) {
    position[0] = BigInt(operation.position + from);
    const sent = calls.sendfile(fd, operation.file, position, bytes);
    if (sent !== -EINTR || tries === INTERRUPTS_MAX) return sent;
  }
}

/** A call that a signal has interrupted is made again. */
function sendAgain(
  calls: SystemCalls,
  fd: number,
  address: number,
  bytes: number,
  flags: number,
): number {
  for (let tries = 0; ; tries += 1) {
    const sent = calls.send(fd, address, bytes, flags);
    if (sent !== -EINTR || tries === INTERRUPTS_MAX) return sent;
  }
}
