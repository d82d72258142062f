import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type {
  AcceptOperation,
  PeekOperation,
  RecvOperation,
  SocketOperation,
} from '../../src/core/operation.ts';
import { done, failed } from './answer.ts';
import { attemptSend, attemptShutdown, attemptTransmit } from './send-attempt.ts';
import { simFault } from './sim-faults.ts';
import type { SimHost } from './sim-host.ts';
import type { SimSocket } from './sim-socket.ts';
import type { TcpBlock } from './tcp-block.ts';
import { read } from './tcp-calls.ts';
import { attemptUdpPeek, attemptUdpRecv, attemptUdpSend } from './udp-attempt.ts';

/** What an attempt needs from its port. */
export interface AttemptPort {
  readonly host: SimHost;
  /** Lent views point here. */
  readonly scratch: Uint8Array;
  /** What `transmit` reads into; what finds no room in the send buffer is read again. */
  readonly fileScratch: Uint8Array;
  /** Makes a socket of an accepted connection. */
  adopt(block: TcpBlock): SimSocket;
}

/**
 * Tries an operation once. `true`: its outcome, its fault and its answer are set. `false`: it would
 * block; a send has its progress in `bytes`, and so has a receive whose buffers are `lent` to us
 * until it completes.
 */
export function attempt(
  port: AttemptPort,
  socket: SimSocket,
  operation: SocketOperation,
  lent: boolean,
): boolean {
  switch (operation.kind) {
    case 'accept':
      return attemptAccept(port, socket, operation);
    case 'recv':
      return attemptRecv(port, socket, operation, lent);
    case 'peek':
      return attemptPeek(port, socket, operation);
    case 'send':
      return attemptSend(socket, operation);
    case 'transmit':
      return attemptTransmit(port, socket, operation);
    case 'splice':
      return failed(operation, simFault('unsupported'));
    case 'shutdown':
      return attemptShutdown(socket, operation);
    case 'udpRecv':
      return attemptUdpRecv(port, socket, operation);
    case 'udpPeek':
      return attemptUdpPeek(socket, operation);
    case 'udpSend':
      return attemptUdpSend(port, socket, operation);
    case 'listen':
    case 'connect':
    case 'adopt':
    case 'udpOpen':
    case 'close':
      return failed(operation, simFault('badArgument'));
    default:
      return operation satisfies never;
  }
}

function attemptAccept(port: AttemptPort, socket: SimSocket, operation: AcceptOperation): boolean {
  const { transport } = socket;
  if (transport.kind !== 'listener') return failed(operation, simFault('badArgument'));
  if (!transport.readReady) return false;
  // As on Linux the connection stays in the queue, and the listener survives.
  const { host } = port;
  if (host.descriptors >= host.maxDescriptors) {
    return failed(operation, simFault('fileDescriptors'));
  }
  operation.accepted = port.adopt(transport.take() as TcpBlock).id;
  return done(operation);
}

function attemptRecv(
  port: AttemptPort,
  socket: SimSocket,
  operation: RecvOperation,
  lent: boolean,
): boolean {
  const block = socket.transport;
  if (block.kind !== 'tcp') return failed(operation, simFault('badArgument'));
  if (!lent) operation.bytes = 0;
  operation.owned = false;
  let wanted = 1;
  if (operation.into === undefined) {
    const chunk = operation.pool?.take();
    operation.data = chunk ?? port.scratch;
    operation.offset = 0;
    operation.bytes = read(block, operation.data, 0, chunk?.length ?? SCRATCH_BYTES);
    operation.chunk = operation.bytes > 0 ? chunk : undefined;
    if (operation.bytes === 0 && chunk !== undefined) operation.pool?.give(chunk);
  } else {
    // An attempt takes what is there: a minimum means something only while buffers are lent.
    wanted = Math.min(lent ? Math.max(1, operation.minBytes) : 1, lengthOf(operation.into));
    scatter(block, operation, operation.into);
  }
  if (operation.bytes >= wanted) return done(operation);
  return noMore(block, operation);
}

/** Fills the caller's buffers, from where the last attempt stopped on. */
function scatter(block: TcpBlock, operation: RecvOperation, buffers: readonly Uint8Array[]): void {
  let start = 0;
  for (let i = 0; i < buffers.length && block.readable > 0; i += 1) {
    const buffer = buffers[i] as Uint8Array;
    const at = operation.bytes - start;
    if (at < buffer.length) operation.bytes += read(block, buffer, at, buffer.length - at);
    start += buffer.length;
  }
}

function lengthOf(buffers: readonly Uint8Array[]): number {
  let bytes = 0;
  for (let i = 0; i < buffers.length; i += 1) bytes += (buffers[i] as Uint8Array).length;
  return bytes;
}

/** Too few bytes are there: do more come? What was received stays readable before the end. */
function noMore(block: TcpBlock, operation: RecvOperation | PeekOperation): boolean {
  if (block.receiveRing.size > 0) return false; // A slow reader may not see them yet.
  if (block.eof) {
    operation.outcome = 'eof';
    return true;
  }
  return block.fault === undefined ? false : failed(operation, block.fault);
}

function attemptPeek(port: AttemptPort, socket: SimSocket, operation: PeekOperation): boolean {
  const block = socket.transport;
  if (block.kind !== 'tcp') return failed(operation, simFault('badArgument'));
  operation.bytes = 0;
  const { readable } = block;
  if (readable === 0) return noMore(block, operation);
  operation.bytes = Math.min(operation.wantBytes, readable, SCRATCH_BYTES);
  operation.data = port.scratch;
  operation.offset = 0;
  block.receiveRing.copyTo(port.scratch, 0, operation.bytes, 0);
  return done(operation);
}
