import { NO_DESCRIPTOR, type SocketOperation } from '../../src/core/operation.ts';
import type { UringSocket } from './uring-socket.ts';

/** Takes back the last answer's progress, so that an early end reports none that is not its own. */
export function clearAnswer(operation: SocketOperation): void {
  operation.outcome = 'done';
  switch (operation.kind) {
    case 'recv':
      operation.chunk = undefined;
      operation.bytes = 0;
      break;
    case 'peek':
    case 'udpRecv':
      operation.bytes = 0;
      break;
    case 'send':
    case 'transmit':
      operation.bytes = 0;
      operation.bytesPossible = 0;
      break;
    case 'splice':
      operation.bytes = 0;
      operation.held = 0;
      operation.faultSide = undefined;
      break;
    case 'close':
      operation.descriptor = NO_DESCRIPTOR;
      break;
    default:
  }
}

/** Does a socket of this kind have such operations? */
export function isFitting({ kind }: SocketOperation, socket: UringSocket): boolean {
  switch (kind) {
    case 'recv':
    case 'peek':
    case 'send':
    case 'transmit':
    case 'splice':
    case 'shutdown':
      return socket.kind === 'stream';
    case 'accept':
      return socket.kind === 'listener';
    case 'udpRecv':
    case 'udpPeek':
    case 'udpSend':
      return socket.kind === 'datagrams';
    case 'close':
      return true;
    case 'listen':
    case 'connect':
    case 'adopt':
    case 'udpOpen':
      return false;
    default:
      return kind satisfies never;
  }
}
