import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { HeaderList, HeaderValue } from './header-list.ts';
import type { Outgoing } from './outgoing.ts';

/** Who carries a request to its target. */
export interface Carrier {
  /** A piece of the body, the carrier's until `taken` is called. */
  write(chunk: Buffer, taken: () => void): void;
  /** The body is complete. */
  end(): void;
  /** Nobody wants an answer any more, because of `error` where there is one. Also after the end. */
  giveUp(error: Error | null): void;
}

/**
 * A request to a target with the face of Node's `ClientRequest`: what `proxyReq` handlers change
 * before it goes out. It has no socket before there is a response.
 */
export class OutgoingRequest extends Writable implements ClientRequest {
  method: string;
  path: string;
  readonly host: string;
  readonly protocol: string;
  readonly req: IncomingMessage;
  readonly chunked: boolean;
  aborted = false;
  headersSent = false;
  reusedSocket = false;
  socket: Socket | null = null;
  maxHeadersCount = 0;
  chunkedEncoding = false;
  shouldKeepAlive = true;
  useChunkedEncodingByDefault = true;
  sendDate = false;
  /** Set before anything is written. */
  carrier: Carrier | undefined;
  readonly #headers: HeaderList;
  #idleMs = 0;

  constructor(outgoing: Outgoing, req: IncomingMessage) {
    // Finished is not yet answered: only then it ends.
    super({ autoDestroy: false });
    this.method = outgoing.method;
    this.path = outgoing.path;
    this.host = outgoing.target.hostname;
    this.protocol = outgoing.target.secure ? 'https:' : 'http:';
    this.chunked = outgoing.chunked;
    this.req = req;
    this.#headers = outgoing.headers;
  }

  get connection(): Socket | null {
    return this.socket;
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  /** The fields as they go out, for the carrier. */
  get fields(): HeaderList {
    return this.#headers;
  }

  setHeader(name: string, value: HeaderValue): this {
    this.#changeable('set');
    this.#headers.set(name, value);
    return this;
  }

  setHeaders(headers: Headers | Map<string, HeaderValue>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    this.#changeable('append');
    this.#headers.append(name, value);
    return this;
  }

  getHeader(name: string): number | string | string[] | undefined {
    const value = this.#headers.value(name);
    return typeof value === 'object' ? [...value] : value;
  }

  getHeaders(): OutgoingHttpHeaders {
    return Object.fromEntries(this.getHeaderNames().map((name) => [name, this.getHeader(name)]));
  }

  getHeaderNames(): string[] {
    return this.#headers.keys();
  }

  getRawHeaderNames(): string[] {
    return this.#headers.names();
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name);
  }

  removeHeader(name: string): void {
    this.#changeable('remove');
    this.#headers.remove(name);
  }

  /** Trailers are not sent. */
  addTrailers(): void {}

  /** The head goes out with the body's first bytes, or its end. */
  flushHeaders(): void {}

  abort(): void {
    this.destroy();
  }

  /** Calls back when nothing has moved for `idleMs`; what then happens is the caller's choice. */
  setTimeout(idleMs: number, callback?: () => void): this {
    this.#idleMs = idleMs;
    if (callback !== undefined) this.once('timeout', callback);
    this.#watchIdle();
    return this;
  }

  /** It is always so. */
  setNoDelay(): void {}

  setSocketKeepAlive(enable?: boolean, initialDelay?: number): void {
    this.socket?.setKeepAlive(enable, initialDelay);
  }

  /** For carriers: the connection on which it goes out. */
  onSocket(socket: Socket): void {
    this.socket = socket;
    this.#watchIdle();
    this.emit('socket', socket);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.carrier?.write(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.carrier?.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.carrier?.giveUp(error);
    callback(error);
  }

  #changeable(what: string): void {
    if (!this.headersSent) return;
    const message = `Cannot ${what} headers after they are sent to the target`;
    throw Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' });
  }

  #watchIdle(): void {
    if (this.#idleMs > 0) this.socket?.setTimeout(this.#idleMs, () => this.emit('timeout'));
  }
}
