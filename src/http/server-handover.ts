import type { RecvOperation } from '../core/operation.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { ServerActivity } from './server-activity.ts';
import type { SocketTaker } from './server-options.ts';

/** The end of HTTP on a socket that goes on as somebody else's. */
export class ServerHandover {
  readonly #port: ProactorPort;
  readonly #recv: RecvOperation;
  readonly #taker: SocketTaker;
  /** The taker has it. */
  taken = false;

  constructor(port: ProactorPort, recv: RecvOperation, taker: SocketTaker) {
    this.#port = port;
    this.#recv = recv;
    this.#taker = taker;
  }

  /**
   * Gives the socket away, where nothing of ours is under way on it any more. What came late, or
   * ahead, is for the taker to begin with.
   */
  proceed(active: ServerActivity): void {
    const { outbox, reader } = active;
    const recv = this.#recv;
    if (this.taken || recv.status === 'pending') return;
    if (outbox.queuedBytes > 0 || outbox.inFlight) return;
    this.taken = true;
    // The port forgets those of a socket's last operations alone, which will be the taker's.
    this.#port.loop.forgetDeadline(recv);
    outbox.forgetDeadline();
    active.takeExchange();
    this.#taker.take(recv.socket, reader.takeCarried());
  }

  /** The taker is to end the connection now. */
  stop(): void {
    this.#taker.stop();
  }
}
