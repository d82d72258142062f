import type { PeekOperation, RecvOperation } from '../../src/core/operation.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Pipe } from '../linux/pipes.ts';
import type { Driver } from './driver.ts';
import { scatter, startReceive } from './receiving.ts';
import type { UringSocket } from './uring-socket.ts';

/**
 * Receives, or shows, what a splice has left behind: it comes before what the kernel has. Returns
 * how many bytes were taken.
 */
export function receiveHeld(
  driver: Driver,
  socket: UringSocket,
  operation: RecvOperation | PeekOperation,
  pipe: Pipe,
): number {
  const { calls, memory } = driver;
  const { scratch, scratchAddress } = memory;
  const isPeek = operation.kind === 'peek';
  const wanted = isPeek ? Math.max(operation.wantBytes, 1) : roomOf(operation);
  const room = Math.min(wanted, scratch.length);
  const bytes = isPeek
    ? pipe.peek(calls, scratchAddress, room)
    : pipe.read(calls, scratchAddress, room);
  if (bytes < 0) {
    operation.fault = faultOfErrno(bytes, 'read');
    driver.finish(socket, socket.read, 'failed');
    return 0;
  }
  if (operation.kind === 'peek') {
    lend(operation, scratch, Math.min(bytes, operation.wantBytes));
    driver.finish(socket, socket.read, 'done');
    return 0;
  }
  if (pipe.bytes === 0) socket.dropHeld();
  const { into } = operation;
  if (into === undefined) {
    lend(operation, scratch, bytes);
    operation.owned = false;
  } else {
    scatter(scratch, 0, bytes, into, operation.bytes);
    operation.bytes += bytes;
  }
  if (into === undefined || operation.bytes >= operation.minBytes) {
    driver.finish(socket, socket.read, 'done');
  } else startReceive(driver, socket, operation);
  return bytes;
}

function lend(operation: RecvOperation | PeekOperation, data: Uint8Array, bytes: number): void {
  operation.data = data;
  operation.offset = 0;
  operation.bytes = bytes;
}

/** What a receive still takes; without buffers, any number. */
function roomOf({ into, bytes }: RecvOperation): number {
  if (into === undefined) return Number.MAX_SAFE_INTEGER;
  return into.reduce((room, buffer) => room + buffer.length, -bytes);
}
