import { CLOSED } from '../fault.ts';
import {
  type AcceptOperation,
  NO_SOCKET,
  type Outcome,
  type SocketId,
  type SocketOperation,
} from '../operation.ts';
import { acceptOperation, closeOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import type { Attempt } from '../reactor.ts';
import { answer, answerMisfit, type Side } from './side.ts';

/**
 * The accepting side of a listener: waiting is an accept of the bridge's own, and the spill is
 * one connection. It takes no further one before that is taken, so the kernel's queue holds the
 * rest. A fault is answered once: the listener survives it.
 */
export class Accepts implements Side {
  readonly #port: ProactorPort;
  readonly #tell: () => void;
  readonly #accept: AcceptOperation;
  #waiting: Outcome | undefined;
  #discarded = false;

  constructor(port: ProactorPort, socket: SocketId, tell: () => void) {
    this.#port = port;
    this.#tell = tell;
    this.#accept = acceptOperation(socket, () => this.#accepted());
  }

  get ready(): boolean {
    return this.#waiting !== undefined;
  }

  arm(): void {
    if (!this.ready && this.#accept.status !== 'pending') this.#port.submit(this.#accept);
  }

  attempt(operation: SocketOperation): Attempt {
    if (operation.kind !== 'accept') return answerMisfit(operation);
    const outcome = this.#waiting;
    if (outcome === undefined) {
      operation.status = 'idle';
      return 'read';
    }
    this.#waiting = undefined;
    if (outcome === 'cancelled') return answer(operation, 'failed', CLOSED);
    operation.accepted = outcome === 'done' ? this.#accept.accepted : NO_SOCKET;
    return answer(operation, outcome, this.#accept.fault);
  }

  /** Nothing was begun for one attempt: the accept that is posted serves the next one. */
  abandon(_operation: SocketOperation): void {}

  /** A connection that nobody took is reset, as the kernel does with those in its queue. */
  discard(): void {
    this.#discarded = true;
    if (this.#waiting === 'done') this.#reset();
    this.#waiting = undefined;
  }

  #accepted(): void {
    this.#waiting = this.#accept.status as Outcome;
    if (this.#discarded) this.discard();
    this.#tell();
  }

  #reset(): void {
    const close = closeOperation(this.#accept.accepted, () => {});
    close.how = 'reset';
    this.#port.submit(close);
  }
}
