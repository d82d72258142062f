import { Buffer } from 'node:buffer';
import type { EventLoop } from '../../core/event-loop.ts';
import { onTurn } from './thenable.ts';

/** Bytes that are handed on at once: a large body goes out as the client takes it. */
const PIECE_BYTES = 64 * 1024;

/** Where the body of a reply goes. */
export interface ReplyOwner {
  /** Takes bytes for good; `false`: wait for `goOn`. */
  replyBytes(bytes: Uint8Array): boolean;
  replyEnd(): void;
  replyFailed(error: unknown): void;
}

/** The body of a reply on its way, at the pace of the client. */
export interface ReplyBody {
  goOn(): void;
  /** Gives up; a stream is told so. */
  stop(): void;
}

/** Bytes that are handed on piece by piece. */
class Pieces {
  #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `false`: the owner takes no more for now. */
  handOn(owner: ReplyOwner): boolean {
    while (this.#at < this.#bytes.length) {
      const end = Math.min(this.#at + PIECE_BYTES, this.#bytes.length);
      const piece = this.#bytes.subarray(this.#at, end);
      this.#at = end;
      if (!owner.replyBytes(piece)) return false;
    }
    return true;
  }

  drop(): void {
    this.#bytes = this.#bytes.subarray(0, 0);
  }
}

/** A body that is there already. */
export class WholeBody implements ReplyBody {
  readonly #pieces: Pieces;
  readonly #owner: ReplyOwner;
  #going = false;
  #over = false;

  constructor(bytes: Uint8Array, owner: ReplyOwner) {
    this.#pieces = new Pieces(bytes);
    this.#owner = owner;
  }

  goOn(): void {
    if (this.#going || this.#over) return;
    this.#going = true;
    const all = this.#pieces.handOn(this.#owner);
    this.#going = false;
    if (!all || this.#over) return;
    this.#over = true;
    this.#owner.replyEnd();
  }

  stop(): void {
    this.#over = true;
    this.#pieces.drop();
  }
}

/** A body that comes from a stream. */
export class StreamedBody implements ReplyBody {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #owner: ReplyOwner;
  readonly #loop: EventLoop;
  #pieces: Pieces | undefined;
  /** A chunk is being waited for. */
  #asking = false;
  #going = false;
  #over = false;

  /** Throws what the stream throws when it is asked for its iterator. */
  constructor(stream: AsyncIterable<unknown>, owner: ReplyOwner, loop: EventLoop) {
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#owner = owner;
    this.#loop = loop;
  }

  goOn(): void {
    if (this.#asking || this.#going || this.#over) return;
    this.#going = true;
    const all = this.#pieces?.handOn(this.#owner) ?? true;
    this.#going = false;
    if (!all || this.#over) return;
    this.#pieces = undefined;
    this.#asking = true;
    this.#next().then(
      (next) => onTurn(this.#loop, () => this.#take(next)),
      (error: unknown) => onTurn(this.#loop, () => this.#fail(error)),
    );
  }

  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pieces = undefined;
    dropStream(this.#iterator);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    return this.#iterator.next();
  }

  #take({ done, value }: IteratorResult<unknown>): void {
    this.#asking = false;
    if (this.#over) return;
    if (done === true) {
      this.#over = true;
      this.#owner.replyEnd();
      return;
    }
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (bytes instanceof Uint8Array) {
      this.#pieces = new Pieces(bytes);
      this.goOn();
      return;
    }
    this.stop();
    this.#owner.replyFailed(new TypeError('the body of a reply gives Uint8Array or string'));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.replyFailed(error);
  }
}

/** Tells a stream that nobody will read it, or the rest of it. What it throws then is its own. */
export function dropStream(iterator: AsyncIterator<unknown>): void {
  try {
    iterator.return?.().then(nothing, nothing);
  } catch {
    // It is not needed any more.
  }
}

function nothing(): void {}
