import { ownFault } from '../../src/core/fault.ts';
import type { Outcome, PeekOperation, RecvOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, ENOBUFS, MSG_PEEK } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import {
  ECANCELED,
  IORING_CQE_BUFFER_SHIFT,
  IORING_CQE_F_BUFFER,
  IORING_CQE_F_SOCK_NONEMPTY,
  IORING_OP_RECV,
  IORING_RECVSEND_POLL_FIRST,
  IOSQE_BUFFER_SELECT,
} from './constants.ts';
import type { Driver } from './driver.ts';
import { BUFFER_BYTES } from './provided-buffers.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

const LOOK_FIRST = IORING_OP_RECV | (IOSQE_BUFFER_SELECT << 8);
const WAIT_FIRST = LOOK_FIRST | (IORING_RECVSEND_POLL_FIRST << 16);

const INTO_DIRECTLY = IORING_OP_RECV;
const INTO_WAITING = INTO_DIRECTLY | (IORING_RECVSEND_POLL_FIRST << 16);
/** Bytes of one request: what the kernel takes for a length. */
const DIRECT_BYTES_MAX = 2 ** 30;

/**
 * Asks for bytes. Without a buffer of the caller's, the kernel chooses one of the provided ones
 * when bytes are there, so that an idle connection owns none. One buffer of the caller's is filled
 * where it is; it stays referenced by the operation until the request has completed. Several are
 * filled from a provided one.
 */
export function startReceive(
  driver: Driver,
  socket: UringSocket,
  operation: RecvOperation | PeekOperation,
): void {
  const { read, id, fd } = socket;
  read.request = TAG.received;
  let room = BUFFER_BYTES;
  let flags = 0;
  if (socket.pipe !== undefined && hasRoom(operation)) {
    driver.bulk.serveSoon(driver, socket);
    return;
  }
  if (operation.kind === 'peek') {
    room = Math.min(Math.max(operation.wantBytes, 1), BUFFER_BYTES);
    flags = MSG_PEEK;
  } else if (operation.into === undefined && operation.pool !== undefined) {
    driver.bulk.start(driver, socket);
    return;
  } else if (operation.into !== undefined) {
    const whole = roomOf(operation.into);
    if (whole === 0 || whole < operation.minBytes) {
      endWithoutBytes(driver, socket, operation, whole);
      return;
    }
    const only = operation.into.length === 1 ? operation.into[0] : undefined;
    if (only !== undefined) {
      const kind = socket.drained ? INTO_WAITING : INTO_DIRECTLY;
      const address = driver.calls.addressOf(only) + operation.bytes;
      const most = Math.min(whole - operation.bytes, DIRECT_BYTES_MAX);
      driver.ring.prepare(kind, fd, address, most, 0, id, TAG.received);
      return;
    }
    room = Math.min(whole - operation.bytes, BUFFER_BYTES);
  }
  const kind = socket.drained ? WAIT_FIRST : LOOK_FIRST;
  driver.ring.prepare(kind, fd, 0, room, flags, id, TAG.received);
}

/** Buffers without room are answered for what they are. */
function hasRoom(operation: RecvOperation | PeekOperation): boolean {
  if (operation.kind === 'peek' || operation.into === undefined) return true;
  const room = roomOf(operation.into);
  return room > 0 && room >= operation.minBytes;
}

/** Buffers without room take nothing: a request for no bytes would end as a stream does. */
function endWithoutBytes(
  driver: Driver,
  { read, id }: UringSocket,
  operation: RecvOperation,
  room: number,
): void {
  if (room < operation.minBytes) {
    operation.fault = ownFault('badArgument', 'recv');
    operation.outcome = 'failed';
  }
  read.request = TAG.ended;
  driver.ring.echo(id, TAG.ended);
}

/** The request of the first receive or peek has ended. */
export function received(driver: Driver, socket: UringSocket, result: number, flags: number): void {
  const { read } = socket;
  const operation = read.first as RecvOperation | PeekOperation;
  const { outcome } = operation;
  if ((flags & IORING_CQE_F_BUFFER) !== 0) {
    const { buffers } = driver;
    const number = flags >>> IORING_CQE_BUFFER_SHIFT;
    buffers.take();
    try {
      bytesCame(driver, socket, operation, number * BUFFER_BYTES, result, flags);
    } finally {
      buffers.give(number);
    }
    return;
  }
  if (result > 0) {
    bytesCame(driver, socket, operation as RecvOperation, 0, result, flags);
    return;
  }
  if (result === 0) {
    socket.drained = false; // The end is there again for whoever asks next.
    if (!socket.ending) operation.fault = socket.broken;
    const end = socket.broken === undefined ? 'eof' : 'failed';
    driver.finish(socket, read, socket.ending ? 'cancelled' : end);
    return;
  }
  const early: Outcome = outcome === 'done' ? 'cancelled' : outcome;
  const again = result === -ENOBUFS || result === -EAGAIN || result === -EINTR;
  if (result === -ECANCELED || (again && (outcome !== 'done' || socket.ending))) {
    driver.finish(socket, read, early);
  } else if (again) {
    // Every buffer was on its way to a consumer: they are back before the next request is seen.
    socket.drained = result === -EAGAIN;
    startReceive(driver, socket, operation);
  } else {
    operation.fault = faultOfErrno(result, 'recv');
    socket.noteBroken(operation.fault);
    driver.finish(socket, read, 'failed');
  }
}

function bytesCame(
  driver: Driver,
  socket: UringSocket,
  operation: RecvOperation | PeekOperation,
  at: number,
  bytes: number,
  flags: number,
): void {
  const { memory } = driver.buffers;
  const { read } = socket;
  if (bytes <= 0) {
    // The kernel had chosen a buffer for what turned out to be the end.
    received(driver, socket, bytes, 0);
    return;
  }
  if (operation.kind === 'peek') {
    socket.drained = false;
    operation.data = memory;
    operation.offset = at;
    operation.bytes = Math.min(bytes, operation.wantBytes);
    driver.finish(socket, read, socket.ending ? 'cancelled' : 'done');
    return;
  }
  socket.drained = (flags & IORING_CQE_F_SOCK_NONEMPTY) === 0;
  const { into } = operation;
  if (into === undefined) {
    operation.data = memory;
    operation.offset = at;
    operation.bytes = bytes;
    operation.owned = false;
  } else if (into.length === 1) {
    operation.bytes += bytes;
  } else {
    scatter(memory, at, bytes, into, operation.bytes);
    operation.bytes += bytes;
  }
  const enough = into === undefined || operation.bytes >= operation.minBytes;
  if (socket.ending) driver.finish(socket, read, 'cancelled');
  else if (enough) driver.finish(socket, read, 'done');
  else if (operation.outcome !== 'done') driver.finish(socket, read, operation.outcome);
  else startReceive(driver, socket, operation);
}

function roomOf(into: readonly Uint8Array[]): number {
  let room = 0;
  for (const buffer of into) room += buffer.length;
  return room;
}

/** Copies `bytes` behind the first `done` of the buffers. */
export function scatter(
  from: Buffer,
  start: number,
  bytes: number,
  into: readonly Uint8Array[],
  done: number,
): void {
  let skip = done;
  let at = start;
  const end = start + bytes;
  for (const buffer of into) {
    if (at === end) return;
    if (skip >= buffer.length) {
      skip -= buffer.length;
      continue;
    }
    const next = Math.min(at + buffer.length - skip, end);
    buffer.set(from.subarray(at, next), skip);
    at = next;
    skip = 0;
  }
}
