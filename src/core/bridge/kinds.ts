import {
  type ConnectOperation,
  type ListenOperation,
  NO_SOCKET,
  type Outcome,
  type SocketId,
  type SocketOperation,
  type UdpOpenOperation,
} from '../operation.ts';

/** Makes a socket, which it names from its start on. */
export type OpenOperation = ListenOperation | ConnectOperation | UdpOpenOperation;

export function isOpening(operation: SocketOperation): operation is OpenOperation {
  const { kind } = operation;
  return kind === 'connect' || kind === 'listen' || kind === 'udpOpen';
}

/** May its answer hold a view that is lent only until it is handed over? */
export function isLent({ kind }: SocketOperation): boolean {
  return kind === 'recv' || kind === 'peek' || kind === 'udpRecv' || kind === 'udpPeek';
}

/** Does this answer say that the operation's socket is there no more? */
export function isEnd(operation: SocketOperation, outcome: Outcome): boolean {
  if (operation.kind === 'close') return outcome !== 'failed';
  return isOpening(operation) && outcome !== 'done';
}

/** The socket that this answer brings, where it does. */
export function madeBy(operation: SocketOperation, outcome: Outcome): SocketId {
  if (outcome !== 'done') return NO_SOCKET;
  if (operation.kind === 'accept') return operation.accepted;
  return isOpening(operation) ? operation.socket : NO_SOCKET;
}

/** Takes back the last answer's progress, so that an early end reports none that is not its own. */
export function clearProgress(operation: SocketOperation): void {
  switch (operation.kind) {
    case 'recv':
    case 'peek':
    case 'udpRecv':
      operation.bytes = 0;
      break;
    case 'send':
    case 'transmit':
      operation.bytes = 0;
      operation.bytesPossible = 0;
      break;
    default:
  }
}
