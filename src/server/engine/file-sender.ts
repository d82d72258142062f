import { NO_SOCKET, type TransmitOperation } from '../../core/operation.ts';
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

/**
 * Sends parts of an open file behind what is queued; the kernel moves the bytes. Used again for
 * the next file, once it is free.
 */
export class FileSender implements BodySender {
  readonly #request: ResponseWriter;
  readonly #transmit: TransmitOperation;
  #files: Files;
  #parts: readonly BodyPart[] = [];
  #next = 0;
  #position = 0;
  #left = 0;
  #stopped = true;

  constructor(request: ResponseWriter) {
    this.#request = request;
    this.#files = request.site.environment.files;
    this.#transmit = transmitOperation(NO_SOCKET, () => this.#sent());
  }

  /** Has it nothing to do, and nothing on its way? */
  get isFree(): boolean {
    return this.#stopped && this.#transmit.status !== 'pending';
  }

  /** The descriptor is closed at the end, by the `files` that have opened it. */
  begin(files: Files, descriptor: number, parts: readonly BodyPart[]): void {
    const { outbox } = this.#request.client as ServerConnection;
    this.#files = files;
    this.#parts = parts;
    this.#next = 0;
    this.#left = 0;
    this.#stopped = false;
    this.#transmit.socket = outbox.socket;
    this.#transmit.file = descriptor;
    if (outbox.queuedBytes === 0) this.drained();
    else outbox.more = typeof parts[0] === 'object';
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
    } else if (typeof part === 'string') {
      this.#request.writeText(part);
      const { client } = this.#request;
      if (client !== undefined) client.outbox.more = typeof this.#parts[this.#next] === 'object';
    } else {
      // The file comes now: nothing that is queued later is to wait for it.
      (this.#request.client as ServerConnection).outbox.more = false;
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
    this.#files.close(this.#transmit.file);
  }
}
