import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientExchange, ClientFailure } from '../../http/client-options.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import type { Connections, Destination, PooledConnection } from './connections.ts';
import { hungUp, nodeError } from './node-error.ts';
import { isForOneConnection } from './outgoing.ts';
import type { Carrier, OutgoingRequest } from './outgoing-request.ts';
import { type ResponseSource, UpstreamResponse } from './upstream-response.ts';

/** What one piece of a body is at most when it is queued: below the outbox's high mark. */
const PIECE_BYTES = 32 * 1024;
/** Not repeated on another connection: nginx's list. */
const NOT_IDEMPOTENT = /^(?:POST|LOCK|PATCH)$/;
/** A body is expected of these, so that an empty one is said to be empty (RFC 9110 §8.6). */
const HAS_BODY = /^(?:POST|PUT|PATCH)$/;
const DIGITS = /^\d{1,15}$/;
/** What no path may have (RFC 9112 §3.2); Node's rule. */
const BAD_IN_PATH = /[^!-\u00ff]/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Carries one request through the engine, and its response back.
 *
 *   start → ask for a connection ──fails──────────────────────────→ failed
 *             └─ there: head, with the body's first bytes or its end
 *                  └─ response head → 'response' → body → end → the connection goes back
 *                       └─ a reused connection proves dead, nothing lost: ask for a fresh one
 */
export class WebExchange implements Carrier, ClientExchange, ResponseSource {
  readonly #request: OutgoingRequest;
  readonly #connections: Connections;
  readonly #destination: Destination;
  readonly #failed: (error: Error) => void;
  #giveUpDial: (() => void) | undefined;
  #connection: PooledConnection | undefined;
  #response: UpstreamResponse | undefined;
  #framing: 'none' | 'chunked' | 'length' = 'none';
  /** Bytes of the body that are still to come, where its length was said. */
  #left = 0;
  #headSent = false;
  #bodySent = false;
  #ended = false;
  #over = false;
  /** Nobody reads the response for now. */
  #paused = false;
  #chunk: Buffer | undefined;
  #chunkAt = 0;
  #taken: (() => void) | undefined;

  /** `failed` is called once at most, before a response. */
  constructor(
    request: OutgoingRequest,
    connections: Connections,
    destination: Destination,
    failed: (error: Error) => void,
  ) {
    this.#request = request;
    this.#connections = connections;
    this.#destination = destination;
    this.#failed = failed;
    request.carrier = this;
  }

