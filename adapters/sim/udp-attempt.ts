import { SCRATCH_BYTES } from '../../src/core/buffer-pool.ts';
import type { Fault } from '../../src/core/fault.ts';
import type {
  SocketOperation,
  UdpPeekOperation,
  UdpRecvOperation,
  UdpSendOperation,
} from '../../src/core/operation.ts';
import { done, failed } from './answer.ts';
import type { Datagram } from './datagram.ts';
import { simFault } from './sim-faults.ts';
import type { SimHost } from './sim-host.ts';
import type { SimSocket } from './sim-socket.ts';

/** A notice comes before datagrams, and is consumed. */
export function attemptUdpRecv(
  port: { readonly scratch: Uint8Array },
  socket: SimSocket,
  operation: UdpRecvOperation,
): boolean {
  const udp = socket.transport;
  if (udp.kind !== 'udp') return failed(operation, simFault('badArgument'));
  const notice = udp.takeNotice();
  if (notice !== undefined) return noticed(operation, notice);
  const datagram = udp.take();
  if (datagram === undefined) return false;
  fill(operation, datagram, operation.into ?? port.scratch);
  return true;
}

/** What does not fit is cut, and `size` is still the datagram's. */
function fill(operation: UdpRecvOperation, datagram: Datagram, target: Uint8Array): void {
  const { data } = datagram;
  const room = Math.min(target.length, operation.into === undefined ? SCRATCH_BYTES : data.length);
  const bytes = Math.min(data.length, room);
  target.set(bytes === data.length ? data : data.subarray(0, bytes));
  operation.data = target;
  operation.offset = 0;
  operation.bytes = bytes;
  operation.size = data.length;
  operation.truncated = bytes < data.length;
  operation.from = datagram.from;
  operation.outcome = 'done';
}

/** Consumes a notice, and never a datagram. */
export function attemptUdpPeek(socket: SimSocket, operation: UdpPeekOperation): boolean {
  const udp = socket.transport;
  if (udp.kind !== 'udp') return failed(operation, simFault('badArgument'));
  const notice = udp.takeNotice();
  if (notice !== undefined) return noticed(operation, notice);
  if (udp.first === undefined) return false;
  operation.size = udp.first.data.length;
  return done(operation);
}

/** A notice that waits is reported instead, and nothing is sent. */
export function attemptUdpSend(
  port: { readonly host: SimHost },
  socket: SimSocket,
  operation: UdpSendOperation,
): boolean {
  const udp = socket.transport;
  if (udp.kind !== 'udp') return failed(operation, simFault('badArgument'));
  const notice = udp.takeNotice();
  if (notice !== undefined) return noticed(operation, notice);
  const to = operation.to ?? udp.remote;
  if (to === undefined) return failed(operation, simFault('badArgument'));
  const why = port.host.sendDatagram(udp, operation.data, to);
  if (why !== undefined) return failed(operation, why);
  return done(operation);
}

function noticed(operation: SocketOperation, notice: Fault): true {
  operation.outcome = 'icmp';
  operation.fault = notice;
  return true;
}
