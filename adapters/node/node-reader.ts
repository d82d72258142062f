import { Buffer } from 'node:buffer';
import type { Fault } from '../../src/core/fault.ts';
import type { Operation, Outcome, PeekOperation, RecvOperation } from '../../src/core/operation.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import type { NodeHost } from './node-host.ts';

type ReadOperation = RecvOperation | PeekOperation;

const NO_BYTES = Buffer.alloc(0);

/** Completions of one socket in one turn; what is left waits for the next. */
const COMPLETIONS_PER_TURN_MAX = 32;

/**
 * The receiving half of a stream. Node pushes bytes; operations pull them:
 *
 *   bytes arrive → an operation waits? it gets them, as a lent view: nothing is copied
 *                → none waits: they spill (one read, at most 64 KiB) and Node is told to stop
 *   operation    → the spill first; otherwise it waits, and Node is told to go on
 */
export class NodeReader {
  readonly #host: NodeHost;
  readonly #resume: () => void;
  /** First in, first out; the head in a field, since there is seldom more than one. */
  #head: ReadOperation | undefined;
  #others: RingQueue<ReadOperation> | undefined;
  /** The newest that ended and may still wait to be delivered: none may overtake it. */
  #ended: ReadOperation | undefined;
  #spill: Buffer | undefined;
  #spillAt = 0;
  /** End of stream or a fault, once all bytes before it were received. */
  #end: 'eof' | Fault | undefined;
  #turn = 0;
  #completions = 0;
  #retryAsked = false;
  /** Whether Node reads: it was told to, and no callback of ours has stopped it. */
  reading = true;
  /** The last receive, so that its deadline can be forgotten with the socket. */
  lastRecv: RecvOperation | undefined;

  constructor(host: NodeHost, resume: () => void) {
    this.#host = host;
    this.#resume = resume;
  }

  get sawEof(): boolean {
    return this.#end === 'eof';
  }

