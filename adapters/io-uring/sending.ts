import { ownFault } from '../../src/core/fault.ts';
import type {
  SendOperation,
  ShutdownOperation,
  TransmitOperation,
  UdpSendOperation,
} from '../../src/core/operation.ts';
import { EAGAIN, EINPROGRESS, EINTR, SHUT_WR } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { encodeAddress } from '../linux/socket-address.ts';
import { ECANCELED, IORING_OP_SEND } from './constants.ts';
import { noticeOrFailure } from './datagrams.ts';
import type { Driver } from './driver.ts';
import { SEND_FLAGS, sendBuffer, sendGathered, sendVectors } from './gathering.ts';
import { outgoing } from './opening.ts';
import { TAG } from './tag.ts';
import { sendFile } from './transmitting.ts';
import type { UringSocket } from './uring-socket.ts';
import { endInTurn, waitForRoom } from './write-turns.ts';

export type WriteOperation =
  | SendOperation
  | TransmitOperation
  | ShutdownOperation
  | UdpSendOperation;

/** What is at most this long is copied together, in bytes: cheaper than a vector of pieces. */
const GATHER_BYTES_MAX: number = 64 * 1024;

/**
 * Begins the lane's first operation, or goes on with it. What is sent is with the kernel, or is
 * not, when `submit` returns: a request never waits for room, so no memory of the caller's stays
 * with the kernel, and progress is exact. Room is waited for by a poll.
 */
export function startWrite(driver: Driver, socket: UringSocket): void {
  const operation = socket.write.first as WriteOperation;
  switch (operation.kind) {
    case 'send':
      startSend(driver, socket, operation);
      return;
    case 'transmit':
      startTransmit(driver, socket, operation);
      return;
    case 'shutdown':
      startShutdown(driver, socket, operation);
      return;
    case 'udpSend':
      startDatagram(driver, socket, operation);
      return;
    default:
      operation satisfies never;
  }
}

/** A send has ended: with all of it, with a part, or because there is no room. */
export function sent(driver: Driver, socket: UringSocket, result: number): void {
  const { write } = socket;
  const operation = write.first as WriteOperation;
  if (result >= 0) {
    if (operation.kind === 'udpSend') {
      driver.finish(socket, write, 'done');
    } else if (operation.kind !== 'shutdown') {
      operation.bytes += result;
      operation.bytesPossible = operation.bytes;
      if (operation.bytes === totalOf(operation)) allSent(driver, socket, operation);
      else if (!endedEarly(driver, socket, operation)) goOn(driver, socket, result < socket.asked);
    }
  } else if (result === -EAGAIN || result === -EINTR || result === -ECANCELED) {
    if (endedEarly(driver, socket, operation)) return;
    goOn(driver, socket, result === -EAGAIN);
  } else if (result === -EINPROGRESS) {
    // A SYN that was put off has gone without data, as its cookie is lost (RFC 7413 §4.1.3).
    if (!endedEarly(driver, socket, operation)) goOn(driver, socket, true);
  } else {
    operation.fault = faultOfErrno(result, 'send');
    if (operation.kind !== 'udpSend') socket.noteBroken(operation.fault);
    const outcome =
      operation.kind === 'udpSend' ? noticeOrFailure(operation.fault.class) : 'failed';
    driver.finish(socket, write, outcome);
  }
}

function allSent(driver: Driver, socket: UringSocket, operation: WriteOperation): void {
  // Where it fails, the stream is broken: whatever comes next is told.
  if (operation.kind === 'send' && operation.last) driver.calls.shutdown(socket.fd, SHUT_WR);
  driver.finish(socket, socket.write, 'done');
}

/** There may be room again, or the wait for it was cancelled. */
export function writable(driver: Driver, socket: UringSocket): void {
  const operation = socket.write.first as WriteOperation;
  if (!endedEarly(driver, socket, operation)) startWrite(driver, socket);
}

function goOn(driver: Driver, socket: UringSocket, full: boolean): void {
  if (full) waitForRoom(driver, socket);
  else startWrite(driver, socket);
}

/** Was its end asked for meanwhile? Then this is it. */
function endedEarly(driver: Driver, socket: UringSocket, { outcome }: WriteOperation): boolean {
  if (outcome === 'done' && !socket.ending) return false;
  driver.finish(socket, socket.write, outcome === 'done' ? 'cancelled' : outcome);
  return true;
}

function startSend(driver: Driver, socket: UringSocket, operation: SendOperation): void {
  const left = lengthOf(operation) - operation.bytes;
  const only = operation.count === 1 ? operation.pieces[0] : undefined;
  if (left === 0) endInTurn(driver, socket);
  else if (left <= GATHER_BYTES_MAX) sendGathered(driver, socket, operation, left);
  else if (only instanceof Uint8Array) sendBuffer(driver, socket, only, operation.bytes);
  else sendVectors(driver, socket, operation);
}

function startTransmit(driver: Driver, socket: UringSocket, operation: TransmitOperation): void {
  const { bytes, head, tail, length } = operation;
  const headEnd = head?.length ?? 0;
  const fileEnd = headEnd + length;
  if (head !== undefined && bytes < headEnd) sendBuffer(driver, socket, head, bytes);
  else if (bytes < fileEnd) sendFile(driver, socket, operation, bytes - headEnd);
  else if (tail !== undefined && bytes < fileEnd + tail.length)
    sendBuffer(driver, socket, tail, bytes - fileEnd);
  else endInTurn(driver, socket);
}

function startShutdown(driver: Driver, socket: UringSocket, operation: ShutdownOperation): void {
  const answer = driver.calls.shutdown(socket.fd, SHUT_WR);
  if (answer < 0) {
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(answer, 'shutdown');
  }
  endInTurn(driver, socket);
}

function startDatagram(driver: Driver, socket: UringSocket, operation: UdpSendOperation): void {
  const { data, to } = operation;
  const { memory, ring } = driver;
  const misused = (to === undefined) === (socket.remote === undefined);
  const address = to === undefined ? undefined : encodeAddress(to);
  if (misused || (to !== undefined && address === undefined)) {
    operation.outcome = 'failed';
    operation.fault = ownFault('badArgument', 'sendto');
    endInTurn(driver, socket);
    return;
  }
  // The address first: what comes behind it may be handed over early, but not without it.
  const at = address === undefined ? 0 : outgoing(driver, address);
  if (at < 0) {
    waitForRoom(driver, socket);
    return;
  }
  const to64 = address === undefined ? 0 : memory.outgoingAddress + at;
  const from = data.length === 0 ? memory.outgoingAddress : driver.calls.addressOf(data);
  socket.write.request = TAG.sent;
  const [size, { fd, id }] = [address?.length ?? 0, socket];
  ring.prepare(IORING_OP_SEND, fd, from, data.length, SEND_FLAGS, id, TAG.sent, to64, size);
}

function totalOf(operation: SendOperation | TransmitOperation): number {
  if (operation.kind === 'send') return lengthOf(operation);
  return (operation.head?.length ?? 0) + operation.length + (operation.tail?.length ?? 0);
}

function lengthOf({ pieces, count }: SendOperation): number {
  let bytes = 0;
  for (let i = 0; i < count; i += 1) bytes += (pieces[i] as string | Uint8Array).length;
  return bytes;
}
