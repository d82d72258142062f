import { Buffer } from 'node:buffer';
import type { EventLoop } from '../../core/event-loop.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { reasonOf } from '../../http/status.ts';
import { BodyPipe, type BodyPipeOwner } from './body-pipe.ts';
import type { CompiledPhases } from './compile.ts';
import type { Reply } from './messages.ts';
import type { PhaseOwner, PhaseRunner } from './phase-runner.ts';
import {
  dropStream,
  type ReplyBody,
  type ReplyOwner,
  StreamedBody,
  WholeBody,
} from './reply-body.ts';
import { bodyChanges, isBodiless, ReplyHead } from './response-heads.ts';
import type { SessionFace } from './session-face.ts';

/** Up to this many bytes, text joins its head: one string, one write. */
const TEXT_BYTES_MAX = 16 * 1024;
const ASCII = /^[\0-\x7f]*$/;

/** Whose replies are sent. */
export interface Replier {
  readonly face: SessionFace;
  readonly replyTo: ServerConnection;
  /** May the connection be used again, as far as the request goes? */
  readonly replyMayReuse: boolean;
  readonly replyFilters: Pick<CompiledPhases, 'responseFilter' | 'responseBodyFilter'>;
  replyHead(text: string, status: number): void;
  replySent(bytes: number): void;
  replyDone(reuse: boolean): void;
  replyCut(error: unknown): void;
  handlerFailed(error: unknown): void;
}

/** Answers with what a handler made: through the response filters, at the pace of the client. */
export class ReplySender implements ReplyOwner, BodyPipeOwner {
  readonly #owner: Replier;
  readonly #runner: PhaseRunner<PhaseOwner>;
  readonly #loop: EventLoop;
  readonly #headFiltered = (): void => this.#sendHead();
  #head: ReplyHead | undefined;
  #source: Reply['body'];
  #body: ReplyBody | undefined;
  #pipe: BodyPipe | undefined;
  #chunked = false;
  #reuse = false;

  constructor(owner: Replier, runner: PhaseRunner<PhaseOwner>, loop: EventLoop) {
    this.#owner = owner;
    this.#runner = runner;
    this.#loop = loop;
  }

  /** Is a body on its way? */
  get active(): boolean {
    return this.#body !== undefined;
  }

  send(reply: Reply): void {
    this.stop(); // It may stand in for a reply that has failed.
    try {
      this.#head = new ReplyHead(reply);
      checkBody(reply.body);
    } catch (error) {
      if (isStream(reply?.body)) drop(reply.body);
      this.#owner.handlerFailed(error);
      return;
    }
    this.#source = reply.body;
    const { headers } = this.#head;
    if (typeof reply.body === 'string' && !headers.has('content-type')) {
      headers.set('Content-Type', 'text/plain; charset=utf-8');
    }
    this.#runner.all(this.#owner.replyFilters.responseFilter, this.#head, this.#headFiltered);
  }

