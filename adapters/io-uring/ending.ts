import type { SocketTable } from '../../src/core/socket-table.ts';
import type { Accepting } from './accepting.ts';
import { proceedToEnd } from './closing.ts';
import type { Driver } from './driver.ts';
import { endSplicesTo } from './splicing.ts';
import { TAG } from './tag.ts';
import type { UringHost } from './uring-host.ts';
import type { UringSocket } from './uring-socket.ts';

/**
 * Leads sockets to their end: what waits ends at once, what is under way when its request completes,
 * and the socket after that.
 *
 *   end ──→ requests cancelled ──the last has completed──→ proceedToEnd ──→ gone
 *                                                             hurry ↑
 */
export class Ending {
  readonly #driver: Driver;
  readonly #host: UringHost;
  readonly #sockets: SocketTable<UringSocket>;
  readonly #accepting: Accepting;
  readonly #onGone: () => void;

  /** `onGone` runs when a socket is gone. */
  constructor(
    driver: Driver,
    host: UringHost,
    sockets: SocketTable<UringSocket>,
    accepting: Accepting,
    onGone: () => void,
  ) {
    this.#driver = driver;
    this.#host = host;
    this.#sockets = sockets;
    this.#accepting = accepting;
    this.#onGone = onGone;
  }

  /** Ends everything of a socket: what waits now, what is under way when its request completes. */
  end(socket: UringSocket): void {
    socket.ending = true;
    if (socket.opening !== undefined) {
      if (socket.opening.outcome === 'done') socket.opening.outcome = 'cancelled';
      this.#driver.ring.cancel(socket.id, TAG.connected);
    }
    if (socket.kind === 'listener') {
      this.#accepting.end(this.#driver, socket);
      this.proceed(socket);
      return;
    }
    endSplicesTo(this.#driver, socket);
    for (const lane of [socket.read, socket.write]) {
      for (let next = lane.shiftQueued(); next !== undefined; next = lane.shiftQueued()) {
        this.#driver.endSoon(socket, next, 'cancelled');
      }
      this.#driver.cancelRequest(socket, lane);
    }
    this.proceed(socket);
  }

  /** Goes on with the end of a socket, once nothing of it is under way. */
  proceed(socket: UringSocket): void {
    const { read, write } = socket;
    if (!socket.ending || socket.opening !== undefined || !read.isIdle || !write.isIdle) return;
    if (read.serving || this.#sockets.get(socket.id) !== socket) return;
    if (proceedToEnd(this.#driver, socket, () => this.hurry(socket))) this.#forget(socket);
  }

  /** Gives up the orderly end of a socket. */
  hurry(socket: UringSocket): void {
    socket.hurried = true;
    if (socket.kind !== 'listener') this.#driver.cancelRequest(socket, socket.read);
    this.proceed(socket);
  }

  #forget(socket: UringSocket): void {
    const { read, write, closing, lingerTimer } = socket;
    if (lingerTimer !== undefined) this.#driver.loop.cancelTimer(lingerTimer);
    for (const { last } of [read, write]) {
      if (last !== undefined && last.status !== 'pending') this.#driver.loop.forgetDeadline(last);
    }
    socket.dropHeld();
    this.#sockets.remove(socket.id);
    if (this.#sockets.size === 0) this.#host.keepAlive(false);
    if (closing !== undefined) this.#driver.endSoon(socket, closing, closing.outcome);
    this.#onGone();
  }
}
