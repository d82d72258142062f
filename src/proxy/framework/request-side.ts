import type { EventLoop } from '../../core/event-loop.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import { framingLine } from '../../http/edited-head.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { LAST_CHUNK, sendChunk } from '../../http/send-body.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { BodyPipe, type BodyPipeOwner, copyOf } from './body-pipe.ts';
import type { Handlers } from './compile.ts';
import { KeptBody } from './kept-body.ts';
import type { SessionFace } from './session-face.ts';

/** A body that was kept goes up in pieces of this size, as fast as the server takes them. */
const KEPT_PIECE_BYTES = 64 * 1024;

/** Whose request is on its way up. */
export interface RequestSideOwner {
  readonly face: SessionFace;
  readonly client: ServerConnection | undefined;
  readonly upstream: ClientConnection | undefined;
  readonly responseStarted: boolean;
  bodySent: boolean;
  requestEnded: boolean;
  fail(type: 'WriteTimeout', cause: unknown): void;
  handlerFailed(error: unknown): void;
}

/**
 * The body of a request on its way up, where it is more than forwarded: kept as a whole, so that
 * it can be looked at and sent again, or led through filters. Used again for the next exchange.
 */
export class RequestSide implements BodyPipeOwner {
  readonly #owner: RequestSideOwner;
  readonly #loop: EventLoop;
  #kept: KeptBody | undefined;
  /** How much of a body that was kept the current attempt has. */
  #keptSent = 0;
  #pipe: BodyPipe | undefined;
  /** The current attempt's head has gone up. */
  headSent = false;

  constructor(owner: RequestSideOwner, loop: EventLoop) {
    this.#owner = owner;
    this.#loop = loop;
  }

  /** The body, where it is kept and complete: it can be sent again. */
  get whole(): Uint8Array | undefined {
    return this.#kept?.body;
  }

  /** Is what the client sends forwarded as it comes? */
  get isPlain(): boolean {
    return this.whole === undefined && this.#pipe === undefined;
  }

  /** Must more of the body come before anything goes on? */
  get isGathering(): boolean {
    return this.#kept !== undefined && this.#kept.body === undefined;
  }

  /** Keeps the body from now on. */
  keep(limitBytes: number): Promise<Uint8Array> {
    if (this.#kept !== undefined) return this.#kept.atMost(limitBytes);
    const { bodySent, responseStarted, requestEnded, client } = this.#owner;
    if (this.headSent || bodySent || responseStarted) {
      return Promise.reject(new Error('the body is on its way already'));
    }
    const kept = new KeptBody(limitBytes);
    this.#kept = kept;
    if (requestEnded) kept.end();
    else client?.resumeRequest();
    return kept.whole;
  }

  /** A handler that waits until a body that is kept is as it is to be sent; none where it is. */
  readying(filters: Handlers): Handlers {
    const kept = this.#kept;
    if (kept === undefined || kept.isReady) return undefined;
    return [(face: SessionFace): Promise<void> => kept.ready(filters, face, this.#loop)];
  }

  /** Takes a lent view of the body. `false`: it is to be forwarded as it is. */
  take(data: Uint8Array, from: number, to: number): boolean {
    const owner = this.#owner;
    if (this.#kept !== undefined) {
      if (!this.#kept.add(data, from, to)) owner.client?.pauseRequest();
      return true;
    }
    if (this.#pipe === undefined) return false;
    owner.bodySent = true; // A filter that holds it back does not give it again, either.
    this.#pipe.push(copyOf(data, from, to));
    return true;
  }

  /** Takes the body's end. `false`: it is to be forwarded. */
  takeEnd(): boolean {
    const owner = this.#owner;
    if (this.#kept !== undefined) {
      owner.requestEnded = true;
      this.#kept.end();
      return true;
    }
    if (this.#pipe === undefined) return false;
    owner.bodySent = true;
    this.#pipe.push(undefined);
    return true;
  }

  /** A body whose end will not come. */
  broken(error: unknown): void {
    this.#kept?.fail(error);
  }

  /** The head is about to go up: the lines that say how the body behind it is framed. */
  framing({ framing, contentLength }: MessageHead, filters: Handlers): string {
    const { whole } = this;
    if (framing === 'none') return '';
    if (whole !== undefined) return framingLine(whole.length);
    if (filters !== undefined) {
      this.#pipe = new BodyPipe(filters, this.#owner.face, this, this.#loop);
      return framingLine('chunked');
    }
    if (framing === 'length') return framingLine(contentLength);
    return framing === 'chunked' ? framingLine('chunked') : '';
  }

  /** The head has gone up: a body that was kept follows. */
  follow(): void {
    if (this.whole === undefined) return;
    this.#keptSent = 0;
    this.#sendKept();
  }

  /** The server takes more. */
  goOn(): void {
    if (this.whole !== undefined) this.#sendKept();
    else this.#pipe?.goOn();
  }

  /** The attempt is over; what was kept is there for the next one. */
  attemptFailed(): void {
    this.#pipe?.stop();
    this.#pipe = undefined;
    this.headSent = false;
  }

  /** The exchange is over. */
  end(): void {
    this.attemptFailed();
    this.#kept?.fail(new Error('the exchange is over'));
    this.#kept = undefined;
    this.#keptSent = 0;
  }

  /** Sends of a body that was kept as much as the server takes. */
  #sendKept(): void {
    const body = this.whole as Uint8Array;
    const { upstream, face } = this.#owner;
    if (upstream === undefined) return;
    while (this.#keptSent < body.length && upstream.outbox.level === 'open') {
      const end = Math.min(this.#keptSent + KEPT_PIECE_BYTES, body.length);
      if (!upstream.outbox.append(body.subarray(this.#keptSent, end))) return;
      face.toUpstream += end - this.#keptSent;
      this.#keptSent = end;
    }
  }

  filtered(bytes: Uint8Array): boolean {
    const owner = this.#owner;
    const outbox = owner.upstream?.outbox;
    if (outbox === undefined || outbox.broken) return false;
    owner.face.toUpstream += bytes.length;
    if (sendChunk(outbox, bytes, 0, bytes.length, true)) return outbox.level === 'open';
    owner.fail('WriteTimeout', undefined);
    return false;
  }

  filteredAll(): void {
    const { upstream } = this.#owner;
    this.#owner.requestEnded = true;
    if (upstream === undefined) return;
    upstream.requestOpen = false;
    upstream.outbox.appendText(LAST_CHUNK);
  }

  filterWaits(waits: boolean): void {
    if (waits) this.#owner.client?.pauseRequest();
    else this.#owner.client?.resumeRequest();
  }

  filterFailed(error: unknown): void {
    this.#owner.handlerFailed(error);
  }
}