  /** Opens the way. What was written before has waited. */
  start(): void {
    if (!this.#over) this.#ask(false);
  }

  write(chunk: Buffer, taken: () => void): void {
    if (this.#over) {
      taken();
      return;
    }
    this.#chunk = chunk;
    this.#chunkAt = 0;
    this.#taken = taken;
    this.#pump();
  }

  end(): void {
    this.#ended = true;
    if (this.#connection !== undefined) this.#finishRequest();
  }

  giveUp(error: Error | null): void {
    if (this.#over) return;
    this.#request.aborted = true;
    this.#close();
    if (this.#response !== undefined) this.#response.destroy();
    else if (error === null) this.#failed(hungUp()); // Another one is the request's own event.
  }

  requestLevel(level: Level): void {
    if (level === 'open') this.#pump();
  }

  responseHead(head: MessageHead): void {
    const { socket } = this.#connection as PooledConnection;
    const response = new UpstreamResponse(head, socket, this);
    this.#response = response;
    try {
      this.#request.emit('response', response);
    } catch (error) {
      this.#close();
      throw error; // The handler's own; it surfaces as Node's `uncaughtException`.
    }
  }

  responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    const view = Buffer.from(data.buffer, data.byteOffset + from, to - from);
    const goesOn = this.#response?.push(owned ? view : Buffer.from(view));
    if (goesOn !== false) return;
    this.#paused = true;
    this.#connection?.pauseResponse();
  }

  responseEnd(): void {
    const connection = this.#connection as PooledConnection;
    this.#connection = undefined;
    this.#over = true;
    // An answer that came before the request's end leaves a connection in an unknown state.
    if (this.#ended && this.#left === 0) this.#connections.give(this.#destination, connection);
    else connection.destroy();
    this.#release();
    const response = this.#response as UpstreamResponse;
    response.complete = true;
    response.push(null);
    this.#request.destroy();
  }

  responseFailed(failure: ClientFailure): void {
    const { exchanges, responseBytes } = this.#connection as PooledConnection;
    this.#connection = undefined;
    const stale = failure.kind === 'closed' && exchanges > 1 && responseBytes === 0;
    if (stale && !this.#bodySent && !NOT_IDEMPOTENT.test(this.#request.method)) {
      this.#headSent = false;
      this.#ask(true);
    } else this.#fail(nodeError(failure));
  }

  wanted(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    this.#connections.inTurn(() => this.#connection?.resumeResponse());
  }

  unwanted(): void {
    if (!this.#over) this.#close();
  }

  #ask(fresh: boolean): void {
    this.#giveUpDial = this.#connections.ask(this.#destination, fresh, {
      connected: (connection) => this.#connected(connection),
      failed: (error) => this.#fail(error),
    });
  }

  #connected(connection: PooledConnection): void {
    this.#giveUpDial = undefined;
    this.#connection = connection;
    connection.requestOpen = !this.#ended;
    this.#request.reusedSocket = connection.exchanges > 0;
    this.#request.onSocket(connection.socket);
    connection.begin(this, this.#request.method === 'HEAD');
    if (this.#chunk !== undefined) this.#pump();
    else if (this.#ended) this.#finishRequest();
    else if (this.#request.chunked || this.#request.hasHeader('content-length')) this.#sendHead();
  }

  /** Sends as much of the current piece of the body as the connection takes for now. */
  #pump(): void {
    const connection = this.#connection;
    const chunk = this.#chunk;
    if (connection === undefined || chunk === undefined) return;
    if (!this.#headSent && !this.#sendHead()) return;
    const { outbox } = connection;
    if (this.#framing === 'length') {
      if (chunk.length - this.#chunkAt > this.#left) {
        this.#fail(mismatch());
        return;
      }
    }
    const send = this.#framing === 'chunked' ? sendChunk : sendBytes;
    while (this.#chunkAt < chunk.length && outbox.level === 'open' && !outbox.broken) {
      const to = Math.min(chunk.length, this.#chunkAt + PIECE_BYTES);
      this.#bodySent = true;
      if (this.#framing === 'length') this.#left -= to - this.#chunkAt;
      send(outbox, chunk, this.#chunkAt, to, false);
      this.#chunkAt = to;
    }
    // A broken one takes nothing more; its answer, if any, is on its way.
    if (this.#chunkAt < chunk.length && !outbox.broken) return;
    this.#release();
  }

  #finishRequest(): void {
    const connection = this.#connection as PooledConnection;
    if (!this.#headSent && !this.#sendHead()) return;
    connection.requestOpen = false;
    if (this.#left > 0 && !connection.outbox.broken) this.#fail(mismatch());
    else if (this.#framing === 'chunked') connection.outbox.appendText(LAST_CHUNK);
  }

  /** The last moment: the fields cannot be changed any more. `false`: it cannot be sent. */
  #sendHead(): boolean {
    const request = this.#request;
    const { method, path } = request;
    if (BAD_IN_PATH.test(path) || !TOKEN.test(method)) {
      this.#fail(unescaped());
      return false;
    }
    const length = request.fields.get('content-length');
    const empty = this.#ended && this.#chunk === undefined;
    if (length !== undefined && DIGITS.test(length)) this.#framing = 'length';
    else if (request.chunked || !empty) this.#framing = 'chunked';
    else this.#framing = 'none';
    this.#left = this.#framing === 'length' ? Number(length) : 0;
    let head = `${method} ${path} HTTP/1.1\r\n${request.fields.lines(isSent)}`;
    if (this.#framing === 'length') head += `Content-Length: ${length}\r\n`;
    else if (this.#framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
    else if (HAS_BODY.test(method)) head += 'Content-Length: 0\r\n';
    if (!this.#destination.keeps) head += 'Connection: close\r\n';
    this.#headSent = true;
    request.headersSent = true;
    if (this.#connection?.outbox.appendText(`${head}\r\n`) === true) return true;
    this.#fail(hungUp());
    return false;
  }

  /** Lets go of the piece of the body that waits. */
  #release(): void {
    this.#chunk = undefined;
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  #close(): void {
    this.#over = true;
    this.#giveUpDial?.();
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#release();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#close();
    this.#request.destroy();
    if (this.#response !== undefined) this.#response.destroy(error);
    else this.#failed(error);
  }
}

function isSent(key: string): boolean {
  return key !== 'content-length' && !isForOneConnection(key, NONE);
}

const NONE: readonly string[] = [];

function mismatch(): Error {
  const message = "the body's length is not what Content-Length says";
  return Object.assign(new Error(message), { code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' });
}

function unescaped(): Error {
  const message = 'Request path or method contains unescaped characters';
  return Object.assign(new TypeError(message), { code: 'ERR_UNESCAPED_CHARACTERS' });
}
