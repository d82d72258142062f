import { type CloseOperation, NO_SOCKET, type SocketId } from '../core/operation.ts';
import { closeOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';

/** Closings that are kept for the next connections that end. */
const IDLE_MAX = 256;

/** Whose connection ends. */
export interface ClosingOwner {
  /** The socket is closed; the closing is another connection's from now on. */
  socketClosed(): void;
}

/**
 * The end of a client's connection: decided once, submitted once what is queued is with the kernel.
 * Used again for another connection.
 */
export class ServerClosing {
  readonly #pool: ClosingPool;
  readonly #close: CloseOperation;
  #owner: ClosingOwner | undefined;
  #lingerMs = 0;
  submitted = false;

  constructor(pool: ClosingPool) {
    this.#pool = pool;
    this.#close = closeOperation(NO_SOCKET, () => this.#closed());
  }

  begin(owner: ClosingOwner): void {
    this.#owner = owner;
    this.#lingerMs = 0;
    this.submitted = false;
  }

  /** The client may be sending still: it is read, and dropped, so that it sees FIN and no RST. */
  linger(ms: number): void {
    this.#lingerMs = ms;
  }

  submit(socket: SocketId, how: 'graceful' | 'reset'): void {
    if (this.submitted) return;
    this.submitted = true;
    this.#close.socket = socket;
    this.#close.how = how;
    this.#close.lingerMs = this.#lingerMs;
    this.#pool.port.submit(this.#close);
  }

  /** No longer so gracefully. */
  hurry(): void {
    if (this.submitted) this.#pool.port.cancel(this.#close);
  }

  #closed(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.socketClosed();
    this.#pool.give(this);
  }
}

/** Closings between connections: the one used last is used next. */
export class ClosingPool {
  readonly port: ProactorPort;
  /** What a connection has whose own closing is over: nothing more is to be done. */
  readonly over: ServerClosing;
  readonly #idle: ServerClosing[] = [];

  constructor(port: ProactorPort) {
    this.port = port;
    this.over = new ServerClosing(this);
    this.over.submitted = true;
  }

  take(owner: ClosingOwner): ServerClosing {
    const closing = this.#idle.pop() ?? new ServerClosing(this);
    closing.begin(owner);
    return closing;
  }

  give(closing: ServerClosing): void {
    if (this.#idle.length < IDLE_MAX) this.#idle.push(closing);
  }
}
