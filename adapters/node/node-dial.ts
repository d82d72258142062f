import type { Socket } from 'node:net';
import { ownFault } from '../../src/core/fault.ts';
import {
  type ConnectOperation,
  NO_SOCKET,
  type Outcome,
  type SocketId,
  type SocketOperation,
} from '../../src/core/operation.ts';
import { faultOf } from './fault-of.ts';
import type { NodeHost } from './node-host.ts';
import { type NodeSocket, reset } from './node-socket.ts';

/** A connection that is being opened; a stream takes its place once it is. */
export class Dial implements NodeSocket {
  readonly #operation: ConnectOperation;
  readonly #socket: Socket;
  readonly #host: NodeHost;
  readonly #onGone: (id: SocketId) => void;
  /** Set by the port. The operation's may be another's already when this one's descriptor goes. */
  id: SocketId = NO_SOCKET;
  #open = false;

  constructor(
    operation: ConnectOperation,
    socket: Socket,
    host: NodeHost,
    onGone: (id: SocketId) => void,
  ) {
    this.#operation = operation;
    this.#socket = socket;
    this.#host = host;
    this.#onGone = onGone;
    socket.once('error', (error) => this.#fail(error));
    socket.once('close', () => {
      if (!this.#open) this.#onGone(this.id);
    });
  }

  /** The socket is connected; `false` when nobody wants it any more. */
  succeed(): boolean {
    this.#host.event();
    if (this.#operation.ended || this.#operation.status !== 'pending') {
      reset(this.#socket);
      return false;
    }
    this.#open = true;
    return true;
  }

  submit(operation: SocketOperation): void {
    operation.fault = ownFault('closed', 'still connecting');
    this.#host.loop.completeSoon(operation, 'failed');
  }

  abort(operation: SocketOperation, outcome: Outcome): void {
    if (operation !== this.#operation) return;
    this.#host.loop.completeSoon(operation, outcome);
    this.#socket.destroy();
  }

  destroy(): void {
    if (this.#operation.status === 'pending' && !this.#operation.ended) {
      this.#host.loop.completeSoon(this.#operation, 'cancelled');
    }
    this.#socket.destroy();
  }

  local(): undefined {
    return undefined;
  }

  remote(): undefined {
    return undefined;
  }

  #fail(error: Error): void {
    this.#host.event();
    if (this.#open || this.#operation.ended || this.#operation.status !== 'pending') return;
    this.#operation.fault = faultOf(error);
    this.#host.loop.completeSoon(this.#operation, 'failed');
  }
}
