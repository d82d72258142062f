import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { CLOSED, type Fault } from '../../src/core/fault.ts';
import type {
  Outcome,
  SendOperation,
  ShutdownOperation,
  TransmitOperation,
} from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { faultOf } from './fault-of.ts';
import type { NodeHost } from './node-host.ts';
import { reset } from './node-socket.ts';
import { Transmission } from './node-transmit.ts';

export type WriteOperation = SendOperation | TransmitOperation | ShutdownOperation;

/** Several pieces up to this many bytes cost less as one string than as one vector. */
const JOIN_BYTES_MAX = 4096;

/**
 * The sending half of a stream: one operation in flight, the others in line behind it.
 *
 * Bytes go to the socket's own `_write` and `_writev`, the methods with which node:net implements
 * Node's Writable. The outbox above is the queue already, and a second one (Writable's) would
 * cost a task per write and hide whether the kernel took the bytes at once.
 */
export class NodeWriter {
  readonly #socket: Socket;
  readonly #host: NodeHost;
  #current: WriteOperation | undefined;
  #others: RingQueue<WriteOperation> | undefined;
  /** Set around a call that may answer at once. */
  #inCall = false;
  #fault: Fault | undefined;
  /** How the operation in flight will end instead, once Node has let go of its buffers. */
  #aborted: Outcome | undefined;
  /** Called when nothing is left to send: a graceful close waits for it. */
  onIdle: (() => void) | undefined;
  finSent = false;
  /** Operations that have ended: a close that waits for the rest sees by it that they move on. */
  answers = 0;
  /** The last send, so that its deadline can be forgotten with the socket. */
  lastSend: SendOperation | undefined;

  constructor(socket: Socket, host: NodeHost) {
    this.#socket = socket;
    this.#host = host;
  }

  get idle(): boolean {
    return this.#current === undefined;
  }

  submit(operation: WriteOperation): void {
    if (operation.kind === 'send') this.lastSend = operation;
    if (operation.kind !== 'shutdown') {
      operation.bytes = 0;
      operation.bytesPossible = 0;
    }
    if (this.#current === undefined) this.#start(operation);
    else {
      this.#others ??= new RingQueue();
      this.#others.push(operation);
    }
  }

  /** The socket is gone: everything fails with `fault`, from now on. */
  fail(fault: Fault): void {
    this.#fault ??= fault;
    if (this.#current !== undefined) this.#done(fault);
    this.#startNext();
  }

  /**
   * Ends an operation early. Bytes that Node holds cannot be taken back, nor counted: the
   * connection is cut, and the operation ends once its buffers are free again.
   */
  abort(operation: WriteOperation, outcome: Outcome): void {
    if (this.#current === operation) {
      if (operation.kind === 'shutdown') return; // It waits for nobody but the kernel.
      this.#aborted = outcome;
      reset(this.#socket); // With FIN, what is missing could not be told from a whole message.
    } else if (this.#others?.remove(operation)) {
      this.#host.loop.completeSoon(operation, outcome);
    }
  }

  abortAll(outcome: Outcome): void {
    for (let next = this.#others?.shift(); next !== undefined; next = this.#others?.shift()) {
      this.#host.loop.completeSoon(next, outcome);
    }
    if (this.#current !== undefined) this.#aborted ??= outcome;
  }

  /** Node's answer to `_write`, `_writev` and `end`: one function for the socket's whole life. */
  readonly #answered = (error?: Error | null): void => {
    if (this.#current === undefined) return;
    // Node reports success for a write that `destroy` cut short.
    const cause = error ?? (this.#socket.destroyed ? (this.#socket.errored ?? GONE) : undefined);
    this.#done(cause ? faultOf(cause) : undefined);
    if (!this.#inCall) this.#startNext();
  };

  #start(operation: WriteOperation): void {
    this.#current = operation;
    this.#inCall = true;
    if (this.#fault !== undefined) this.#done(this.#fault);
    else if (this.finSent) this.#done(CLOSED);
    else this.#hand(operation);
    this.#inCall = false;
  }

  #startNext(): void {
    while (this.#current === undefined) {
      const next = this.#others?.shift();
      if (next === undefined) {
        this.onIdle?.();
        return;
      }
      this.#start(next);
    }
  }

  #hand(operation: WriteOperation): void {
    const { kind } = operation;
    switch (kind) {
      case 'send':
        this.#write(operation);
        return;
      case 'transmit':
        new Transmission(this.#socket, operation, this.#answered).start();
        return;
      case 'shutdown':
        this.finSent = true;
        this.#socket.end(this.#answered);
        return;
      default:
        kind satisfies never;
    }
  }

  #write(operation: SendOperation): void {
    const { pieces, count } = operation;
    let bytes = 0;
    for (let i = 0; i < count; i += 1) bytes += (pieces[i] as string | Uint8Array).length;
    operation.bytesPossible = bytes;
    if (bytes === 0) this.#answered();
    else if (count === 1) this.#writeOne(pieces[0] as string | Uint8Array);
    else if (bytes <= JOIN_BYTES_MAX) this.#writeOne(joined(pieces, count));
    else this.#writeMany(pieces, count);
  }

  #writeOne(piece: string | Uint8Array): void {
    this.#socket._write(piece, typeof piece === 'string' ? 'latin1' : BINARY, this.#answered);
  }

  #writeMany(pieces: readonly (string | Uint8Array)[], count: number): void {
    const chunks: { chunk: string | Uint8Array; encoding: BufferEncoding }[] = [];
    for (let i = 0; i < count; i += 1) {
      const chunk = pieces[i] as string | Uint8Array;
      chunks.push({ chunk, encoding: typeof chunk === 'string' ? 'latin1' : BINARY });
    }
    this.#socket._writev?.(chunks, this.#answered);
  }

  #done(fault: Fault | undefined): void {
    const operation = this.#current as WriteOperation;
    this.#current = undefined;
    this.answers += 1;
    let outcome: Outcome = fault === undefined ? 'done' : 'failed';
    if (this.#aborted !== undefined) outcome = this.#aborted;
    else operation.fault = fault;
    if (outcome === 'done' && operation.kind === 'send') operation.bytes = operation.bytesPossible;
    this.#aborted = undefined;
    this.#host.event();
    this.#host.loop.completeSoon(operation, outcome);
  }
}

const GONE = Object.assign(new Error('the socket is gone'), { code: 'ERR_SOCKET_CLOSED' });

/** What node:net calls the encoding of a Uint8Array; its type does not list it. */
const BINARY = 'buffer' as BufferEncoding;

function joined(pieces: readonly (string | Uint8Array)[], count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) {
    const piece = pieces[i] as string | Uint8Array;
    if (typeof piece === 'string') text += piece;
    else text += Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
  }
  return text;
}
