import type { Fault } from '../../src/core/fault.ts';
import { NO_SOCKET, type SocketOperation } from '../../src/core/operation.ts';

/** Nothing of the last use may be taken for an answer. */
export function clearAnswer(operation: SocketOperation): void {
  switch (operation.kind) {
    case 'recv':
    case 'peek':
      operation.bytes = 0;
      break;
    case 'send':
    case 'transmit':
      operation.bytes = 0;
      operation.bytesPossible = 0;
      break;
    case 'udpRecv':
      operation.bytes = 0;
      operation.size = 0;
      operation.truncated = false;
      operation.from = undefined;
      break;
    case 'udpPeek':
      operation.size = 0;
      break;
    case 'accept':
      operation.accepted = NO_SOCKET;
      break;
    case 'listen':
    case 'connect':
    case 'adopt':
    case 'udpOpen':
    case 'splice':
    case 'shutdown':
    case 'udpSend':
    case 'close':
      break;
    default:
      operation satisfies never;
  }
}

/** Bytes of the scratch buffer that the operation shows its consumer. */
export function lentBytes(operation: SocketOperation): number {
  switch (operation.kind) {
    case 'recv':
    case 'udpRecv':
      return operation.into === undefined ? operation.bytes : 0;
    case 'peek':
      return operation.bytes;
    default:
      return 0;
  }
}

/** Decides the outcome. Always `true`, so that an attempt can end with it. */
export function done(operation: SocketOperation): true {
  operation.outcome = 'done';
  return true;
}

/** The same with a fault: see `done`. */
export function failed(operation: SocketOperation, why: Fault): true {
  operation.outcome = 'failed';
  operation.fault = why;
  return true;
}
