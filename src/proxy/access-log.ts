import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { REFERER, USER_AGENT } from '../http/field-names.ts';
import type { ServerConnection } from '../http/server-connection.ts';

/** Where lines go, and where their time comes from. */
export type LogSink = {
  /** Takes whole lines, many at once. */
  readonly write: (lines: string) => void;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
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
  #second = 0;
  #time = '';

  constructor(port: ProactorPort, sink: LogSink) {
    this.#port = port;
    this.#sink = sink;
  }

  /** Within an exchange: the head is still there. */
  request(client: ServerConnection, status: number, bodyBytes: number, _startedMs: number): void {
    const { head } = client;
    const line = head.text.slice(0, Math.max(0, head.fieldsStart - 2));
    this.#add(
      `${client.address} - - [${this.#now()}] "${escaped(line)}" ${status} ${bodyBytes} ` +
        `"${escaped(head.valueOf(REFERER) ?? '-')}" "${escaped(head.valueOf(USER_AGENT) ?? '-')}"\n`,
    );
  }

  /** A message that was refused before it was a request. */
  refused(client: ServerConnection, status: number): void {
    this.#add(`${client.address} - - [${this.#now()}] "-" ${status} 0 "-" "-"\n`);
  }

  flush(): void {
    if (this.#batch === '') return;
    const lines = this.#batch;
    this.#batch = '';
    this.#sink.write(lines);
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

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function logTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** A value can end neither its quotes nor its line: nginx's escape=default. */
function escaped(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(SPECIAL, escapedChar);
}

const PLAIN = /^[ !#-[\]-~]*$/;
const SPECIAL = /[^ !#-[\]-~]/g;

function escapedChar(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
