import { NO_SOCKET, type SocketId } from '../../core/operation.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import { BodyChain } from './body-chain.ts';
import type { BodyFilter, BodyNext } from './body-filter.ts';
import type { Files } from './environment.ts';
import { FileReader } from './file-reader.ts';
import { type BodyPart, type BodySender, FileSender } from './file-sender.ts';
import { persists } from './persistence.ts';
import { RequestRouting } from './request-routing.ts';
import { headText } from './response-head.ts';
import { TAKEN, type Verdict } from './verdict.ts';

/** Bytes of both line ends of a chunk. */
const CHUNK_LINE_ENDS = 4;

/**
 * How an answer goes out: its head, and its body as pieces, as a file, or as it comes from a server.
 *
 *   writeHead ─► filters of the head ─► client
 *   body ─────► chain, where there are filters ─► framing ─► client ─► completed
 */
export abstract class ResponseWriter extends RequestRouting {
  #sender: BodySender | undefined;
  /** Made with the first file, and used again. */
  #fileSender: FileSender | undefined;
  /** What the body goes through, where that is more than the connection. */
  #chain: BodyChain | undefined;
  /** A head that goes out with the first of its body. */
  #heldHead = '';

  protected override reset(): void {
    super.reset();
    this.#heldHead = '';
  }

  /** Runs the filters of the head. `false`: the answer is another one, and on its way. */
  protected abstract filterHead(): boolean;

  /** All of the body is queued. */
  abstract completed(): void;

  /** Writes the head, through the filters of the location. `false`: the answer is another one. */
  writeHead(): boolean {
    if (this.headSent) return true;
    const client = this.client as ServerConnection;
    if (client.requestHasBody && this.intake.discard(true) !== undefined) this.instead = 400;
    const { out } = this;
    if (this.errorStatus !== 0) {
      out.status = this.errorStatus;
      out.statusText = '';
    }
    if (!this.filterHead()) return false;
    if (this.#chain !== undefined || this.isSubrequest) this.#finishChain();
    // Heads of subrequests are not sent.
    if (this.isSubrequest) return this.#headDone();
    this.#chooseFraming(client);
    // An answer of HTTP/0.9 is its body.
    if (client.head.simple) {
      this.closesAfter = true;
      return this.#headDone();
    }
    this.#headDone();
    const text = headText(this);
    this.headBytes = text.length;
    if (this.#chain === undefined) client.send(text);
    else this.#heldHead = text;
    return true;
  }

  /** How the client finds the end of the body (RFC 9112 §6.3). */
  #chooseFraming(client: ServerConnection): void {
    const { out } = this;
    const bodiless = this.headerOnly;
    const old = client.head.minorVersion === 0;
    const { chunkedTransferEncoding } = this.location.conf;
    const mayHaveTrailers = this.makesTrailers !== undefined && !old && chunkedTransferEncoding;
    if (mayHaveTrailers && !bodiless) out.contentLength = -1;
    const unknown = out.contentLength < 0 && !bodiless;
    this.reframes = unknown && !old && chunkedTransferEncoding;
    this.closesAfter = !persists(this) || (unknown && !this.reframes);
  }

  #headDone(): true {
    this.headSent = true;
    this.responseStarted = true;
    this.status = this.out.status;
    return true;
  }

