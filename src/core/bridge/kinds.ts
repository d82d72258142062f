import {
  type AdoptOperation,
  type ConnectOperation,
  type ListenOperation,
  NO_DESCRIPTOR,
  NO_SOCKET,
  type Outcome,
  type SocketId,
  type SocketOperation,
  type UdpOpenOperation,
} from '../operation.ts';

/** Makes a socket, which it names from its start on. */
export type OpenOperation = ListenOperation | ConnectOperation | UdpOpenOperation | AdoptOperation;

export function isOpening(operation: SocketOperation): operation is OpenOperation {
  const { kind } = operation;
  return kind === 'connect' || kind === 'listen' || kind === 'udpOpen' || kind === 'adopt';
}

/**
 * May its answer hold a view that is lent only until it is handed over? A splice stands among those
 * that do, which must not overtake it.
 */
export function isLent({ kind }: SocketOperation): boolean {
  switch (kind) {
    case 'recv':
    case 'peek':
    case 'splice':
    case 'udpRecv':
    case 'udpPeek':
      return true;
    default:
      return false;
  }
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
    case 'splice':
      operation.bytes = 0;
      operation.held = 0;
      operation.faultSide = undefined;
      break;
    case 'send':
    case 'transmit':
      operation.bytes = 0;
      operation.bytesPossible = 0;
      break;
    case 'close':
      operation.descriptor = NO_DESCRIPTOR;
      break;
    default:
  }
}

/** The kind of operation whose sides a new socket has. */
export function sidesOf(opening: OpenOperation): 'listen' | 'connect' | 'udpOpen' {
  if (opening.kind !== 'adopt') return opening.kind;
  if (opening.as === 'listener') return 'listen';
  return opening.as === 'datagrams' ? 'udpOpen' : 'connect';
}
