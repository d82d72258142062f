import type { Endpoint } from '../core/endpoint.ts';
import { InvariantError } from '../core/invariant-error.ts';
import type { CloseOperation, RecvOperation, SocketId } from '../core/operation.ts';
import {
  closeOperation,
  peekOperation,
  recvOperation,
  shutdownOperation,
} from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { bytesOf, joined, scatter, total } from './bytes.ts';
import { IoError } from './io-error.ts';
import { type SendOptions, SendQueue } from './send-queue.ts';
import { perform, type WaitOptions } from './wait.ts';

export type ConnectOptions = WaitOptions & {
  /** The address to connect from; its port may be 0. */
  readonly local?: Endpoint | string;
};

export type CloseOptions = Partial<Pick<CloseOperation, 'how' | 'lingerMs' | 'lingerBytes'>>;

/** A socket that its stream has given away, and what was received of it and not yet read. */
export type HandedOver = { readonly socket: SocketId; readonly received: Uint8Array };

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NOTHING = () => {};

/** A connection for people: promises, AbortSignal, async iteration. One reader at a time. */
export class Stream implements AsyncIterable<Uint8Array>, AsyncDisposable {
  readonly port: ProactorPort;
  /** The ends, as they were when the stream was made. */
  readonly local: Endpoint | undefined;
  readonly remote: Endpoint | undefined;
  readonly #socket: SocketId;
  readonly #recv: RecvOperation;
  readonly #sends: SendQueue;
  /** Received, and not yet read: what a scatter that was given up had got. */
  #received: Uint8Array = NO_BYTES;
  #closing: Promise<void> | undefined;
  #handedOver = false;

  /** Takes over a connected socket of `port`. */
  constructor(port: ProactorPort, socket: SocketId) {
    this.port = port;
    this.local = port.localEndpoint(socket);
    this.remote = port.remoteEndpoint(socket);
    this.#socket = socket;
    this.#recv = recvOperation(socket, NOTHING);
    this.#sends = new SendQueue(port, socket);
  }

  /** Bytes that were sent and that the kernel does not have yet. */
  get queuedBytes(): number {
    return this.#sends.outbox.queuedBytes;
  }