  /** For the end of the chain: before anything of the body, or where there is none. */
  sendHeldHead(): void {
    if (this.#heldHead === '') return;
    this.client?.send(this.#heldHead);
    this.#heldHead = '';
  }

  /** Is the head all that the client gets? */
  get headerOnly(): boolean {
    const { status } = this.out;
    return this.method === 'HEAD' || status === 204 || status === 304 || this.isHeaderOnly;
  }

  /** A whole answer with a text. */
  reply(status: number, contentType: string, text: string): Verdict {
    const { out } = this;
    out.status = status;
    out.contentType = contentType;
    out.contentLength = text.length;
    if (!this.writeHead()) return TAKEN;
    this.writeText(text);
    this.end();
    return TAKEN;
  }

  /** A piece of the body goes out: how many bytes stand around it? */
  countFraming(bytes: number): void {
    if (this.reframes) this.framingBytes += bytes.toString(16).length + CHUNK_LINE_ENDS;
  }

  /** A piece of the body, latin1. */
  writeText(text: string): void {
    if (text === '' || this.headerOnly) return;
    if (this.#chain !== undefined) {
      this.#chain.write(text);
      return;
    }
    const client = this.client as ServerConnection;
    this.bodyBytes += text.length;
    this.countFraming(text.length);
    if (this.reframes) client.send(`${text.length.toString(16)}\r\n${text}\r\n`);
    else client.send(text);
  }

  /** A piece of the body; the bytes are the connection's from now on. `false`: it takes no more. */
  writeBytes(bytes: Uint8Array): boolean {
    if (bytes.length === 0 || this.headerOnly) return true;
    if (this.#chain !== undefined) {
      this.#chain.write(bytes);
      return true;
    }
    const { outbox } = this.client as ServerConnection;
    this.bodyBytes += bytes.length;
    this.countFraming(bytes.length);
    const send = this.reframes ? sendChunk : sendBytes;
    return send(outbox, bytes, 0, bytes.length, true);
  }

  /**
   * Reads a part of an open file and writes it: into chunks, which go back to their pool when they
   * are sent. `false`: the file has less than that, or cannot be read.
   */
  writeFromFile(descriptor: number, position: number, length: number): boolean {
    const { environment, targetParts } = this.site;
    const { buffers } = targetParts;
    const end = position + length;
    for (let at = position; at < end; ) {
      const chunk = buffers.take();
      const bytes = Math.min(chunk.length, end - at);
      const read = environment.files.read(descriptor, chunk, at, bytes);
      if (typeof read === 'object' || read === 0) {
        buffers.give(chunk);
        return false;
      }
      this.#writeChunk(chunk, read);
      if (this.client === undefined) break; // Somebody has cut the answer.
      at += read;
    }
    return true;
  }

  #writeChunk(chunk: Uint8Array, bytes: number): void {
    const { buffers } = this.site.targetParts;
    if (this.#chain !== undefined) {
      this.#chain.write(chunk.subarray(0, bytes));
      buffers.give(chunk);
      return;
    }
    const client = this.client as ServerConnection;
    this.bodyBytes += bytes;
    this.countFraming(bytes);
    if (this.reframes) client.send(`${bytes.toString(16)}\r\n`);
    if (!client.outbox.appendChunk(buffers, chunk, 0, bytes)) this.cut();
    else if (this.reframes) client.send('\r\n');
  }

  /** Sends parts of an open file, which is closed at the end; then the answer is complete. */
  sendFile(files: Files, descriptor: number, parts: readonly BodyPart[]): void {
    if (this.#chain !== undefined) {
      this.#sender = new FileReader(this, files, descriptor, parts);
      this.#sender.drained();
      return;
    }
    if (this.#fileSender?.isFree !== true) this.#fileSender = new FileSender(this);
    this.#sender = this.#fileSender;
    this.#fileSender.begin(files, descriptor, parts);
  }

  override responseDrained(): void {
    if (this.#sender === undefined) super.responseDrained();
    else this.#sender.drained();
  }

  /** The answer is complete. */
  end(): void {
    this.endResponse();
  }

  override endResponse(): void {
    if (this.client === undefined) return; // It was cut while its last piece was on its way.
    if (this.#chain === undefined) this.completed();
    else this.#chain.end();
  }

  /** The end of a chunked body, with the fields behind it. */
  protected sendLastChunk(): void {
    const last = this.trailers.length === 0 ? LAST_CHUNK : this.#lastChunk();
    this.framingBytes += last.length;
    this.client?.send(last);
  }

  #lastChunk(): string {
    const lines = this.trailers.map(({ name, value }) => `${name}: ${value}\r\n`);
    return `0\r\n${lines.join('')}\r\n`;
  }

  // Bodies that are looked at, or go elsewhere than to the client.

  /**
   * For filters of the head: the body goes through this one, behind those that were added before.
   * Whoever changes its length says so (`Response.bodyChanges`).
   */
  filterBody(make: (next: BodyNext) => BodyFilter): void {
    if (this.headerOnly) return;
    this.#chain ??= new BodyChain(this);
    this.#chain.add(make);
  }

  #finishChain(): void {
    this.#chain ??= new BodyChain(this);
    const tail = this.subrequests?.options?.tail;
    this.#chain.finish(tail);
  }

  override responseLevel(level: 'open' | 'high'): void {
    if (this.#chain === undefined) super.responseLevel(level);
    else this.#chain.level(level);
  }

  override responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    if (this.#chain === undefined) {
      this.countFraming(to - from);
      super.responseBody(data, from, to, owned);
    } else if (!this.headerOnly) this.#chain.write(data.subarray(from, to));
  }

  override moveTo(): SocketId {
    return this.#chain === undefined ? super.moveTo() : NO_SOCKET;
  }

  /** Is the body to wait? */
  get isBodyHeld(): boolean {
    return this.#chain?.isHeld === true;
  }

  /** For filters: no more of the body until `releaseFor`; `why` is one of `HOLD`. */
  holdFor(why: number): void {
    this.#chain?.hold(why);
  }

  releaseFor(why: number): void {
    this.#chain?.release(why);
  }

  /** For the chain: whoever makes the body stops, until `releaseBody`. */
  holdBody(): void {
    this.upstream?.pauseResponse();
  }

  releaseBody(): void {
    this.upstream?.resumeResponse();
    this.#sender?.drained();
  }

  /** No file goes on being sent. */
  protected stopSending(): void {
    this.#sender?.stop();
    this.#sender = undefined;
  }

  /** What filters still keep is not wanted. */
  protected stopFilters(): void {
    this.#chain?.stop();
    this.#chain = undefined;
  }
}
