import { CHUNK_BYTES } from '../../core/buffer-pool.ts';
import type { Files } from './environment.ts';
import type { BodyPart, BodySender } from './file-sender.ts';
import type { ResponseWriter } from './response-writer.ts';

/** Chunks that are read within one turn of the loop, whoever takes them. */
const PIECES_PER_TURN = 32;

/** Reads parts of an open file for filters to look at, at the pace of who takes them. */
export class FileReader implements BodySender {
  readonly #request: ResponseWriter;
  readonly #files: Files;
  readonly #descriptor: number;
  readonly #parts: readonly BodyPart[];
  #next = 0;
  #position = 0;
  #left = 0;
  #stopped = false;
  #reading = false;

  /** The descriptor is closed at the end, by the `files` that have opened it. */
  constructor(
    request: ResponseWriter,
    files: Files,
    descriptor: number,
    parts: readonly BodyPart[],
  ) {
    this.#request = request;
    this.#files = files;
    this.#descriptor = descriptor;
    this.#parts = parts;
  }

  /** Goes on unless the body is to wait. */
  drained(): void {
    if (this.#reading) return;
    this.#reading = true;
    let pieces = 0;
    while (!this.#stopped && !this.#request.isBodyHeld && pieces < PIECES_PER_TURN) {
      this.#step();
      pieces += 1;
    }
    this.#reading = false;
    if (pieces === PIECES_PER_TURN) this.#request.site.port.loop.post(() => this.drained());
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#files.close(this.#descriptor);
  }

  #step(): void {
    if (this.#left > 0) {
      this.#read();
      return;
    }
    const part = this.#parts[this.#next];
    this.#next += 1;
    if (part === undefined) {
      this.stop();
      this.#request.end();
    } else if (typeof part === 'string') this.#request.writeText(part);
    else {
      this.#position = part.position;
      this.#left = part.length;
    }
  }

  #read(): void {
    const bytes = Math.min(this.#left, CHUNK_BYTES);
    if (!this.#request.writeFromFile(this.#descriptor, this.#position, bytes)) {
      this.stop();
      this.#request.log('alert', 'a file was cut while it was sent');
      this.#request.cut();
      return;
    }
    this.#position += bytes;
    this.#left -= bytes;
  }
}
