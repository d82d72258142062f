import type { BufferPool } from '../buffer-pool.ts';
import type { Flushable } from '../event-loop.ts';
import { InvariantError } from '../invariant-error.ts';
import { NO_SOCKET, type SendOperation, type SocketId } from '../operation.ts';
import { sendOperation } from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import { ChunkQueue } from './chunk-queue.ts';
import { FULL_BYTES, HIGH_BYTES, type Level, LOW_BYTES } from './water-marks.ts';

/** Who produces for an outbox. One object for all four, so that a connection makes no closure. */
export interface OutboxOwner {
  /** The level has changed: once per crossing. Called from `append…` for `high`. */
  outboxLevel(level: Level): void;
  /** Everything that was appended is with the kernel. */
  outboxDrained(): void;
  /** A send ended early, as `send` says; what was queued behind it is dropped. */
  outboxBroken(send: SendOperation): void;
  /**
   * The last bytes of an outbox that is `ending` are with the kernel already; `outboxDrained` comes
   * as well, a little later. Who closes at once is not overtaken by the peer's own close.
   */
  outboxEnded?(): void;
}

const BATCH_BYTES_MIN = 128 * 1024;
/** Texts are joined up to this length: beyond it one more piece is cheaper than one longer string. */
const TEXT_LENGTH_MAX = 16 * 1024;

/**
 * What a stream has to send. Producers append; at the flush point, the end of the turn, all of it
 * goes out in one gathered send. One batch is in flight at most: what comes meanwhile is the next.
 *
 *   append → pieces ──flush──→ send (in flight) ──→ kernel
 *            └──────── queuedBytes, against the water marks ────────┘
 */
export class Outbox implements Flushable {
  flushAsked = false;
  /** Bytes that the kernel does not have yet. */
  queuedBytes = 0;
  level: Level = 'open';
  /** A send ended early: nothing is taken any more. */
  broken = false;
  /**
   * Nothing is appended any more, and a close follows: FIN may go with the last bytes. Who says so
   * is told by `outboxEnded` where these are with the kernel at once.
   */
  ending = false;
  /** What is queued is followed at once by something that does not come by here: a file. */
  more = false;
  /** Time one batch may take to reach the kernel, in milliseconds; 0 is for ever. */
  sendTimeoutMs = 0;
  readonly #port: ProactorPort;
  readonly #pool: BufferPool;
  #owner: OutboxOwner;
  readonly #send: SendOperation;
  #pieces: (Uint8Array | string)[] = [];
  #count = 0;
  /** What is copied goes to pooled chunks; made with the first copy, as most streams make none. */
  #copies: ChunkQueue | undefined;
  #piecesSent = 0;
  #batchBytes = 0;
  #batchBytesMax = BATCH_BYTES_MIN;
  #batchTurn = 0;
  #corks = 0;

  constructor(port: ProactorPort, pool: BufferPool, owner: OutboxOwner, socket?: SocketId) {
    this.#port = port;
    this.#pool = pool;
    this.#owner = owner;
    this.#send = sendOperation(socket ?? NO_SOCKET, Outbox.#onSent, this);
  }

