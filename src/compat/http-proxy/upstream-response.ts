import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { MessageHead } from '../../http/message-head.ts';

/** Of these, Node keeps the first and drops the others. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** Who brings a response. */
export type ResponseSource = {
  /** More of the body is wanted. */
  wanted(): void;
  /** Nobody wants the rest of the body. */
  unwanted(): void;
};

/** A target's response with the face of Node's own; what our strict parser has read stands in it. */
export class UpstreamResponse extends IncomingMessage {
  readonly #source: ResponseSource;

  constructor(head: MessageHead, socket: Socket, source: ResponseSource) {
    super(socket);
    this.#source = source;
    this.httpVersionMajor = 1;
    this.httpVersionMinor = head.minorVersion;
    this.httpVersion = `1.${head.minorVersion}`;
    this.statusCode = head.status;
    this.statusMessage = head.reason;
    const raw: string[] = [];
    for (let i = 0; i < head.fieldCount; i += 1) raw.push(head.fieldName(i), head.fieldValue(i));
    this.rawHeaders = raw;
    this.headers = mergedHeaders(raw);
    this.headersDistinct = distinctHeaders(raw);
  }

  override _read(): void {
    this.#source.wanted();
  }

  /** Node's own would take the socket along, which may be in use again by now. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.complete) {
      this.aborted = true;
      this.emit('aborted');
      this.#source.unwanted();
    }
    callback(this.listenerCount('error') > 0 ? error : null);
  }
}

/** As Node merges the lines of a field: it drops some, joins others, and lists cookies. */
function mergedHeaders(raw: readonly string[]): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const key = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const before = headers[key];
    if (key === 'set-cookie') headers[key] = before === undefined ? [value] : [...before, value];
    else if (before === undefined) headers[key] = value;
    else if (!SINGLE.has(key)) headers[key] = `${before}${key === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}

function distinctHeaders(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const key = (raw[i] as string).toLowerCase();
    headers[key] ??= [];
    headers[key].push(raw[i + 1] as string);
  }
  return headers;
}
