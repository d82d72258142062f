import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { REFERER, USER_AGENT } from '../http/field-names.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import {
  type AccessEntry,
  type AccessFormat,
  escaped,
  type LineOf,
  lineOf,
  logTime,
  oneLine,
} from './access-format.ts';

export type { AccessEntry, AccessFormat } from './access-format.ts';

/** Where lines go, where their time comes from, and what they look like. */
export type LogSink = {
  /** Takes whole lines, many at once. */
  readonly write: (lines: string) => void;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Default `combined`. */
  readonly format?: AccessFormat;
};

/** A sink as users give it: the time is the platform's where they do not say. */
export type AccessLogOptions = Omit<LogSink, 'wallMs'> & Partial<Pick<LogSink, 'wallMs'>>;

/** What only a session with phases knows. */
export type AccessDetails = {
  /** What handlers say that it is. */
  readonly clientIp: string;
  /** The server that was tried last. */
  readonly upstream: string | undefined;
  /** The type of the `ProxyError` that ended it. */
  readonly error: string | undefined;
};

/** Characters that wait before they are written. */
const BATCH_LENGTH_MAX = 32 * 1024;
/** Longest that a line waits. */
const BATCH_MS = 250;

/**
 * A line for each request, in the combined format, gathered into batches:
 *
 *   127.0.0.1 - - [20/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 13 "-" "curl/8.0"
 */
export class AccessLog {
  readonly #port: ProactorPort;
  readonly #sink: LogSink;
  readonly #timer = timerOperation(() => this.flush());
  #batch = '';
  readonly #lineOf: LineOf | undefined;
  #second = 0;
  #time = '';

  constructor(port: ProactorPort, sink: LogSink) {
    this.#port = port;
    this.#sink = sink;
    this.#lineOf = lineOf(sink.format ?? 'combined');
  }

  /** Within an exchange: the head is still there. */
  request(
    client: ServerConnection,
    status: number,
    bodyBytes: number,
    startedMs: number,
    details?: AccessDetails,
  ): void {
    const { head } = client;
    if (this.#lineOf !== undefined) {
      const line = head.text.slice(0, Math.max(0, head.fieldsStart - 2));
      const durationMs = this.#port.loop.turnMs - startedMs;
      const { clientIp = client.address, upstream, error } = details ?? {};
      this.#addOwn(
        {
          timeMs: this.#sink.wallMs(),
          clientIp,
          requestLine: line,
          method: head.method,
          target: head.target,
          status,
          bodyBytes,
          durationMs,
          upstream,
          error,
          header: (name) => head.get(name.toLowerCase()),
        },
        this.#lineOf,
      );
      return;
    }
    const line = head.text.slice(0, Math.max(0, head.fieldsStart - 2));
    this.#add(
      `${details?.clientIp ?? client.address} - - [${this.#now()}] "${escaped(line)}" ${status} ${bodyBytes} ` +
        `"${escaped(head.valueOf(REFERER) ?? '-')}" "${escaped(head.valueOf(USER_AGENT) ?? '-')}"\n`,
    );
  }

  /** A message that was refused before it was a request. */
  refused(client: ServerConnection, status: number): void {
    if (this.#lineOf !== undefined) {
      const timeMs = this.#sink.wallMs();
      this.#addOwn({ ...NOTHING, timeMs, clientIp: client.address, status }, this.#lineOf);
      return;
    }
    this.#add(`${client.address} - - [${this.#now()}] "-" ${status} 0 "-" "-"\n`);
  }

  flush(): void {
    if (this.#batch === '') return;
    const lines = this.#batch;
    this.#batch = '';
    this.#sink.write(lines);
  }

  #addOwn(entry: AccessEntry, lineOf: LineOf): void {
    let line: string;
    try {
      line = String(lineOf(entry));
    } catch (error) {
      line = `format: ${error} (${entry.status} ${entry.requestLine})`; // No line is lost.
    }
    this.#add(`${oneLine(line)}\n`);
  }

  #add(line: string): void {
    this.#batch += line;
    if (this.#batch.length > BATCH_LENGTH_MAX) this.flush();
    else if (this.#timer.status !== 'pending') {
      this.#timer.atMs = this.#port.loop.turnMs + BATCH_MS;
      this.#port.submit(this.#timer);
    }
  }

  /** The time in a log's form, made once a second. */
  #now(): string {
    const second = Math.floor(this.#sink.wallMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = logTime(new Date(second * 1000));
    }
    return this.#time;
  }
}

const NOTHING: AccessEntry = {
  timeMs: 0,
  clientIp: '',
  requestLine: '-',
  method: '',
  target: '',
  status: 0,
  bodyBytes: 0,
  durationMs: 0,
  upstream: undefined,
  error: undefined,
  header: () => undefined,
};
