import type { Endpoint } from '../../src/core/endpoint.ts';
import { type Fault, ownFault } from '../../src/core/fault.ts';
import type {
  UdpPeekOperation,
  UdpRecvOperation,
  UdpSendOperation,
} from '../../src/core/operation.ts';
import { EAGAIN, EINTR, MSG_PEEK, MSG_TRUNC } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { decodeAddress, encodeAddress } from '../linux/socket-address.ts';
import type { EpollMemory } from './epoll-memory.ts';
import type { EpollSocket } from './epoll-socket.ts';
import { INTERRUPTS_MAX } from './receiving.ts';
import type { SystemCalls } from './system-calls.ts';

/** Copying that much costs less than it takes to learn where a caller's bytes are. */
const NEAR_BYTES_MAX = 512;

/** One datagram. `false`: it would block. */
export function receiveDatagram(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: UdpRecvOperation,
): boolean {
  const room = Math.min(operation.into?.length ?? memory.scratch.length, memory.scratch.length);
  const size = takeDatagram(calls, memory, socket, room, MSG_TRUNC);
  if (size === -EAGAIN) return false;
  if (size < 0) return tell(operation, size, 'recvfrom');
  const { into } = operation;
  operation.size = size;
  operation.bytes = Math.min(size, room);
  operation.truncated = size > room;
  operation.data = into ?? memory.scratch;
  operation.offset = 0;
  operation.from = socket.remote ?? sender(memory);
  into?.set(memory.scratch.subarray(0, operation.bytes));
  return true;
}

/** The size of the datagram that waits, which stays. An ICMP notice is consumed. */
export function peekDatagram(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: UdpPeekOperation,
): boolean {
  const size = takeDatagram(calls, memory, socket, 0, MSG_PEEK | MSG_TRUNC);
  if (size === -EAGAIN) return false;
  if (size < 0) return tell(operation, size, 'recvfrom');
  operation.size = size;
  return true;
}

/** `false`: it would block. */
export function sendDatagram(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  operation: UdpSendOperation,
): boolean {
  const { data, to } = operation;
  if ((to === undefined) === (socket.remote === undefined)) {
    return fail(operation, ownFault('badArgument', 'sendto'));
  }
  if (socket.writable === 'exhausted') return false;
  const address = to === undefined ? null : encodeAddress(to);
  if (address === undefined) return fail(operation, ownFault('badArgument', 'sendto'));
  // What is short is copied to where the call finds it without asking V8.
  const near = address === null && data.length <= NEAR_BYTES_MAX;
  if (near) memory.gather.set(data);
  for (let tries = 0; ; tries += 1) {
    const { fd } = socket;
    const sent = near
      ? calls.send(fd, memory.gatherAddress, data.length, 0)
      : calls.sendto(fd, data, data.length, 0, address, address?.length ?? 0);
    if (sent === -EINTR && tries < INTERRUPTS_MAX) continue;
    socket.writable = sent === -EAGAIN ? 'exhausted' : 'ready';
    if (sent >= 0) return true;
    return sent === -EAGAIN ? false : tell(operation, sent, 'sendto');
  }
}

/** The size of a datagram, of which `room` bytes are in scratch; or a negated error number. */
function takeDatagram(
  calls: SystemCalls,
  memory: EpollMemory,
  socket: EpollSocket,
  room: number,
  flags: number,
): number {
  if (socket.readable === 'exhausted') return -EAGAIN;
  // Who sent it is known then.
  const connected = socket.remote !== undefined;
  for (let tries = 0; ; tries += 1) {
    const { fd } = socket;
    const { scratchAddress, address, int } = memory;
    let size: number;
    if (connected) size = calls.recv(fd, scratchAddress, room, flags);
    else {
      int[0] = address.length;
      size = calls.recvfrom(fd, scratchAddress, room, flags, address, int);
    }
    if (size === -EINTR && tries < INTERRUPTS_MAX) continue;
    socket.readable = size === -EAGAIN ? 'exhausted' : 'ready';
    return size;
  }
}

function sender(memory: EpollMemory): Endpoint | undefined {
  return decodeAddress(memory.address, memory.int[0] as number);
}

/** What a peer or the path said of an earlier datagram is a notice; the rest is a failure. */
function tell(
  operation: UdpRecvOperation | UdpPeekOperation | UdpSendOperation,
  error: number,
  call: string,
): true {
  const fault = faultOfErrno(error, call);
  const notice = fault.class === 'peer' || fault.class === 'path';
  operation.outcome = notice ? 'icmp' : 'failed';
  operation.fault = fault;
  return true;
}

function fail(operation: UdpSendOperation, fault: Fault): true {
  operation.outcome = 'failed';
  operation.fault = fault;
  return true;
}
