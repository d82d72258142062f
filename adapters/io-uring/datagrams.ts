import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Outcome, UdpPeekOperation, UdpRecvOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { decodeAddress } from '../linux/socket-address.ts';
import { POLLIN } from './constants.ts';
import type { Driver } from './driver.ts';
import { INTERRUPTS_MAX } from './ring.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

/** Law 12: a busy socket leaves the rest of the turn to the others. */
const COMPLETIONS_PER_TURN_MAX = 32;

type DatagramOperation = UdpRecvOperation | UdpPeekOperation;

/**
 * Waits for datagrams, and lends the kernel nothing meanwhile. They are then taken one after
 * another by plain calls that do not wait, which also tell their true size and their sender.
 */
export function startDatagrams(driver: Driver, { read, fd, id }: UringSocket): void {
  read.request = TAG.readable;
  driver.ring.poll(fd, POLLIN, id, TAG.readable);
}

/** A datagram or a notice is there, or the poll was cancelled. */
export function datagramsReady(driver: Driver, socket: UringSocket): void {
  const { read } = socket;
  read.serving = true;
  try {
    for (let served = 0; served < COMPLETIONS_PER_TURN_MAX; served += 1) {
      const operation = read.first as DatagramOperation | undefined;
      if (operation === undefined) return;
      const { outcome } = operation;
      const early = socket.ending && outcome === 'done' ? 'cancelled' : outcome;
      const answer = early === 'done' ? take(driver, socket, operation) : early;
      if (answer === undefined) break;
      driver.finish(socket, read, answer);
    }
  } finally {
    read.serving = false;
  }
  if (read.first !== undefined) startDatagrams(driver, socket);
}

/** How `operation` ends; `undefined`: there is no datagram. */
function take(
  driver: Driver,
  socket: UringSocket,
  operation: DatagramOperation,
): Outcome | undefined {
  const { memory } = driver;
  const peeks = operation.kind === 'udpPeek';
  const room = peeks
    ? 0
    : Math.min(operation.into?.length ?? memory.scratch.length, memory.scratch.length);
  const size = call(driver, socket.fd, room, peeks ? MSG_PEEK | MSG_TRUNC : MSG_TRUNC);
  if (size === -EAGAIN) return undefined;
  if (size < 0) {
    operation.fault = faultOfErrno(size, 'recvfrom');
    return noticeOrFailure(operation.fault.class);
  }
  operation.size = size;
  if (operation.kind === 'udpPeek') return 'done';
  const { into } = operation;
  operation.bytes = Math.min(size, room);
  operation.truncated = size > room;
  operation.data = into ?? memory.scratch;
  operation.offset = 0;
  operation.from = socket.remote ?? sender(driver);
  into?.set(memory.scratch.subarray(0, operation.bytes));
  return 'done';
}

/** What a peer or the path said of an earlier datagram is a notice; the rest is a failure. */
export function noticeOrFailure(kind: string): Outcome {
  return kind === 'peer' || kind === 'path' ? 'icmp' : 'failed';
}

function call({ calls, memory }: Driver, fd: number, room: number, flags: number): number {
  for (let tries = 0; ; tries += 1) {
    const length = memory.set(memory.address.length);
    const { scratchAddress, address } = memory;
    const how = flags | MSG_DONTWAIT;
    const size = calls.recvfrom(fd, scratchAddress, room, how, address, length);
    if (size !== -EINTR || tries === INTERRUPTS_MAX) return size;
  }
}

function sender({ memory }: Driver): Endpoint | undefined {
  return decodeAddress(memory.address, memory.int[0] as number);
}
