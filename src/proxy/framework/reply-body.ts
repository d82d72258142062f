import { Buffer } from 'node:buffer';

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

/** A body that is there already. */
export class WholeBody implements ReplyBody {
  readonly #bytes: Uint8Array;
  readonly #owner: ReplyOwner;
  #at = 0;
  #going = false;

  constructor(bytes: Uint8Array, owner: ReplyOwner) {
    this.#bytes = bytes;
    this.#owner = owner;
  }

  goOn(): void {
    if (this.#going) return;
    this.#going = true;
    let takes = true;
    while (takes && this.#at < this.#bytes.length) {
      const end = Math.min(this.#at + PIECE_BYTES, this.#bytes.length);
      const piece = this.#bytes.subarray(this.#at, end);
      this.#at = end;
      takes = this.#owner.replyBytes(piece);
    }
    this.#going = false;
    if (takes) this.#owner.replyEnd();
  }

  stop(): void {
    this.#at = this.#bytes.length;
  }
}

/** A body that comes from a stream. */
export class StreamedBody implements ReplyBody {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #owner: ReplyOwner;
  /** A chunk is being waited for. */
  #asking = false;
  #over = false;

  constructor(stream: AsyncIterable<Uint8Array>, owner: ReplyOwner) {
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#owner = owner;
  }

  goOn(): void {
    if (this.#asking || this.#over) return;
    this.#asking = true;
    this.#iterator.next().then(
      ({ done, value }) => {
        this.#asking = false;
        if (this.#over) return;
        if (done === true) {
          this.#over = true;
          this.#owner.replyEnd();
        } else if (this.#take(value)) this.goOn();
      },
      (error: unknown) => {
        if (this.#over) return;
        this.#over = true;
        this.#owner.replyFailed(error);
      },
    );
  }

  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#iterator.return?.().then(nothing, nothing);
  }

  /** A stream may give texts, too. */
  #take(value: unknown): boolean {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (bytes instanceof Uint8Array) return this.#owner.replyBytes(bytes);
    this.stop();
    this.#owner.replyFailed(new TypeError('the body of a reply gives Uint8Array or string'));
    return false;
  }
}

function nothing(): void {}