  submit(operation: ReadOperation): void {
    if (operation.kind === 'recv') {
      this.lastRecv = operation;
      operation.bytes = 0;
    }
    if (this.#head === undefined) this.#head = operation;
    else {
      this.#others ??= new RingQueue();
      this.#others.push(operation);
      return;
    }
    if (this.#spill !== undefined || this.#end !== undefined) this.#serveSpill();
    else if (!this.reading) this.#goOn();
  }

  /** Bytes came; returns whether Node may go on reading. `owned`: nobody else has this buffer. */
  push(data: Buffer, bytes: number, owned: boolean): boolean {
    const head = this.#head;
    if (this.#isFree(head) && head.kind === 'recv' && head.into === undefined) {
      head.data = data;
      head.offset = 0;
      head.bytes = bytes;
      head.owned = owned;
      this.#count();
      this.#shift();
      this.#host.loop.deliver(head, 'done');
      head.data = NO_BYTES; // The loan is over; an idle connection keeps no buffer alive.
    } else {
      this.#keep(owned && bytes === data.length ? data : Buffer.from(data.subarray(0, bytes)));
      this.#serveSpill();
    }
    this.reading = this.#spill === undefined && this.#head !== undefined;
    return this.reading;
  }

  /** No more bytes will come. */
  finish(end: 'eof' | Fault): void {
    if (this.#end !== undefined && this.#end !== 'eof') return;
    this.#end = end;
    if (end !== 'eof') this.#spill = undefined; // As a kernel does when RST comes.
    this.#serveSpill();
  }

  /** Ends one operation early. What it has received stays with it, as `bytes`. */
  abort(operation: ReadOperation, outcome: Outcome): void {
    if (this.#head === operation) {
      this.#shift();
      this.#endSoon(operation, outcome);
      this.#serveSpill();
    } else if (this.#others?.remove(operation)) {
      this.#endSoon(operation, outcome);
    }
  }

  abortAll(outcome: Outcome): void {
    for (let head = this.#head; head !== undefined; head = this.#head) {
      this.#shift();
      this.#endSoon(head, outcome);
    }
  }

  /** Drops what was received and not yet asked for; returns how many bytes that was. */
  dropSpill(): number {
    const bytes = this.#spill === undefined ? 0 : this.#spill.length - this.#spillAt;
    this.#spill = undefined;
    this.#goOn();
    return bytes;
  }

  get #mayComplete(): boolean {
    return this.#turn !== this.#host.loop.turn || this.#completions < COMPLETIONS_PER_TURN_MAX;
  }

  /** May `operation` be handed bytes right now, without overtaking another? */
  #isFree(operation: ReadOperation | undefined): operation is ReadOperation {
    if (operation === undefined || this.#spill !== undefined || !this.#mayComplete) return false;
    return this.#ended === undefined || !this.#ended.ended;
  }

  #goOn(): void {
    if (this.reading) return;
    this.reading = true;
    this.#resume();
  }

  #keep(bytes: Buffer): void {
    this.#spill =
      this.#spill === undefined
        ? bytes
        : Buffer.concat([this.#spill.subarray(this.#spillAt), bytes]);
    this.#spillAt = 0;
  }

  /** Gives the spill, and then the end, to whoever waits. */
  #serveSpill(): void {
    for (let head = this.#head; head !== undefined; head = this.#head) {
      if (!this.#mayComplete) {
        this.#retryNextTurn();
        return;
      }
      const outcome = this.#serve(head);
      if (outcome === undefined) break;
      this.#count();
      this.#shift();
      if (outcome === 'failed') head.fault = this.#end as Fault;
      this.#endSoon(head, outcome);
    }
    if (this.#head !== undefined && this.#end === undefined) this.#goOn();
  }

  /** How `operation` ends with what is here; `undefined`: it has to wait for more. */
  #serve(operation: ReadOperation): Outcome | undefined {
    const { kind } = operation;
    if (this.#spill === undefined) {
      if (this.#end === undefined) return undefined;
      return this.#end === 'eof' ? 'eof' : 'failed';
    }
    switch (kind) {
      case 'peek':
        operation.data = this.#spill;
        operation.offset = this.#spillAt;
        operation.bytes = Math.min(operation.wantBytes, this.#spill.length - this.#spillAt);
        return 'done';
      case 'recv':
        return operation.into === undefined ? this.#hand(operation) : this.#fill(operation);
      default:
        return kind satisfies never;
    }
  }

  #hand(operation: RecvOperation): Outcome {
    const spill = this.#spill as Buffer;
    operation.data = spill;
    operation.offset = this.#spillAt;
    operation.bytes = spill.length - this.#spillAt;
    operation.owned = true;
    this.#spill = undefined;
    return 'done';
  }

  #fill(operation: RecvOperation): Outcome | undefined {
    const spill = this.#spill as Buffer;
    let skip = operation.bytes;
    for (const buffer of operation.into ?? []) {
      if (skip >= buffer.length) {
        skip -= buffer.length;
        continue;
      }
      const bytes = Math.min(buffer.length - skip, spill.length - this.#spillAt);
      buffer.set(spill.subarray(this.#spillAt, this.#spillAt + bytes), skip);
      skip = 0;
      operation.bytes += bytes;
      this.#spillAt += bytes;
      if (this.#spillAt === spill.length) break;
    }
    if (this.#spillAt === spill.length) this.#spill = undefined;
    return operation.bytes >= operation.minBytes ? 'done' : this.#serve(operation);
  }

  #endSoon(operation: ReadOperation, outcome: Outcome): void {
    this.#ended = operation;
    this.#host.loop.completeSoon(operation as Operation, outcome);
  }

  #count(): void {
    if (this.#turn !== this.#host.loop.turn) {
      this.#turn = this.#host.loop.turn;
      this.#completions = 0;
    }
    this.#completions += 1;
  }

  #shift(): void {
    this.#head = this.#others === undefined ? undefined : this.#others.shift();
  }

  #retryNextTurn(): void {
    if (this.#retryAsked) return;
    this.#retryAsked = true;
    this.#host.loop.post(() => {
      this.#retryAsked = false;
      this.#serveSpill();
    });
  }
}
