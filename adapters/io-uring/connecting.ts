import { type ConnectOperation, NO_SOCKET } from '../../src/core/operation.ts';
import { faultOfErrno } from '../linux/fault-of-errno.ts';
import { ECANCELED, ECONNREFUSED } from './constants.ts';
import type { Driver } from './driver.ts';
import { localEndpoint, systemsRemoteEndpoint } from './opening.ts';
import { mayMeetItself } from './self-connect.ts';
import type { UringSocket } from './uring-socket.ts';

/** A connect has ended: `answer` is 0, or a negated error number. */
export function connected(driver: Driver, socket: UringSocket, answer: number): void {
  const operation = socket.opening as ConnectOperation;
  const result = metItself(driver, socket, operation, answer) ? -ECONNREFUSED : answer;
  socket.opening = undefined;
  driver.loop.forgetDeadline(operation);
  const early = operation.outcome !== 'done';
  if (result === 0 && !early) {
    driver.loop.deliver(operation, 'done');
    return;
  }
  if (!early && result === -ECANCELED) operation.outcome = 'cancelled';
  else if (!early) {
    operation.outcome = 'failed';
    operation.fault = faultOfErrno(result, 'connect');
  }
  operation.socket = NO_SOCKET;
  // A connection that is there already is given up all the same.
  socket.hurried = true;
  socket.ending = true;
  driver.loop.completeSoon(operation, operation.outcome);
}

/** Is the new connection one with itself? */
function metItself(
  driver: Driver,
  socket: UringSocket,
  { endpoint, local }: ConnectOperation,
  result: number,
): boolean {
  if (result !== 0 || !mayMeetItself(endpoint, local)) return false;
  const own = localEndpoint(driver, socket);
  if (own?.port !== endpoint.port) return false;
  const peer = systemsRemoteEndpoint(driver, socket);
  return peer?.port === own.port && peer.address === own.address;
}
