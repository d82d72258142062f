import type { CloseOperation, SocketId } from '../core/operation.ts';
import { closeOperation } from '../core/operations.ts';
import type { ServerShared } from './server-options.ts';

/** How long a client that is still sending is read and dropped, so that it sees FIN and no RST. */
const LINGER_MS = 5_000;

/** The end of a client's connection: decided once, submitted once what is queued is with the kernel. */
export class ServerClosing {
  readonly #shared: ServerShared;
  readonly #onClosed: () => void;
  #lingers = false;
  #close: CloseOperation | undefined;

  constructor(shared: ServerShared, onClosed: () => void) {
    this.#shared = shared;
    this.#onClosed = onClosed;
  }

  get submitted(): boolean {
    return this.#close !== undefined;
  }

  /** The client may be sending still. */
  linger(): void {
    this.#lingers = true;
  }

  submit(socket: SocketId, how: 'graceful' | 'reset'): void {
    if (this.#close !== undefined) return;
    this.#close = closeOperation(socket, this.#onClosed);
    this.#close.how = how;
    this.#close.lingerMs = this.#lingers ? LINGER_MS : 0;
    this.#shared.port.submit(this.#close);
  }

  /** No longer so gracefully. */
  hurry(): void {
    if (this.#close !== undefined) this.#shared.port.cancel(this.#close);
  }
}
