import { CLOSED, ownFault } from '../../src/core/fault.ts';
import { NO_DESCRIPTOR, type SocketOperation } from '../../src/core/operation.ts';
import { peekDatagram, receiveDatagram, sendDatagram } from './datagrams.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { peek, receive } from './receiving.ts';
import { send, shutdown, transmit } from './sending.ts';
import type { SystemCalls } from './system-calls.ts';

/** Moves bytes of a connection. `false`: it would block. */
export function transferOnStream(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: SocketOperation,
): boolean {
  switch (operation.kind) {
    case 'recv':
      return receive(calls, memory, socket, operation);
    case 'peek':
      return peek(calls, memory, socket, operation);
    case 'send':
      if (operation.status !== 'idle') operation.bytes = 0;
      return send(calls, memory, socket, operation);
    case 'transmit':
      if (operation.status !== 'idle') operation.bytes = 0;
      return transmit(calls, memory, socket, operation);
    case 'shutdown':
      return shutdown(calls, socket, operation);
    default:
      return failAsMisfit(operation);
  }
}

/** Moves one datagram. `false`: it would block. */
export function transferDatagram(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: SocketOperation,
): boolean {
  switch (operation.kind) {
    case 'udpRecv':
      return receiveDatagram(calls, memory, socket, operation);
    case 'udpPeek':
      return peekDatagram(calls, memory, socket, operation);
    case 'udpSend':
      return sendDatagram(calls, memory, socket, operation);
    default:
      return failAsMisfit(operation);
  }
}

/** Not for this kind of socket: a system call for datagrams would throw a stream's bytes away. */
export function failAsMisfit(operation: SocketOperation): true {
  operation.outcome = 'failed';
  operation.fault = ownFault('badArgument', operation.kind);
  return true;
}

/** Its socket is gone, or going. */
export function failAsClosed(operation: SocketOperation): true {
  operation.outcome = 'failed';
  if (operation.kind === 'close') operation.descriptor = NO_DESCRIPTOR;
  operation.fault = CLOSED;
  return true;
}
