import type { Endpoint } from './endpoint.ts';
import {
  type AcceptOperation,
  type AdoptOperation,
  type CloseOperation,
  type ConnectOperation,
  type ListenOperation,
  NO_DESCRIPTOR,
  NO_SOCKET,
  type OperationBase,
  type PeekOperation,
  type RecvOperation,
  type SendOperation,
  type ShutdownOperation,
  type SocketId,
  type SocketKind,
  type SpliceOperation,
  type TimerOperation,
  type TransmitOperation,
  type UdpOpenOperation,
  type UdpPeekOperation,
  type UdpRecvOperation,
  type UdpSendOperation,
} from './operation.ts';

/** Called with the operation when it has ended. */
export type OnComplete<Kind> = (operation: Kind) => void;

const NO_BYTES = new Uint8Array(0);
const LINGER_MS = 5_000;
const LINGER_BYTES = 256 * 1024;
const BACKLOG = 511; // nginx's.
/** What one splice moves at most: a pipe of Linux's is made to hold it, and no more is ever held. */
export const SPLICE_BYTES_MAX: number = 256 * 1024;

const base = <Kind>(onComplete: OnComplete<Kind>) =>
  ({
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete: onComplete as OperationBase['onComplete'],
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  }) satisfies OperationBase as OperationBase;

export function listenOperation(
  endpoint: Endpoint,
  onComplete: OnComplete<ListenOperation>,
): ListenOperation {
  const answer = { socket: NO_SOCKET, bound: undefined };
  const request = { endpoint, backlog: BACKLOG, reusePort: false, fastOpen: 0 };
  return { kind: 'listen', ...request, balance: 'none', ...answer, ...base(onComplete) };
}

export function acceptOperation(
  listener: SocketId,
  onComplete: OnComplete<AcceptOperation>,
): AcceptOperation {
  return { kind: 'accept', socket: listener, accepted: NO_SOCKET, ...base(onComplete) };
}

export function connectOperation(
  endpoint: Endpoint,
  onComplete: OnComplete<ConnectOperation>,
): ConnectOperation {
  const fields = { endpoint, local: undefined, fastOpen: false, socket: NO_SOCKET };
  return { kind: 'connect', ...fields, ...base(onComplete) };
}

export function adoptOperation(
  descriptor: number,
  as: SocketKind,
  onComplete: OnComplete<AdoptOperation>,
): AdoptOperation {
  const answer = { socket: NO_SOCKET, bound: undefined };
  return { kind: 'adopt', descriptor, as, balance: 'none', ...answer, ...base(onComplete) };
}

// Every connection has one receive and one send: written out, they are made without copying, and
// all their fields lie in the object itself.

export function recvOperation(
  socket: SocketId,
  onComplete: OnComplete<RecvOperation>,
  owner?: unknown,
): RecvOperation {
  return {
    kind: 'recv',
    socket,
    owner,
    into: undefined,
    pool: undefined,
    chunk: undefined,
    minBytes: 1,
    data: NO_BYTES,
    offset: 0,
    bytes: 0,
    owned: false,
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete: onComplete as OperationBase['onComplete'],
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  };
}

export function sendOperation(
  socket: SocketId,
  onComplete: OnComplete<SendOperation>,
  owner?: unknown,
): SendOperation {
  return {
    kind: 'send',
    socket,
    owner,
    pieces: [],
    count: 0,
    bytes: 0,
    bytesPossible: 0,
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete: onComplete as OperationBase['onComplete'],
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  };
}

export function peekOperation(
  socket: SocketId,
  onComplete: OnComplete<PeekOperation>,
): PeekOperation {
  const fields = { socket, wantBytes: 0, data: NO_BYTES, offset: 0, bytes: 0 };
  return { kind: 'peek', ...fields, ...base(onComplete) };
}

export function transmitOperation(
  socket: SocketId,
  onComplete: OnComplete<TransmitOperation>,
): TransmitOperation {
  const request = { socket, file: -1, position: 0, length: 0, head: undefined, tail: undefined };
  return { kind: 'transmit', ...request, bytes: 0, bytesPossible: 0, ...base(onComplete) };
}

export function spliceOperation(
  socket: SocketId,
  to: SocketId,
  onComplete: OnComplete<SpliceOperation>,
): SpliceOperation {
  const answer = { bytes: 0, held: 0, faultSide: undefined };
  return {
    kind: 'splice',
    socket,
    to,
    maxBytes: SPLICE_BYTES_MAX,
    ...answer,
    ...base(onComplete),
  };
}

export function shutdownOperation(
  socket: SocketId,
  onComplete: OnComplete<ShutdownOperation>,
): ShutdownOperation {
  return { kind: 'shutdown', socket, ...base(onComplete) };
}

export function closeOperation(
  socket: SocketId,
  onComplete: OnComplete<CloseOperation>,
): CloseOperation {
  // As above: every connection has one.
  return {
    kind: 'close',
    socket,
    how: 'graceful',
    lingerMs: LINGER_MS,
    lingerBytes: LINGER_BYTES,
    descriptor: NO_DESCRIPTOR,
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete: onComplete as OperationBase['onComplete'],
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  };
}

export function udpOpenOperation(
  local: Endpoint,
  onComplete: OnComplete<UdpOpenOperation>,
): UdpOpenOperation {
  const fields = { local, remote: undefined, socket: NO_SOCKET, bound: undefined };
  return { kind: 'udpOpen', ...fields, ...base(onComplete) };
}

export function udpRecvOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpRecvOperation>,
): UdpRecvOperation {
  const answer = { data: NO_BYTES, offset: 0, bytes: 0, size: 0, truncated: false };
  const fields = { socket, into: undefined, ...answer, from: undefined };
  return { kind: 'udpRecv', ...fields, ...base(onComplete) };
}

export function udpPeekOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpPeekOperation>,
): UdpPeekOperation {
  return { kind: 'udpPeek', socket, size: 0, ...base(onComplete) };
}

export function udpSendOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpSendOperation>,
): UdpSendOperation {
  return { kind: 'udpSend', socket, data: NO_BYTES, to: undefined, ...base(onComplete) };
}

export function timerOperation(onComplete: OnComplete<TimerOperation>): TimerOperation {
  return { kind: 'timer', atMs: 0, background: false, ...base(onComplete) };
}
