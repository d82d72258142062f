/** The longest message of a frame: its length is two bytes (RFC 1035 §4.2.2). */
export const FRAME_BYTES_MAX: number = 0xffff;
/** What a frame in pieces is first given room for, and what an idle reader keeps, in bytes. */
export const FRAME_BYTES_KEPT: number = 4096;

/** Who wants the messages of a stream. */
export interface FrameOwner {
  /** `data` from `start` to `end`, lent until this returns. May stop the reader. */
  frame(data: Uint8Array, start: number, end: number): void;
}

type State = (reader: FrameReader, data: Uint8Array, end: number) => State;

const NONE = new Uint8Array(0);

/**
 * Takes a stream apart into its messages, wherever its receives were cut.
 *
 *      ┌──────────────── length 0 ───────────────┐
 *      ▼                                         │
 *   lengthHigh ──byte──► lengthLow ──byte──► body or nothing
 *      ▲                                         │
 *      └──────────────── length bytes ───────────┘
 *
 * A message that came in one piece is shown where it is. One in pieces is put together in a buffer
 * that grows with what has come, never by what a length promises.
 */
export class FrameReader {
  readonly owner: FrameOwner;
  /** Within `take`: the next byte. */
  at = 0;
  length = 0;
  /** What has come of a message in pieces. */
  partial: Uint8Array = NONE;
  filled = 0;
  #state: State = lengthHigh;

  constructor(owner: FrameOwner) {
    this.owner = owner;
  }

  /** What is kept of a message that is not whole yet, in bytes. */
  get heldBytes(): number {
    return this.partial.length;
  }

  /** Hands out every message that ends within these bytes. */
  take(data: Uint8Array, start: number, end: number): void {
    this.at = start;
    while (this.at < end) {
      const next = this.#state(this, data, end);
      if (this.#state === stopped) return;
      this.#state = next;
    }
  }

  /** Hands out nothing any more, and keeps nothing. */
  stop(): void {
    this.#state = stopped;
    this.partial = NONE;
  }
}

const lengthHigh: State = (reader, data) => {
  reader.length = (data[reader.at] as number) << 8;
  reader.at += 1;
  return lengthLow;
};

const lengthLow: State = (reader, data) => {
  reader.length |= data[reader.at] as number;
  reader.at += 1;
  reader.filled = 0;
  if (reader.length > 0) return body;
  reader.owner.frame(data, reader.at, reader.at);
  return lengthHigh;
};

const body: State = (reader, data, end) => {
  const start = reader.at;
  const bytes = Math.min(end - start, reader.length - reader.filled);
  reader.at += bytes;
  if (bytes === reader.length) {
    reader.owner.frame(data, start, reader.at);
    return lengthHigh;
  }
  hold(reader, data, start, bytes);
  if (reader.filled < reader.length) return body;
  const whole = reader.partial;
  if (whole.length > FRAME_BYTES_KEPT) reader.partial = NONE;
  reader.owner.frame(whole, 0, reader.length);
  return lengthHigh;
};

const stopped: State = (reader, _data, end) => {
  reader.at = end;
  return stopped;
};

/** Doubles, so that a message that comes byte by byte is copied twice at most on average. */
function hold(reader: FrameReader, data: Uint8Array, start: number, bytes: number): void {
  const filled = reader.filled + bytes;
  if (filled > reader.partial.length) {
    const room = Math.max(filled, 2 * reader.partial.length, FRAME_BYTES_KEPT);
    const larger = new Uint8Array(Math.min(room, FRAME_BYTES_MAX));
    larger.set(reader.partial.subarray(0, reader.filled));
    reader.partial = larger;
  }
  reader.partial.set(data.subarray(start, start + bytes), reader.filled);
  reader.filled = filled;
}
