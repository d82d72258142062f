import { type BodySink, ChunkedDecoder } from './chunked.ts';
import type { Framing } from './message-head.ts';

/** Finds the end of one body after another (RFC 9112 §6.3). */
export class BodyReader {
  readonly #sink: BodySink;
  #framing: Framing = 'none';
  #left = 0;
  #chunked: ChunkedDecoder | undefined;
  done = true;

  constructor(sink: BodySink) {
    this.#sink = sink;
  }

  start(framing: Framing, contentLength: number): void {
    this.#framing = framing;
    this.#left = contentLength;
    this.done = framing === 'none' || (framing === 'length' && contentLength === 0);
    if (framing !== 'chunked') return;
    this.#chunked ??= new ChunkedDecoder(this.#sink);
    this.#chunked.reset();
  }

  /** Behind `start`: trailer fields are wanted. Chunked bodies alone have them. */
  keepTrailers(): void {
    if (this.#framing === 'chunked') (this.#chunked as ChunkedDecoder).keepsTrailers = true;
  }

  /** Of a body that has ended: trailer fields as lines, each with its CRLF. */
  get trailers(): string {
    return this.#framing === 'chunked' ? (this.#chunked as ChunkedDecoder).trailers : '';
  }

  /** Do the body's bytes come as they are, one run in each receive? */
  get isPlain(): boolean {
    return this.#framing !== 'chunked';
  }

  /** Bytes that are still to come as they are: any number until the connection's end, none of chunks. */
  get left(): number {
    if (this.#framing === 'close') return Number.POSITIVE_INFINITY;
    return this.#framing === 'length' ? this.#left : 0;
  }

  /** So many bytes have gone another way. */
  skip(bytes: number): void {
    if (this.#framing !== 'length') return;
    this.#left -= bytes;
    this.done = this.#left === 0;
  }

  /** Takes bytes of the body; returns where it stopped. Throws `HttpError`. */
  read(data: Uint8Array, at: number, end: number, owned: boolean): number {
    switch (this.#framing) {
      case 'none':
        return at;
      case 'length': {
        const to = Math.min(at + this.#left, end);
        this.#left -= to - at;
        this.done = this.#left === 0;
        this.#sink.bodyBytes(data, at, to, owned);
        return to;
      }
      case 'close':
        this.#sink.bodyBytes(data, at, end, owned);
        return end;
      case 'chunked': {
        const chunked = this.#chunked as ChunkedDecoder;
        const to = chunked.write(data, at, end);
        this.done = chunked.done;
        return to;
      }
      default:
        return this.#framing satisfies never;
    }
  }

  /** The connection has ended: was that the body's end, too? */
  endsHere(): boolean {
    if (this.#framing === 'close') this.done = true;
    return this.done;
  }
}
