import { unlinkSync } from 'node:fs';
import { timerOperation } from '../../src/core/operations.ts';
import { EAGAIN, EINTR, MSG_DONTWAIT, SHUT_WR, SO_LINGER, SOL_SOCKET } from '../linux/constants.ts';
import { POLLIN, POLLRDHUP } from './constants.ts';
import type { Driver } from './driver.ts';
import { TAG } from './tag.ts';
import type { UringSocket } from './uring-socket.ts';

/** Reads of one look at a socket that lingers. */
const READS_MAX = 16;
const RESET = new Int32Array([1, 0]); // struct linger: on, for no time.

/**
 * Goes on with the end of a socket that has no request under way. `true`: its descriptor is
 * closed, or is somebody else's. A graceful end sends FIN, then reads and drops until the peer's
 * own FIN, or a bound.
 */
export function proceedToEnd(driver: Driver, socket: UringSocket, lingerOver: () => void): boolean {
  const { closing } = socket;
  const { calls } = driver;
  if (closing?.how === 'detach' && !socket.hurried) {
    closing.descriptor = socket.fd; // No request refers to it any more.
    return true;
  }
  if (closing === undefined || closing.how === 'reset' || socket.hurried) {
    if (!socket.lingering && socket.kind === 'stream') {
      calls.setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, RESET);
    }
    closeSocket(driver, socket);
    return true;
  }
  // What the peer has sent is read on the loop's turns, and never inside the call that closes.
  const goesOn = socket.lingering
    ? !dropWhatCame(driver, socket, closing.lingerBytes)
    : beginLinger(driver, socket, lingerOver);
  if (goesOn) {
    socket.read.request = TAG.readable;
    driver.ring.poll(socket.fd, POLLIN | POLLRDHUP, socket.id, TAG.readable);
    return false;
  }
  closeSocket(driver, socket);
  return true;
}

/** Gives the descriptor back, and the name that a UNIX listener had, as Node does. */
function closeSocket({ calls }: Driver, { fd, path }: UringSocket): void {
  if (path !== undefined) {
    try {
      unlinkSync(path); // First: afterwards the name may be another socket's.
    } catch {
      // Somebody else has removed it.
    }
  }
  calls.close(fd);
}

/** Sends FIN behind what the kernel holds; `false`: there is nothing to wait for. */
function beginLinger({ calls, loop }: Driver, socket: UringSocket, over: () => void): boolean {
  const lingerMs = socket.closing?.lingerMs ?? 0;
  if (socket.kind !== 'stream' || lingerMs === 0) return false;
  if (calls.shutdown(socket.fd, SHUT_WR) < 0) return false;
  socket.lingering = true;
  const timer = timerOperation(({ status }) => {
    if (status === 'done') over();
  });
  timer.atMs = loop.nowMs() + lingerMs;
  socket.lingerTimer = timer;
  loop.submitTimer(timer);
  return true;
}

/** `true`: the peer has ended, too, or has sent more than is dropped for its sake. */
function dropWhatCame({ calls, memory }: Driver, socket: UringSocket, most: number): boolean {
  const { scratch, scratchAddress } = memory;
  for (let reads = 0; reads < READS_MAX; reads += 1) {
    const bytes = calls.recv(socket.fd, scratchAddress, scratch.length, MSG_DONTWAIT);
    if (bytes === -EINTR) continue;
    if (bytes === -EAGAIN) return false;
    if (bytes <= 0) return true;
    socket.lingered += bytes;
    if (socket.lingered > most) return true;
  }
  return false;
}
