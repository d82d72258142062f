import type { BufferPool } from '../buffer-pool.ts';
import { CLOSED } from '../fault.ts';
import type {
  Outcome,
  SocketId,
  SocketOperation,
  UdpPeekOperation,
  UdpRecvOperation,
} from '../operation.ts';
import { udpRecvOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import type { Attempt } from '../reactor.ts';
import { answer, answerMisfit, type Side } from './side.ts';
import { Spill } from './spill.ts';

/**
 * The receiving side of a datagram socket. As `StreamReads`, with a spill of one datagram: it is
 * kept whole, so that the buffer of the attempt that takes it decides what is cut. A notice or a
 * fault is answered once, and the socket goes on.
 */
export class DatagramReads implements Side {
  readonly #port: ProactorPort;
  readonly #tell: () => void;
  readonly #recv: UdpRecvOperation;
  readonly #spill: Spill;
  /** How the bridge's own receive ended, until it is answered. An empty datagram is `done`. */
  #waiting: Outcome | undefined;

  #discarded = false;

  constructor(port: ProactorPort, socket: SocketId, pool: BufferPool, tell: () => void) {
    this.#port = port;
    this.#tell = tell;
    this.#spill = new Spill(pool);
    this.#recv = udpRecvOperation(socket, () => this.#received());
  }

  get ready(): boolean {
    return this.#waiting !== undefined;
  }

  arm(): void {
    if (!this.ready && this.#recv.status !== 'pending') this.#port.submit(this.#recv);
  }

  attempt(operation: SocketOperation): Attempt {
    if (operation.kind !== 'udpRecv' && operation.kind !== 'udpPeek') {
      return answerMisfit(operation);
    }
    if (operation.kind === 'udpRecv') operation.bytes = 0;
    const outcome = this.#waiting;
    if (outcome === undefined) {
      operation.status = 'idle';
      return 'read';
    }
    if (outcome !== 'done') {
      this.#waiting = undefined;
      const gone = outcome === 'cancelled';
      return answer(operation, gone ? 'failed' : outcome, gone ? CLOSED : this.#recv.fault);
    }
    if (operation.kind === 'udpPeek') this.#look(operation);
    else this.#take(operation);
    return answer(operation, 'done');
  }

  /** Nothing was begun for one attempt: the receive that is posted serves the next one. */
  abandon(_operation: SocketOperation): void {}

  discard(): void {
    this.#discarded = true;
    this.#spill.clear();
    this.#waiting = undefined;
  }

  #look(operation: UdpPeekOperation): void {
    operation.size = this.#recv.size;
  }

  #take(operation: UdpRecvOperation): void {
    const { from, size, truncated } = this.#recv;
    this.#waiting = undefined;
    operation.from = from;
    operation.size = size;
    if (operation.into === undefined) this.#spill.lend(operation);
    else operation.bytes = this.#spill.copy(operation.into);
    operation.truncated = truncated || operation.bytes < size;
    this.#spill.clear();
  }

  #received(): void {
    const { status, data, offset, bytes } = this.#recv;
    this.#waiting = status as Outcome;
    if (status === 'done' && !this.#discarded) this.#spill.show(data, offset, bytes, false);
    try {
      this.#tell();
    } finally {
      this.#spill.keep();
    }
  }
}
