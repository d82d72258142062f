import type { Endpoint } from './endpoint.ts';
import {
  type AcceptOperation,
  type AdoptOperation,
  type CloseOperation,
  type ConnectOperation,
  type ListenOperation,
  NO_DESCRIPTOR,
  NO_SOCKET,
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

// Ports and loops handle operations of all kinds at the same places. These places are fast as long
// as few layouts come by (V8 keeps up to four per place), so that there are two: one for what every
// connection does all the time, and one for everything else, which carries the fields of all kinds.

/** A receive or a send. */
function transfer<Operation>(
  kind: string,
  socket: SocketId,
  pieces: [] | undefined,
  onComplete: OnComplete<Operation>,
  owner: unknown,
): Operation {
  return {
    kind,
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
    pieces,
    count: 0,
    last: false,
    more: false,
    bytesPossible: 0,
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete,
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  } as Operation;
}

/** An operation of any other kind, whose own fields its maker sets. */
function other<Operation>(
  kind: string,
  socket: SocketId,
  onComplete: OnComplete<Operation>,
): Operation {
  return {
    kind,
    socket,
    endpoint: undefined,
    local: undefined,
    remote: undefined,
    bound: undefined,
    backlog: BACKLOG,
    reusePort: false,
    fastOpen: false,
    balance: 'none',
    accepted: NO_SOCKET,
    descriptor: NO_DESCRIPTOR,
    as: undefined,
    how: 'graceful',
    lingerMs: LINGER_MS,
    lingerBytes: LINGER_BYTES,
    file: -1,
    position: 0,
    length: 0,
    head: undefined,
    tail: undefined,
    to: undefined,
    maxBytes: SPLICE_BYTES_MAX,
    held: 0,
    faultSide: undefined,
    into: undefined,
    wantBytes: 0,
    data: NO_BYTES,
    offset: 0,
    bytes: 0,
    bytesPossible: 0,
    size: 0,
    truncated: false,
    relaxed: false,
    from: undefined,
    atMs: 0,
    background: false,
    status: 'idle',
    fault: undefined,
    deadlineMs: 0,
    onComplete,
    holder: undefined,
    ended: false,
    outcome: 'done',
    dueMs: 0,
    dueIndex: -1,
    dueOrder: 0,
  } as Operation;
}

export function listenOperation(
  endpoint: Endpoint,
  onComplete: OnComplete<ListenOperation>,
): ListenOperation {
  const operation = other<ListenOperation>('listen', NO_SOCKET, onComplete);
  operation.endpoint = endpoint;
  operation.fastOpen = 0;
  return operation;
}

export function acceptOperation(
  listener: SocketId,
  onComplete: OnComplete<AcceptOperation>,
): AcceptOperation {
  return other('accept', listener, onComplete);
}

export function connectOperation(
  endpoint: Endpoint,
  onComplete: OnComplete<ConnectOperation>,
): ConnectOperation {
  const operation = other<ConnectOperation>('connect', NO_SOCKET, onComplete);
  operation.endpoint = endpoint;
  return operation;
}

export function adoptOperation(
  descriptor: number,
  as: SocketKind,
  onComplete: OnComplete<AdoptOperation>,
): AdoptOperation {
  const operation = other<AdoptOperation>('adopt', NO_SOCKET, onComplete);
  operation.descriptor = descriptor;
  operation.as = as;
  return operation;
}

export function recvOperation(
  socket: SocketId,
  onComplete: OnComplete<RecvOperation>,
  owner?: unknown,
): RecvOperation {
  return transfer('recv', socket, undefined, onComplete, owner);
}

export function sendOperation(
  socket: SocketId,
  onComplete: OnComplete<SendOperation>,
  owner?: unknown,
): SendOperation {
  return transfer('send', socket, [], onComplete, owner);
}

export function peekOperation(
  socket: SocketId,
  onComplete: OnComplete<PeekOperation>,
): PeekOperation {
  return other('peek', socket, onComplete);
}

export function transmitOperation(
  socket: SocketId,
  onComplete: OnComplete<TransmitOperation>,
): TransmitOperation {
  return other('transmit', socket, onComplete);
}

export function spliceOperation(
  socket: SocketId,
  to: SocketId,
  onComplete: OnComplete<SpliceOperation>,
): SpliceOperation {
  const operation = other<SpliceOperation>('splice', socket, onComplete);
  operation.to = to;
  return operation;
}

export function shutdownOperation(
  socket: SocketId,
  onComplete: OnComplete<ShutdownOperation>,
): ShutdownOperation {
  return other('shutdown', socket, onComplete);
}

export function closeOperation(
  socket: SocketId,
  onComplete: OnComplete<CloseOperation>,
): CloseOperation {
  return other('close', socket, onComplete);
}

export function udpOpenOperation(
  local: Endpoint,
  onComplete: OnComplete<UdpOpenOperation>,
): UdpOpenOperation {
  const operation = other<UdpOpenOperation>('udpOpen', NO_SOCKET, onComplete);
  operation.local = local;
  return operation;
}

export function udpRecvOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpRecvOperation>,
): UdpRecvOperation {
  return other('udpRecv', socket, onComplete);
}

export function udpPeekOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpPeekOperation>,
): UdpPeekOperation {
  return other('udpPeek', socket, onComplete);
}

export function udpSendOperation(
  socket: SocketId,
  onComplete: OnComplete<UdpSendOperation>,
): UdpSendOperation {
  return other('udpSend', socket, onComplete);
}

export function timerOperation(onComplete: OnComplete<TimerOperation>): TimerOperation {
  return other('timer', NO_SOCKET, onComplete);
}
