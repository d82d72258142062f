import { Buffer } from 'node:buffer';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { reasonOf } from '../../http/status.ts';
import { BodyPipe, type BodyPipeOwner } from './body-pipe.ts';
import type { CompiledPhases } from './compile.ts';
import type { Reply } from './messages.ts';
import type { PhaseOwner, PhaseRunner } from './phase-runner.ts';
import { type ReplyBody, type ReplyOwner, StreamedBody, WholeBody } from './reply-body.ts';
import { ReplyHead } from './response-heads.ts';

/** Up to this many bytes, text joins its head: one string, one write. */
const TEXT_BYTES_MAX = 16 * 1024;
const ASCII = /^[\0-\x7f]*$/;

/** Whose replies are sent. */
export interface Replier extends PhaseOwner {
  readonly replyTo: ServerConnection;
  /** May the connection be used again, as far as the request goes? */
  readonly replyMayReuse: boolean;
  readonly replyFilters: Pick<CompiledPhases, 'responseFilter' | 'responseBodyFilter'>;
  replyHead(text: string, status: number): void;
  replySent(bytes: number): void;
  replyDone(reuse: boolean): void;
  replyCut(error: unknown): void;
}

/** Answers with what a handler made: through the response filters, at the pace of the client. */
export class ReplySender<O extends Replier> implements ReplyOwner, BodyPipeOwner {
  readonly #owner: O;
  readonly #runner: PhaseRunner<O>;
  #head: ReplyHead | undefined;
  #source: Reply['body'];
  #body: ReplyBody | undefined;
  #pipe: BodyPipe | undefined;
  #chunked = false;
  #reuse = false;

  constructor(owner: O, runner: PhaseRunner<O>) {
    this.#owner = owner;
    this.#runner = runner;
  }

  /** Is a body on its way? */
  get active(): boolean {
    return this.#body !== undefined;
  }

  send(reply: Reply): void {
    try {
      this.#head = new ReplyHead(reply);
    } catch (error) {
      this.#owner.handlerFailed(error);
      return;
    }
    this.#source = reply.body;
    const { headers } = this.#head;
    if (typeof reply.body === 'string' && !headers.has('content-type')) {
      headers.set('Content-Type', 'text/plain; charset=utf-8');
    }
    const { responseFilter } = this.#owner.replyFilters;
    this.#runner.all(responseFilter, this.#head, () => this.#sendHead());
  }

  /** The client takes more. */
  goOn(): void {
    this.#body?.goOn();
  }

  stop(): void {
    this.#body?.stop();
    this.#pipe?.stop();
    this.#body = undefined;
    this.#pipe = undefined;
    this.#head = undefined;
    this.#source = undefined;
  }

  replyBytes(bytes: Uint8Array): boolean {
    if (this.#pipe === undefined) this.#write(bytes);
    else this.#pipe.push(bytes);
    return this.#body !== undefined && this.#owner.replyTo.outbox.level === 'open';
  }

  replyEnd(): void {
    if (this.#body === undefined) return;
    if (this.#pipe === undefined) this.filteredAll();
    else this.#pipe.push(undefined);
  }

  replyFailed(error: unknown): void {
    if (this.#body !== undefined) this.#owner.replyCut(error);
  }

  filtered(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  filteredAll(): void {
    const reuse = this.#reuse;
    if (this.#chunked) this.#owner.replyTo.send(LAST_CHUNK);
    this.stop();
    this.#owner.replyDone(reuse);
  }

  filterWaits(): void {
    // The line of a pipe is bounded, and a reply's pieces come one by one.
  }

  filterFailed(error: unknown): void {
    this.#owner.replyCut(error);
  }

  #sendHead(): void {
    const { status, reason, headers } = this.#head as ReplyHead;
    const { head } = this.#owner.replyTo;
    const source = this.#source;
    const bodiless = head.method === 'HEAD' || status === 204 || status === 304;
    const { responseBodyFilter } = this.#owner.replyFilters;
    const filtered = responseBodyFilter !== undefined && !bodiless && source !== undefined;
    const whole =
      typeof source === 'object' && !(source instanceof Uint8Array) ? undefined : source;
    const streamed = (source !== undefined && whole === undefined) || filtered;
    const old = head.minorVersion === 0;
    this.#chunked = streamed && !old && !bodiless;
    this.#reuse = this.#owner.replyMayReuse && !(streamed && old);
    let text = `HTTP/1.1 ${status} ${reason ?? reasonOf(status)}\r\n${headers.lines()}`;
    const length = whole === undefined ? 0 : Buffer.byteLength(whole);
    if (this.#chunked) text += 'Transfer-Encoding: chunked\r\n';
    else if (!streamed && status !== 204) text += `Content-Length: ${length}\r\n`;
    text += this.#reuse ? '\r\n' : 'Connection: close\r\n\r\n';
    if (bodiless || source === undefined || (length === 0 && !streamed)) {
      this.#owner.replyHead(text, status);
      if (source !== undefined && whole === undefined) this.#drop(source as AsyncIterable<unknown>);
      this.#finish();
    } else if (typeof whole === 'string' && !filtered && isShortAscii(whole)) {
      this.#owner.replyHead(text, status);
      this.#owner.replyTo.send(whole);
      this.#owner.replySent(whole.length);
      this.#finish();
    } else {
      this.#owner.replyHead(text, status);
      this.#begin(source, filtered ? responseBodyFilter : undefined);
    }
  }

  #begin(source: NonNullable<Reply['body']>, filters: CompiledPhases['responseBodyFilter']): void {
    if (filters !== undefined) this.#pipe = new BodyPipe(filters, this.#owner.face, this);
    if (typeof source === 'string') this.#body = new WholeBody(Buffer.from(source), this);
    else if (source instanceof Uint8Array) this.#body = new WholeBody(source, this);
    else this.#body = new StreamedBody(source, this);
    this.#body.goOn();
  }

  #write(bytes: Uint8Array): void {
    const { outbox } = this.#owner.replyTo;
    const send = this.#chunked ? sendChunk : sendBytes;
    if (send(outbox, bytes, 0, bytes.length, true)) this.#owner.replySent(bytes.length);
    else this.#owner.replyCut(new Error('the client takes too little'));
  }

  /** Nobody will read it. */
  #drop(source: AsyncIterable<unknown>): void {
    source[Symbol.asyncIterator]().return?.().then(nothing, nothing);
  }

  #finish(): void {
    const reuse = this.#reuse;
    this.stop();
    this.#owner.replyDone(reuse);
  }
}

function isShortAscii(text: string): boolean {
  return text.length <= TEXT_BYTES_MAX && ASCII.test(text);
}

function nothing(): void {}