  /** The next bytes, the caller's own; `undefined` at the end of the stream, again and again. */
  recv(options: WaitOptions = {}): Promise<Uint8Array | undefined> {
    return settled(async () => {
      const recv = this.#reading();
      if (this.#received.length > 0 && !options.signal?.aborted) return this.#takeReceived();
      recv.into = undefined;
      recv.minBytes = 1;
      const take = () => (recv.status === 'eof' ? undefined : bytesOf(recv));
      return perform(this.port, recv, { ...options, take, keep: this.#failed });
    });
  }

  /**
   * Fills `buffers` in turn with at least `minBytes`; fewer mean the end of the stream. The
   * buffers are the stream's until this is settled. When it is given up or fails, what had come
   * is still readable.
   */
  recvInto(
    buffers: readonly Uint8Array[],
    options: WaitOptions & { readonly minBytes?: number } = {},
  ): Promise<number> {
    return settled(async () => {
      const recv = this.#reading();
      const minBytes = options.minBytes ?? 1;
      const room = total(buffers);
      if (minBytes < 1 || minBytes > room) {
        throw new RangeError(`minBytes ${minBytes} is not from 1 to the ${room} of the buffers`);
      }
      if (options.signal?.aborted) throw options.signal.reason;
      const early = scatter(this.#received, buffers);
      if (early.bytes >= minBytes) {
        this.#received = this.#received.subarray(early.bytes);
        return early.bytes;
      }
      recv.into = early.rest;
      recv.minBytes = minBytes - early.bytes;
      const take = () => {
        this.#received = NO_BYTES;
        return early.bytes + recv.bytes;
      };
      const keep = () => {
        this.#received = joined(
          [this.#received, ...early.rest],
          this.#received.length + recv.bytes,
        );
        this.#failed();
      };
      return perform(this.port, recv, { ...options, take, keep });
    });
  }

  /**
   * Waits until something can be read and consumes none of it. Shows a copy of at most
   * `wantBytes`, which may be fewer than that; `undefined` at the end of the stream.
   */
  peek(
    options: WaitOptions & { readonly wantBytes?: number } = {},
  ): Promise<Uint8Array | undefined> {
    return settled(async () => {
      const wantBytes = options.wantBytes ?? 0;
      this.#mine();
      if (this.#received.length > 0 && !options.signal?.aborted) {
        return this.#received.slice(0, wantBytes);
      }
      const peek = peekOperation(this.#socket, NOTHING);
      peek.wantBytes = wantBytes;
      const take = () => (peek.status === 'eof' ? undefined : bytesOf({ ...peek, owned: false }));
      return perform(this.port, peek, { ...options, take });
    });
  }

  /**
   * Queues `data` (text as UTF-8), to be sent with all else of this turn. Ends when it is queued
   * and less than the high mark waits, so that awaiting it is back-pressure. `data` is copied
   * unless it is `owned`. An abort before any of it was queued sends nothing; a message that
   * began goes out whole.
   */
  send(data: Uint8Array | string, options: SendOptions = {}): Promise<void> {
    return settled(() => {
      this.#mine();
      if (typeof data !== 'string') return this.#sends.send(data, options);
      return this.#sends.send(new TextEncoder().encode(data), { ...options, owned: true });
    });
  }

  /** Ends when the kernel has everything that was sent. */
  flush(options: WaitOptions = {}): Promise<void> {
    return this.#sends.flush(options);
  }

  /** Holds sends back until the scope is left: `using _ = stream.cork()`. */
  cork(): Disposable {
    return this.#sends.outbox.cork();
  }

  /** Sends FIN behind everything that was sent; receiving goes on. */
  async shutdown(options: WaitOptions = {}): Promise<void> {
    this.#mine();
    this.#sends.end();
    await this.#sends.flush(options);
    const operation = shutdownOperation(this.#socket, NOTHING);
    await perform(this.port, operation, { ...options, take: NOTHING });
  }

  /**
   * Ends the socket. `graceful`, the default, first delivers what was sent, for `lingerMs` at
   * most, and resets after that. A second call waits for the first; with `reset` it also drops
   * what the first still wanted to deliver. Rejects when bytes were lost and no other promise
   * has said so.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (options.how === 'reset') this.#sends.discard();
    this.#closing ??= this.#handedOver ? Promise.resolve() : this.#close(options);
    return this.#closing;
  }

  /** Gives the socket away: to a relay, or to operations of the caller's own. Flush first. */
  handOver(): HandedOver {
    this.#reading();
    if (!this.#sends.isEmpty) throw new InvariantError('a stream handed over with unsent bytes');
    this.#handedOver = true;
    this.#sends.end();
    return { socket: this.#socket, received: this.#takeReceived() };
  }

  /** The chunks until the end of the stream. Leaving the loop early leaves the stream open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await this.recv(); chunk !== undefined; chunk = await this.recv()) yield chunk;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CloseOptions): Promise<void> {
    const close = closeOperation(this.#socket, NOTHING);
    Object.assign(close, options);
    this.#sends.end();
    let lost: unknown;
    if (close.how !== 'reset') {
      const known = this.#sends.told;
      await this.#sends.flush({ timeoutMs: close.lingerMs }).catch((error: unknown) => {
        close.how = 'reset';
        if (!known && !this.#sends.discarded) lost = error;
      });
      this.#sends.discard();
    }
    const closed = perform(this.port, close, { take: NOTHING });
    this.#sends.release();
    await closed.catch(ignoreClosed);
    this.port.loop.forgetDeadline(this.#recv);
    if (lost !== undefined) throw lost;
  }

  #mine(): void {
    if (this.#handedOver) throw new InvariantError('a stream used after it was handed over');
  }

  #reading(): RecvOperation {
    this.#mine();
    if (this.#recv.status === 'pending') throw new InvariantError('a stream has one reader');
    return this.#recv;
  }

  #takeReceived(): Uint8Array {
    const received = this.#received;
    this.#received = NO_BYTES;
    return received;
  }

  /** Whoever was told that the connection failed knows that unsent bytes went with it. */
  readonly #failed = (): void => {
    if (this.#recv.status === 'failed') this.#sends.told = true;
  };
}

/** A socket that has gone with its port, before its close or during it, is closed. */
export function ignoreClosed(error: unknown): void {
  const gone = error instanceof IoError && (error.code === 'closed' || error.code === 'cancelled');
  if (!gone) throw error;
}

/** Turns what is thrown into a rejection. */
function settled<Value>(start: () => Promise<Value>): Promise<Value> {
  try {
    return start();
  } catch (error) {
    return Promise.reject(error);
  }
}