  static #onSent(send: SendOperation): void {
    (send.owner as Outbox).#sent();
  }

  /** Serves another stream from now on. Only while nothing is queued and nothing in flight. */
  attach(owner: OutboxOwner, socket: SocketId): void {
    if (this.queuedBytes > 0 || this.inFlight) throw new InvariantError('an outbox in use');
    this.#owner = owner;
    this.#send.socket = socket;
    this.broken = false;
    this.ending = false;
    this.more = false;
    this.level = 'open';
    this.#batchBytesMax = BATCH_BYTES_MIN;
  }

  get socket(): SocketId {
    return this.#send.socket;
  }

  /** Before the first append, where the socket came after the outbox. */
  set socket(socket: SocketId) {
    this.#send.socket = socket;
  }

  /** Appends latin1 text. `false`: refused, nothing was queued. */
  appendText(text: string): boolean {
    if (!this.#admit(text.length)) return false;
    if (text.length === 0) return true;
    const last = this.#count - 1;
    // Never at -1: an index that no array has is looked up as a name, which costs as much as a slice.
    const tail = last < 0 ? undefined : this.#pieces[last];
    if (typeof tail === 'string' && tail.length + text.length <= TEXT_LENGTH_MAX) {
      this.#pieces[last] = tail + text;
    } else {
      this.#push(text);
    }
    this.#added(text.length);
    return true;
  }

  /** Appends a buffer that is the outbox's from now on. `false`: refused, nothing was queued. */
  append(bytes: Uint8Array): boolean {
    if (!this.#admit(bytes.length)) return false;
    if (bytes.length === 0) return true;
    this.#push(bytes);
    this.#added(bytes.length);
    return true;
  }

  /** Appends a copy of a lent view. `false`: refused, nothing was queued. */
  appendCopy(data: Uint8Array, start: number, end: number): boolean {
    if (!this.#admit(end - start)) return false;
    this.#copies ??= new ChunkQueue(this.#pool);
    for (let at = start; at < end; ) {
      const last = this.#piecesSent + this.#inFlightCount + this.#count - 1;
      const joins = this.#count > 0 && this.#copies.continues(last);
      at += this.#copies.copy(data, at, end, joins ? last : last + 1);
      if (joins) this.#pieces[this.#count - 1] = this.#copies.piece();
      else this.#push(this.#copies.piece());
    }
    this.#added(end - start);
    return true;
  }

  /**
   * Appends bytes of a pooled chunk, which goes back to `pool` once they are sent. `false`: refused,
   * nothing was queued, and the chunk went back at once.
   */
  appendChunk(pool: BufferPool, chunk: Uint8Array, start: number, end: number): boolean {
    if (!this.#admit(end - start)) {
      pool.give(chunk);
      return false;
    }
    this.#copies ??= new ChunkQueue(this.#pool);
    this.#copies.adopt(pool, chunk, this.#piecesSent + this.#inFlightCount + this.#count);
    this.#push(chunk.subarray(start, end));
    this.#added(end - start);
    return true;
  }

  /** Holds back every flush until the scope is left: `using _ = outbox.cork()`. Scopes nest. */
  cork(): Disposable {
    this.#corks += 1;
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        this.#corks -= 1;
        if (this.#count > 0) this.#port.loop.flushAtTurnEnd(this);
      },
    };
  }

  /** Sends what is queued now. The loop calls it at the end of the turn. */
  flush(): void {
    if (this.#count === 0 || this.#corks > 0 || this.broken) return;
    const send = this.#send;
    if (send.status === 'pending') return;
    const pieces = this.#pieces;
    this.#pieces = send.pieces;
    send.pieces = pieces;
    send.count = this.#takeBatch(pieces);
    send.deadlineMs = this.sendTimeoutMs > 0 ? this.#port.loop.turnMs + this.sendTimeoutMs : 0;
    this.#batchTurn = this.#port.loop.turn;
    send.last = this.ending && this.#count === 0;
    send.more = this.more;
    this.more = false;
    this.#port.submit(send);
    if (send.last && send.ended && send.outcome === 'done') this.#owner.outboxEnded?.();
  }

  /** Gives up what is queued; a batch in flight is cancelled. */
  discard(): void {
    this.broken = true;
    if (this.#send.status === 'pending') this.#port.cancel(this.#send);
    else this.#clear();
  }

  /** For owners whose socket is gone: nothing of this outbox waits for a deadline any more. */
  forgetDeadline(): void {
    this.#port.loop.forgetDeadline(this.#send);
  }

  get inFlight(): boolean {
    return this.#send.status === 'pending';
  }

  #admit(bytes: number): boolean {
    return !this.broken && this.queuedBytes + bytes <= FULL_BYTES;
  }

  #added(bytes: number): void {
    if (this.#count > 0 && !this.flushAsked) this.#port.loop.flushAtTurnEnd(this);
    this.queuedBytes += bytes;
    if (this.queuedBytes > HIGH_BYTES && this.level === 'open') {
      this.level = 'high';
      this.#owner.outboxLevel('high');
    }
  }

  #push(piece: Uint8Array | string): void {
    this.#pieces[this.#count] = piece;
    this.#count += 1;
  }

  get #inFlightCount(): number {
    return this.inFlight ? this.#send.count : 0;
  }

  /** How many of `pieces` go out at once; the rest moves to the front of the next batch. */
  #takeBatch(pieces: (Uint8Array | string)[]): number {
    const gatherMax = this.#port.capabilities.gatherMax;
    let count = 0;
    let bytes = 0;
    while (count < this.#count && count < gatherMax) {
      const length = (pieces[count] as Uint8Array | string).length;
      if (count > 0 && bytes + length > this.#batchBytesMax) break;
      bytes += length;
      count += 1;
    }
    this.#batchBytes = bytes;
    const left = this.#count - count;
    for (let i = 0; i < left; i += 1) {
      this.#pieces[i] = pieces[count + i] as Uint8Array | string;
      pieces[count + i] = ''; // An idle stream keeps no buffer alive.
    }
    this.#count = left;
    return count;
  }

  #sent(): void {
    const send = this.#send;
    for (let i = 0; i < send.count; i += 1) send.pieces[i] = '';
    this.#piecesSent += send.count;
    if (send.status !== 'done' || this.broken) {
      this.#break(); // Also after `discard`, which may come too late for the batch in flight.
      return;
    }
    // A kernel that takes a batch at once has room for more; one that does not sets the pace.
    const atOnce = this.#port.loop.turn === this.#batchTurn;
    if (atOnce && this.#batchBytes * 2 > this.#batchBytesMax && this.#batchBytesMax < FULL_BYTES) {
      this.#batchBytesMax *= 2;
    }
    this.queuedBytes -= this.#batchBytes;
    this.#copies?.giveBack(this.#piecesSent);
    if (this.level === 'high' && this.queuedBytes <= LOW_BYTES) {
      this.level = 'open';
      this.#owner.outboxLevel('open');
    }
    if (this.#count > 0) this.#port.loop.flushAtTurnEnd(this);
    else if (!this.broken) this.#owner.outboxDrained();
  }

  #break(): void {
    const told = this.broken;
    this.broken = true;
    this.#clear();
    if (!told) this.#owner.outboxBroken(this.#send);
  }

  #clear(): void {
    for (let i = 0; i < this.#count; i += 1) this.#pieces[i] = '';
    this.#count = 0;
    this.queuedBytes = 0;
    this.#copies?.giveBack(Number.POSITIVE_INFINITY);
  }
}
