import { ownFault } from '../../src/core/fault.ts';
import type { TransmitOperation } from '../../src/core/operation.ts';
import { EAGAIN, EINTR } from '../linux/constants.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import type { Driver } from './driver.ts';
import { INTERRUPTS_MAX } from './ring.ts';
import type { UringSocket } from './uring-socket.ts';
import { endInTurn, waitForRoom } from './write-turns.ts';

/** Files are sent by this many bytes at once, so that one socket does not keep the loop. */
const SENDFILE_BYTES_MAX: number = 1 << 20;

/**
 * Sends the file from `from` on. io_uring has no sendfile, and a splice through a pipe would be
 * two requests that wait for each other: the plain call does not wait, as the socket does not.
 */
export function sendFile(
  driver: Driver,
  socket: UringSocket,
  operation: TransmitOperation,
  from: number,
): void {
  const bytes = Math.min(operation.length - from, SENDFILE_BYTES_MAX);
  const sent = call(driver, socket.fd, operation.file, operation.position + from, bytes);
  if (sent === -EAGAIN) {
    waitForRoom(driver, socket);
  } else if (sent <= 0) {
    operation.outcome = 'failed';
    operation.fault =
      sent === 0 ? ownFault('shortFile', 'sendfile') : faultOfErrno(sent, 'sendfile');
    socket.noteBroken(operation.fault);
    endInTurn(driver, socket);
  } else {
    operation.bytes += sent;
    operation.bytesPossible = operation.bytes;
    waitForRoom(driver, socket); // There is some, or not; the next turn goes on.
  }
}

function call(
  { calls, memory }: Driver,
  to: number,
  file: number,
  at: number,
  bytes: number,
): number {
  for (let tries = 0; ; tries += 1) {
    memory.position[0] = BigInt(at);
    const sent = calls.sendfile(to, file, memory.position, bytes);
    if (sent !== -EINTR || tries === INTERRUPTS_MAX) return sent;
  }
}
