import type { BufferPool } from '../buffer-pool.ts';
import type { SocketId, SocketOperation, UdpSendOperation } from '../operation.ts';
import { udpSendOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import type { Attempt } from '../reactor.ts';
import { answerAs, answerMisfit, type Side } from './side.ts';

/**
 * The sending side of a datagram socket: one datagram at a time, copied, so that its own attempt
 * says how it went.
 */
export class DatagramWrites implements Side {
  readonly #port: ProactorPort;
  readonly #pool: BufferPool;
  readonly #tell: () => void;
  readonly #send: UdpSendOperation;
  #caller: UdpSendOperation | undefined;
  #chunk: Uint8Array | undefined;

  constructor(port: ProactorPort, socket: SocketId, pool: BufferPool, tell: () => void) {
    this.#port = port;
    this.#pool = pool;
    this.#tell = tell;
    this.#send = udpSendOperation(socket, () => this.#sent());
  }

  get ready(): boolean {
    return this.#send.status !== 'pending';
  }

  arm(): void {}

  attempt(operation: SocketOperation): Attempt {
    if (operation.kind !== 'udpSend') return answerMisfit(operation);
    if (this.#send.status === 'pending') {
      operation.status = 'idle';
      return 'write';
    }
    if (this.#caller === operation) {
      this.#caller = undefined;
      return answerAs(operation, this.#send);
    }
    return this.#start(operation);
  }

  abandon(operation: SocketOperation): void {
    if (this.#caller !== operation) return;
    this.#caller = undefined;
    this.#port.cancel(this.#send);
  }

  /** The chunk of a datagram that is being sent comes back when that has ended. */
  discard(): void {
    this.#caller = undefined;
  }

  #start(operation: UdpSendOperation): Attempt {
    const { data } = operation;
    if (data.length > this.#pool.chunkBytes) {
      this.#send.data = new Uint8Array(data); // Over 64 KiB: for the adapter to refuse.
    } else {
      this.#chunk = this.#pool.take();
      this.#chunk.set(data);
      this.#send.data = this.#chunk.subarray(0, data.length);
    }
    this.#send.to = operation.to;
    this.#caller = operation;
    this.#port.submit(this.#send);
    operation.status = 'idle';
    return 'write';
  }

  #sent(): void {
    if (this.#chunk !== undefined) this.#pool.give(this.#chunk);
    this.#chunk = undefined;
    this.#tell();
  }
}
