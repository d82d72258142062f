import type { AcceptOperation, SocketId } from '../../core/operation.ts';
import { acceptOperation, timerOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';

/** Accepts that are posted at once: connections that one turn can take in. */
const ACCEPTS = 64;
/** Wait before accepting goes on after descriptors ran out, or the like. */
const PAUSE_MS = 500;

/** Takes the connections of one listening socket. */
export class Acceptor {
  readonly #port: ProactorPort;
  readonly #open: (socket: SocketId) => void;
  readonly #accepts: readonly AcceptOperation[];
  readonly #retry = timerOperation(() => this.#submitAll());
  #stopped = false;
  #paused = false;
  /** Some may have been cancelled only for a while. */
  #wasPaused = false;
  /** Who was let in while accepts were being withdrawn; as many as there are accepts, at most. */
  readonly #early: SocketId[] = [];

  /** `open` is given each connection. */
  constructor(port: ProactorPort, listener: SocketId, open: (socket: SocketId) => void) {
    this.#port = port;
    this.#open = open;
    this.#accepts = Array.from({ length: ACCEPTS }, () =>
      acceptOperation(listener, (accept) => this.#accepted(accept)),
    );
    this.#submitAll();
  }

  /** The listening socket stays as it is; who is in already is served. */
  stop(): void {
    this.#stopped = true;
    for (const socket of this.#early.splice(0)) this.#open(socket);
    this.#port.cancel(this.#retry);
    for (const accept of this.#accepts) this.#port.cancel(accept);
  }

  /** Who comes now waits in the kernel's queue. */
  pause(): void {
    this.#paused = true;
    this.#wasPaused = true;
    for (const accept of this.#accepts) this.#port.cancel(accept);
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#early.length > 0) this.#open(this.#early.shift() as SocketId);
    this.#submitAll();
  }

  #accepted(accept: AcceptOperation): void {
    if (accept.status === 'done') this.#take(accept.accepted);
    if (this.#stopped || this.#paused || accept.fault?.code === 'closed') return;
    if (accept.status === 'cancelled' && !this.#wasPaused) return;
    // A connection that was gone before it was taken is no reason to pause.
    const isOver = accept.status === 'failed' && accept.fault?.class !== 'peer';
    if (!isOver) this.#port.submit(accept);
    else if (this.#retry.status !== 'pending') {
      this.#retry.atMs = this.#port.loop.nowMs() + PAUSE_MS;
      this.#port.submit(this.#retry);
    }
  }

  #take(socket: SocketId): void {
    if (this.#paused && !this.#stopped) this.#early.push(socket);
    else this.#open(socket);
  }

  #submitAll(): void {
    if (this.#stopped || this.#paused) return;
    for (const accept of this.#accepts) if (accept.status !== 'pending') this.#port.submit(accept);
  }
}
