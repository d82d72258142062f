import { readSync } from 'node:fs';
import { type Fault, fault } from '../../src/core/fault.ts';
import type {
  SendOperation,
  ShutdownOperation,
  SocketOperation,
  TransmitOperation,
} from '../../src/core/operation.ts';
import { done, failed } from './answer.ts';
import { simFault } from './sim-faults.ts';
import type { SimSocket } from './sim-socket.ts';
import type { TcpBlock } from './tcp-block.ts';
import { put, shutdown } from './tcp-calls.ts';
import { output } from './tcp-output.ts';

/** Why nothing can be sent; `undefined`: it can. */
function sendFault(block: TcpBlock): Fault | undefined {
  if (block.fault !== undefined) return block.fault;
  return block.finSeq >= 0 || !block.synchronized ? simFault('brokenPipe') : undefined;
}

/** `undefined`: the operation has failed. */
function beginSending(
  socket: SimSocket,
  operation: SendOperation | TransmitOperation,
): TcpBlock | undefined {
  if (socket.sending !== operation) findPlace(socket, operation);
  const block = socket.transport;
  const why = block.kind === 'tcp' ? sendFault(block) : simFault('badArgument');
  if (block.kind === 'tcp' && why === undefined) return block;
  endSending(socket, operation);
  failed(operation, why as Fault);
  return undefined;
}

/** Where an operation goes on that has sent `bytes` already. */
function findPlace(socket: SimSocket, operation: SendOperation | TransmitOperation): void {
  socket.sending = operation;
  socket.sendPiece = 0;
  socket.sendOffset = operation.bytes;
  if (operation.kind === 'transmit') return;
  while (socket.sendPiece < operation.count) {
    const { length } = operation.pieces[socket.sendPiece] as Uint8Array | string;
    if (socket.sendOffset < length) return;
    socket.sendOffset -= length;
    socket.sendPiece += 1;
  }
}

/** The progress of a send is exact: what has not found room in the send buffer is not sent. */
export function endSending(socket: SimSocket, operation: SocketOperation): void {
  if (operation.kind === 'send' || operation.kind === 'transmit') {
    operation.bytesPossible = operation.bytes;
  }
  if (socket.sending === operation) socket.sending = undefined;
}

/** Puts as many pieces as find room into the send buffer. */
export function attemptSend(socket: SimSocket, operation: SendOperation): boolean {
  const block = beginSending(socket, operation);
  if (block === undefined) return true;
  while (socket.sendPiece < operation.count) {
    const piece = operation.pieces[socket.sendPiece] as Uint8Array | string;
    const left = piece.length - socket.sendOffset;
    const taken = put(block, piece, socket.sendOffset, left);
    operation.bytes += taken;
    socket.sendOffset += taken;
    if (taken < left) break;
    socket.sendPiece += 1;
    socket.sendOffset = 0;
  }
  if (block.sendRing.size > 0) output(block);
  if (socket.sendPiece < operation.count) return false;
  endSending(socket, operation);
  return done(operation);
}

/** Head, then the file in chunks, then tail; `bytes` says how far it is. */
export function attemptTransmit(
  port: { readonly fileScratch: Uint8Array },
  socket: SimSocket,
  operation: TransmitOperation,
): boolean {
  const block = beginSending(socket, operation);
  if (block === undefined) return true;
  const { head, length, tail } = operation;
  const headBytes = head?.length ?? 0;
  const allBytes = headBytes + length + (tail?.length ?? 0);
  while (operation.bytes < allBytes) {
    const inFile = operation.bytes - headBytes;
    let source = head;
    let start = operation.bytes;
    let left = headBytes - start;
    if (inFile >= length) {
      source = tail;
      start = inFile - length;
      left = allBytes - operation.bytes;
    } else if (inFile >= 0) {
      source = port.fileScratch;
      start = 0;
      const bytes = Math.min(length - inFile, source.length);
      left = readFile(operation, source, bytes, operation.position + inFile);
      if (left === 0) return endTransmit(block, socket, operation);
    }
    const taken = put(block, source as Uint8Array, start, left);
    operation.bytes += taken;
    if (taken < left) break;
  }
  if (block.sendRing.size > 0) output(block);
  if (operation.bytes < allBytes) return false;
  endSending(socket, operation);
  return done(operation);
}

/** 0: the file is shorter, or cannot be read, as the operation's fault says. */
function readFile(
  operation: TransmitOperation,
  into: Uint8Array,
  bytes: number,
  position: number,
): number {
  try {
    const got = readSync(operation.file, into, 0, bytes, position);
    if (got === 0) operation.fault = simFault('shortFile');
    return got;
  } catch (error) {
    const { code = 'EIO', errno } = error as NodeJS.ErrnoException;
    operation.fault = fault('badArgument', { code, errno, call: 'read' });
    return 0;
  }
}

function endTransmit(block: TcpBlock, socket: SimSocket, operation: TransmitOperation): true {
  if (block.sendRing.size > 0) output(block);
  endSending(socket, operation);
  operation.outcome = 'failed';
  return true;
}

/** FIN goes out behind everything that was sent; the caller need not wait for that. */
export function attemptShutdown(socket: SimSocket, operation: ShutdownOperation): boolean {
  const block = socket.transport;
  if (block.kind !== 'tcp') return failed(operation, simFault('badArgument'));
  if (block.fault !== undefined) return failed(operation, block.fault);
  if (!block.synchronized && block.finSeq < 0) return failed(operation, simFault('brokenPipe'));
  shutdown(block);
  return done(operation);
}
