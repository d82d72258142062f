import type { TransmitOperation } from '../../core/operation.ts';
import { transmitOperation } from '../../core/operations.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Files } from './environment.ts';
import type { ResponseWriter } from './response-writer.ts';

/** Bytes that go out in one operation: a slow client has the send timeout for each of these. */
const PIECE_BYTES = 256 * 1024;

/** A part of a body: text, or bytes of the file. */
export type BodyPart = string | { readonly position: number; readonly length: number };

/** What of a body is still on its way, at the pace of the client. */
export interface BodySender {
  /** Everything that was queued is with the kernel. */
  drained(): void;
  /** The exchange is over, or nobody listens any more. */
  stop(): void;
}

/** Sends parts of an open file behind what is queued; the kernel moves the bytes. */
export class FileSender implements BodySender {
  readonly #request: ResponseWriter;
  readonly #files: Files;
  readonly #descriptor: number;
  readonly #parts: readonly BodyPart[];
  readonly #transmit: TransmitOperation;
  #next = 0;
  #position = 0;
  #left = 0;
  #stopped = false;

  /** The descriptor is closed at the end, by the `files` that have opened it. */
  constructor(
    request: ResponseWriter,
    files: Files,
    descriptor: number,
    parts: readonly BodyPart[],
  ) {
    const { socket } = (request.client as ServerConnection).outbox;
    this.#request = request;
    this.#files = files;
    this.#descriptor = descriptor;
    this.#parts = parts;
    this.#transmit = transmitOperation(socket, () => this.#sent());
    this.#transmit.file = descriptor;
  }

  drained(): void {
    if (this.#stopped || this.#transmit.status === 'pending') return;
    if (this.#left > 0) this.#submit();
    else this.#nextPart();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#transmit.status === 'pending') this.#request.site.port.cancel(this.#transmit);
    else this.#close();
  }

  #nextPart(): void {
    const part = this.#parts[this.#next];
    this.#next += 1;
    if (part === undefined) {
      const request = this.#request;
      this.#stopped = true;
      this.#close();
      request.end();
    } else if (typeof part === 'string') this.#request.writeText(part);
    else {
      this.#position = part.position;
      this.#left = part.length;
      this.#submit();
    }
  }

  #submit(): void {
    const transmit = this.#transmit;
    const { site, location } = this.#request;
    transmit.position = this.#position;
    transmit.length = Math.min(this.#left, PIECE_BYTES);
    transmit.deadlineMs = site.port.loop.nowMs() + location.conf.sendTimeout;
    site.port.submit(transmit);
  }

  #sent(): void {
    const { status, bytes } = this.#transmit;
    if (this.#stopped) {
      this.#close();
      return;
    }
    this.#request.bodyBytes += bytes;
    if (status !== 'done') {
      this.#stopped = true;
      this.#close();
      this.#request.cut();
      return;
    }
    this.#position += bytes;
    this.#left -= bytes;
    if (this.#left > 0) this.#submit();
    else this.#nextPart();
  }

  #close(): void {
    this.#files.close(this.#descriptor);
  }
}
