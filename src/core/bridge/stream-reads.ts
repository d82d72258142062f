import type { BufferPool } from '../buffer-pool.ts';
import { CLOSED, type Fault } from '../fault.ts';
import type { Outcome, RecvOperation, SocketId, SocketOperation } from '../operation.ts';
import { recvOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import type { Attempt } from '../reactor.ts';
import { answer, answerMisfit, type Side } from './side.ts';
import { Spill } from './spill.ts';

/**
 * The receiving side of a stream. A proactor has no receive that answers now, so waiting is a
 * receive of the bridge's own, without a buffer: an idle stream holds none. What it brings is
 * shown to the watch where it lies; what is left after that goes to a spill of one chunk. No
 * further receive is posted before the spill is empty, so no more is ever taken from the kernel.
 * The end of the stream and a fault stay, and are answered again and again.
 */
export class StreamReads implements Side {
  readonly #port: ProactorPort;
  readonly #tell: () => void;
  readonly #recv: RecvOperation;
  readonly #spill: Spill;
  #end: Outcome | undefined;
  #fault: Fault | undefined;

  #discarded = false;

  constructor(port: ProactorPort, socket: SocketId, pool: BufferPool, tell: () => void) {
    this.#port = port;
    this.#tell = tell;
    this.#spill = new Spill(pool);
    this.#recv = recvOperation(socket, () => this.#received());
  }

  /** Why nothing can be received any more, where it is not the end of the stream. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get ready(): boolean {
    return this.#spill.bytes > 0 || this.#end !== undefined;
  }

  arm(): void {
    if (!this.ready && this.#recv.status !== 'pending') this.#port.submit(this.#recv);
  }

  attempt(operation: SocketOperation): Attempt {
    if (operation.kind !== 'recv' && operation.kind !== 'peek') return answerMisfit(operation);
    operation.bytes = 0;
    if (this.#spill.bytes === 0) {
      if (this.#end !== undefined) return answer(operation, this.#end, this.#fault);
      operation.status = 'idle';
      return 'read';
    }
    if (operation.kind === 'peek') {
      this.#spill.look(operation);
    } else if (operation.into === undefined) {
      operation.owned = this.#spill.lend(operation);
    } else {
      for (const buffer of operation.into) operation.bytes += this.#spill.copy(buffer);
    }
    return answer(operation, 'done');
  }

  /** Nothing was begun for one attempt: the receive that is posted serves the next one. */
  abandon(_operation: SocketOperation): void {}

  discard(): void {
    this.#discarded = true;
    this.#spill.clear();
  }

  #received(): void {
    const { status, fault, data, offset, bytes, owned } = this.#recv;
    if (bytes > 0 && !this.#discarded) this.#spill.show(data, offset, bytes, owned);
    if (status === 'cancelled') this.#stop('failed', CLOSED);
    else if (status !== 'done') this.#stop(status as Outcome, fault);
    try {
      this.#tell();
    } finally {
      this.#spill.keep();
    }
  }

  #stop(end: Outcome, fault: Fault | undefined): void {
    this.#end = end;
    this.#fault = fault;
  }
}
