import { unlinkSync } from 'node:fs';
import type { CloseOperation } from '../../src/core/operation.ts';
import { EAGAIN, SHUT_WR, SO_LINGER, SOL_SOCKET } from '../linux/constants.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket, Lingering } from './epoll-socket.ts';
import { readInto } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

/** Reads of one look at a socket that lingers. */
const READS_MAX = 16;
const RESET = new Int32Array([1, 0]); // struct linger: on, for no time.

/** Closes with RST: what is unsent is dropped. */
export function reset(calls: SystemCalls, socket: EpollSocket): void {
  if (socket.kind === 'stream') calls.setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, RESET);
  closeSocket(calls, socket);
}

/** Gives the descriptor back, and the name that a UNIX listener had, as Node does. */
export function closeSocket(calls: SystemCalls, { fd, path }: EpollSocket): void {
  if (path !== undefined) {
    try {
      unlinkSync(path); // First: afterwards the name may be another socket's.
    } catch {
      // Somebody else has removed it.
    }
  }
  calls.close(fd);
}

/** Sends FIN behind what the kernel holds; what the peer still sends is dropped meanwhile. */
export function beginLinger(
  calls: SystemCalls,
  socket: EpollSocket,
  close: CloseOperation,
): Lingering {
  const over = calls.shutdown(socket.fd, SHUT_WR) < 0;
  const lingering = { close, bytes: 0, timer: undefined, over };
  socket.lingering = lingering;
  return lingering;
}

/** Reads and drops; `true` once the peer has ended, too, or a bound of the close is met. */
export function linger(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  lingering: Lingering,
): boolean {
  for (let reads = 0; !lingering.over && reads < READS_MAX; reads += 1) {
    const bytes = readInto(calls, socket, memory.scratchAddress, memory.scratch.length, 0);
    if (bytes === -EAGAIN) return false;
    if (bytes > 0) lingering.bytes += bytes;
    if (bytes <= 0 || lingering.bytes > lingering.close.lingerBytes) lingering.over = true;
  }
  return lingering.over;
}
