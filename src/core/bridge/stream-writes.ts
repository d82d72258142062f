import type { BufferPool } from '../buffer-pool.ts';
import { CLOSED, type Fault, ownFault } from '../fault.ts';
import type {
  Outcome,
  SendOperation,
  ShutdownOperation,
  SocketId,
  SocketOperation,
  TransmitOperation,
} from '../operation.ts';
import { shutdownOperation, transmitOperation } from '../operations.ts';
import { Outbox, type OutboxOwner } from '../outbox/outbox.ts';
import { FULL_BYTES, type Level } from '../outbox/water-marks.ts';
import type { ProactorPort } from '../proactor.ts';
import type { Attempt } from '../reactor.ts';
import { Begun } from './begun.ts';
import { answer, answerMisfit, type Side } from './side.ts';

/**
 * The sending side of a stream. A zero-byte send says nothing about room, so the bridge has its
 * own: an attempt copies into the stream's outbox, up to `full`, and is done when all of it is
 * there. Above the high mark it would block until the outbox is at its low mark. A batch that
 * fails is the answer of every later attempt. Shutdown and transmit wait for the bytes before
 * them, and end when the proactor's own operation does.
 */
export class StreamWrites implements Side, OutboxOwner {
  readonly #port: ProactorPort;
  readonly #socket: SocketId;
  readonly #outbox: Outbox;
  readonly #tell: () => void;
  #begun: Begun<ShutdownOperation | TransmitOperation> | undefined;
  #shut = false;
  #outcome: Outcome | undefined;
  #fault: Fault | undefined;

  constructor(port: ProactorPort, socket: SocketId, pool: BufferPool, tell: () => void) {
    this.#port = port;
    this.#socket = socket;
    this.#outbox = new Outbox(port, pool, this, socket);
    this.#tell = tell;
  }

  get ready(): boolean {
    if (this.#begun !== undefined) return this.#begun.ended;
    return this.#outcome !== undefined || this.#outbox.level === 'open';
  }

  /** Bytes that the proactor does not have yet. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  arm(): void {}

  attempt(operation: SocketOperation): Attempt {
    const begun = this.#begun;
    if (begun !== undefined) {
      if (begun.caller === operation) return this.#attemptBegun(begun, operation);
      operation.status = 'idle';
      return 'write';
    }
    if (this.#outcome !== undefined) {
      if (operation.status !== 'idle') fresh(operation);
      if (operation.kind === 'send') operation.bytes = 0; // What it had may be lost.
      return answer(operation, this.#outcome, this.#fault);
    }
    if (this.#shut && operation.kind !== 'shutdown') {
      fresh(operation);
      return answer(operation, 'failed', ownFault('brokenPipe', operation.kind));
    }
    switch (operation.kind) {
      case 'send':
        return this.#send(operation);
      case 'shutdown':
        this.#shut = true;
        return this.#begin(operation, shutdownOperation(this.#socket, this.#tell));
      case 'transmit':
        return this.#begin(operation, this.#transmitOf(operation));
      default:
        return answerMisfit(operation);
    }
  }

  /** What the outbox has taken of a send goes out all the same, but is not certain to arrive. */
  abandon(operation: SocketOperation): void {
    if (operation.kind === 'send') {
      operation.bytes = Math.max(0, operation.bytes - this.#outbox.queuedBytes);
      return;
    }
    const begun = this.#begun;
    if (begun?.caller !== operation) return;
    if (begun.own.status === 'idle') {
      this.#shut = false; // It was still waiting for the bytes before it.
    } else if (begun.own.status === 'pending') {
      if (operation.kind === 'transmit') operation.bytesPossible = sizeOf(operation);
      this.#port.cancel(begun.own);
    }
    this.#begun = undefined;
    this.#tell();
  }

  discard(): void {
    this.fail(CLOSED);
  }

  /** The receiving side has learnt that the peer is gone. */
  fail(fault: Fault): void {
    this.#outcome ??= 'failed';
    this.#fault ??= fault;
    this.#outbox.discard();
  }

  outboxLevel(level: Level): void {
    if (level === 'open') this.#tell();
  }

  outboxDrained(): void {
    const own = this.#begun?.own;
    if (own?.status === 'idle') this.#port.submit(own);
    else this.#tell();
  }

  outboxBroken(send: SendOperation): void {
    const gone = send.status === 'cancelled';
    this.#outcome ??= gone ? 'failed' : (send.status as Outcome);
    this.#fault ??= gone ? CLOSED : send.fault;
    if (this.#begun?.own.status === 'idle') this.#begun = undefined;
    this.#tell();
  }

  #send(operation: SendOperation): Attempt {
    if (operation.status !== 'idle') fresh(operation);
    if (this.#outbox.level === 'high') {
      operation.status = 'idle';
      return 'write';
    }
    const whole = this.#fill(operation);
    operation.bytesPossible = operation.bytes;
    if (whole) return answer(operation, 'done');
    operation.status = 'idle';
    return 'write';
  }

  /** Copies what the outbox has room for, from `bytes` on. `false`: something is left. */
  #fill(operation: SendOperation): boolean {
    let skip = operation.bytes;
    for (let i = 0; i < operation.count; i += 1) {
      const piece = operation.pieces[i] as Uint8Array | string;
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const room = FULL_BYTES - this.#outbox.queuedBytes;
      const end = Math.min(piece.length, skip + room);
      if (typeof piece === 'string') this.#outbox.appendText(piece.slice(skip, end));
      else this.#outbox.appendCopy(piece, skip, end);
      operation.bytes += end - skip;
      if (end < piece.length) return false;
      skip = 0;
    }
    return true;
  }

  #begin(caller: SocketOperation, own: ShutdownOperation | TransmitOperation): Attempt {
    this.#begun = new Begun(caller, own, 'write');
    if (this.#outbox.queuedBytes === 0) this.#port.submit(own);
    caller.status = 'idle';
    return 'write';
  }

  #attemptBegun(
    begun: Begun<ShutdownOperation | TransmitOperation>,
    caller: SocketOperation,
  ): Attempt {
    const { own } = begun;
    if (begun.ended) this.#begun = undefined;
    if (begun.ended && own.kind === 'transmit' && caller.kind === 'transmit') {
      caller.bytes = own.bytes;
      caller.bytesPossible = own.bytesPossible;
    }
    return begun.attempt();
  }

  /** `head` and `tail` are copied: the caller's are not lent beyond the attempt. */
  #transmitOf(operation: TransmitOperation): TransmitOperation {
    fresh(operation);
    const own = transmitOperation(this.#socket, this.#tell);
    own.file = operation.file;
    own.position = operation.position;
    own.length = operation.length;
    own.head = copyOf(operation.head);
    own.tail = copyOf(operation.tail);
    return own;
  }
}

function sizeOf({ head, length, tail }: TransmitOperation): number {
  return (head?.length ?? 0) + length + (tail?.length ?? 0);
}

function fresh(operation: SocketOperation): void {
  if (operation.kind !== 'send' && operation.kind !== 'transmit') return;
  operation.bytes = 0;
  operation.bytesPossible = 0;
}

/** A Buffer's own `slice` would be a view. */
function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}