  /** The client takes more. */
  goOn(): void {
    this.#pipe?.goOn();
    if (this.#pipe?.waits !== true) this.#body?.goOn();
  }

  /** The exchange is over, or answered by something else: nothing more of this reply. */
  stop(): void {
    const isDropped = this.#body === undefined && isStream(this.#source);
    if (isDropped) drop(this.#source as AsyncIterable<unknown>);
    this.#body?.stop();
    this.#pipe?.stop();
    this.#body = undefined;
    this.#pipe = undefined;
    this.#head = undefined;
    this.#source = undefined;
  }

  replyBytes(bytes: Uint8Array): boolean {
    if (this.#pipe === undefined) return this.#write(bytes);
    this.#pipe.push(bytes);
    return this.#pipe?.waits === false; // A filter may have ended the exchange.
  }

  replyEnd(): void {
    if (this.#body === undefined) return;
    if (this.#pipe === undefined) this.filteredAll();
    else this.#pipe.push(undefined);
  }

  replyFailed(error: unknown): void {
    if (this.#body !== undefined) this.#owner.handlerFailed(error);
  }

  filtered(bytes: Uint8Array): boolean {
    return this.#write(bytes);
  }

  filteredAll(): void {
    const reuse = this.#reuse;
    if (this.#chunked) this.#owner.replyTo.send(LAST_CHUNK);
    this.#end();
    this.#owner.replyDone(reuse);
  }

  filterWaits(waits: boolean): void {
    if (!waits) this.#body?.goOn();
  }

  filterFailed(error: unknown): void {
    this.#owner.handlerFailed(error);
  }

  #sendHead(): void {
    const { status, reason, headers } = this.#head as ReplyHead;
    const { head } = this.#owner.replyTo;
    const source = this.#source;
    const bodiless = head.method === 'HEAD' || isBodiless(status);
    const { responseBodyFilter } = this.#owner.replyFilters;
    const filters = source === undefined ? undefined : responseBodyFilter;
    if (filters !== undefined) bodyChanges(headers);
    const whole = isStream(source) || filters !== undefined ? undefined : source;
    const unknownLength = source !== undefined && whole === undefined;
    const old = head.minorVersion === 0;
    this.#chunked = unknownLength && !old && !bodiless;
    this.#reuse = this.#owner.replyMayReuse && !(unknownLength && old);
    const length = whole === undefined ? 0 : Buffer.byteLength(whole);
    let text = `HTTP/1.1 ${status} ${reason ?? reasonOf(status)}\r\n${headers.lines()}`;
    if (this.#chunked) text += 'Transfer-Encoding: chunked\r\n';
    else if (!unknownLength && !isBodiless(status)) text += `Content-Length: ${length}\r\n`;
    text += this.#reuse ? '\r\n' : 'Connection: close\r\n\r\n';
    this.#owner.replyHead(text, status);
    if (bodiless || source === undefined) this.#finish();
    else if (typeof whole === 'string' && isShortAscii(whole)) {
      this.#owner.replyTo.send(whole);
      this.#owner.replySent(whole.length);
      this.#finish();
    } else this.#begin(source, filters);
  }

  #begin(source: NonNullable<Reply['body']>, filters: CompiledPhases['responseBodyFilter']): void {
    const loop = this.#loop;
    if (filters !== undefined) this.#pipe = new BodyPipe(filters, this.#owner.face, this, loop);
    try {
      if (typeof source === 'string') this.#body = new WholeBody(Buffer.from(source), this);
      else if (source instanceof Uint8Array) this.#body = new WholeBody(source, this);
      else this.#body = new StreamedBody(source, this, loop);
    } catch (error) {
      this.#owner.handlerFailed(error);
      return;
    }
    this.#body.goOn();
  }

  /** `false`: the client is slow, or gone. */
  #write(bytes: Uint8Array): boolean {
    const { outbox } = this.#owner.replyTo;
    const send = this.#chunked ? sendChunk : sendBytes;
    if (!send(outbox, bytes, 0, bytes.length, true)) {
      this.#owner.replyCut(new Error('the client takes too little'));
      return false;
    }
    this.#owner.replySent(bytes.length);
    return outbox.level === 'open';
  }

  #finish(): void {
    const reuse = this.#reuse;
    this.stop();
    this.#owner.replyDone(reuse);
  }

  /** The body has come to its end by itself. */
  #end(): void {
    this.#source = undefined;
    this.stop();
  }
}

function checkBody(body: unknown): void {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return;
  if (isStream(body)) return;
  throw new TypeError('the body of a reply is a string, a Uint8Array or a stream');
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false;
  return typeof (body as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/** Nobody will read it. */
function drop(source: AsyncIterable<unknown>): void {
  try {
    dropStream(source[Symbol.asyncIterator]());
  } catch {
    // It has not even begun.
  }
}

function isShortAscii(text: string): boolean {
  return text.length <= TEXT_BYTES_MAX && ASCII.test(text);
}
