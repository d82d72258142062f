import { BodyReader } from '../../src/http/body-reader.ts';
import { HEAD_LIMITS, HEAD_RULES, type HeadRules } from '../../src/http/head-limits.ts';
import { HeadParser } from '../../src/http/head-parser.ts';
import { HttpError } from '../../src/http/http-error.ts';
import type { Framing, MessageHead } from '../../src/http/message-head.ts';
import { ParserPool } from '../../src/http/parser-pool.ts';
import { readRequest, readResponse } from '../../src/http/read-head.ts';
import { RequestHeadReader } from '../../src/http/request-head-reader.ts';

export type Kind = 'request' | 'response' | 'answer to HEAD';

/** What was made of one message, as far as it came. */
export type LoggedMessage = {
  /** `GET /a HTTP/1.1`, or `HTTP/1.1 200`. */
  readonly first: string;
  /** Names in lower case, a field an entry. */
  readonly fields: readonly string[];
  readonly framing: Framing;
  readonly persistent: boolean;
  /** Index of the first byte of its head, and of the first one behind it. */
  readonly start: number;
  readonly headEnd: number;
  body: string;
  /** Index of the first byte behind the message; -1 when it has not come to its end. */
  end: number;
};

/** Reads messages as a connection does, and writes down what it was told: an event a line. */
export class MessageLog {
  readonly lines: string[] = [];
  /** Messages whose heads were accepted. */
  readonly messages: LoggedMessage[] = [];
  /** Told of every head that is accepted. */
  onHead: (head: MessageHead) => void = () => {};
  #taken = 0;
  readonly #kind: Kind;
  readonly #parser = new HeadParser('response');
  readonly #requests: RequestHeadReader;
  readonly #body: BodyReader;
  #text = '';
  #phase: 'head' | 'body' | 'refused' = 'head';
  /** A head that is not complete, as it must be given again. */
  #held: Uint8Array = new Uint8Array(0);

  constructor(kind: Kind, rules: HeadRules = HEAD_RULES) {
    this.#kind = kind;
    this.#requests = new RequestHeadReader(new ParserPool('request', HEAD_LIMITS, rules));
    this.#body = new BodyReader({
      bodyBytes: (data, from, to) => {
        this.#text += Buffer.from(data.subarray(from, to)).toString('latin1');
      },
    });
  }

  /** Takes a piece; what is wrong with it is an event, unless it is a bug of ours. */
  write(piece: Uint8Array): void {
    if (this.#phase === 'refused') return;
    const data = new Uint8Array([...this.#held, ...piece]);
    try {
      const at = this.#read(data);
      this.#held = data.slice(at);
      this.#taken += at;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#endBody();
      this.lines.push(`refused ${error.code} ${error.status}`);
      this.#phase = 'refused';
      this.#held = new Uint8Array(0);
    }
    // What was lent may be overwritten from now on: nothing may depend on it.
    data.fill(0x58);
  }

  /** The connection has ended. */
  end(): string[] {
    if (this.#phase === 'body') {
      const ended = this.#body.endsHere();
      this.#endBody();
      if (ended) (this.messages.at(-1) as LoggedMessage).end = this.#taken;
      this.lines.push(ended ? 'end' : 'cut in the body');
    } else if (this.#held.length > 0) {
      this.lines.push('cut in the head');
    }
    return this.lines;
  }

  /** Returns where the head begins that is not complete yet. */
  #read(data: Uint8Array): number {
    let at = 0;
    while (at < data.length) {
      if (this.#phase === 'head') {
        const to =
          this.#kind === 'request' ? this.#readRequest(data, at) : this.#readHead(data, at);
        if (to < 0) return at;
        at = to;
      } else {
        at = this.#body.read(data, at, data.length, false);
      }
      this.#endIfDone(at);
    }
    return at;
  }

  /** Returns where the head, or an empty line before it, ends; -1 when it is not complete. */
  #readRequest(data: Uint8Array, at: number): number {
    const to = this.#requests.read(data, at, data.length);
    if (this.#requests.complete) {
      this.#startBody(this.#requests.head, at, to);
      this.#requests.release();
    }
    return to;
  }

  #readHead(data: Uint8Array, at: number): number {
    if (!this.#parser.parse(data, at, data.length)) return -1;
    const to = this.#parser.at;
    this.#startBody(this.#parser.head, at, to);
    this.#parser.reset();
    return to;
  }

  /** `start` and `end`: where the head stands in what is being read. */
  #startBody(head: MessageHead, start: number, end: number): void {
    this.lines.push(...headLines(this.#kind, head));
    if (this.#kind === 'request') readRequest(head);
    else readResponse(head, this.#kind === 'answer to HEAD');
    const length = head.framing === 'length' ? ` ${head.contentLength}` : '';
    this.lines.push(`${head.framing}${length}, ${head.persistent ? 'persistent' : 'last'}`);
    this.#body.start(head.framing, head.contentLength);
    this.onHead(head);
    this.#phase = 'body';
    this.messages.push({
      first:
        this.#kind === 'request' ? firstLine(head) : `HTTP/1.${head.minorVersion} ${head.status}`,
      fields: fieldsOf(head),
      framing: head.framing,
      persistent: head.persistent,
      start: this.#taken + start,
      headEnd: this.#taken + end,
      body: '',
      end: -1,
    });
  }

  #endIfDone(at: number): void {
    if (this.#phase !== 'body' || !this.#body.done) return;
    this.#endBody();
    (this.messages.at(-1) as LoggedMessage).end = this.#taken + at;
    this.lines.push('end');
    this.#phase = 'head';
  }

  #endBody(): void {
    if (this.#text === '') return;
    this.lines.push(`body ${visible(this.#text)}`);
    (this.messages.at(-1) as LoggedMessage).body = this.#text;
    this.#text = '';
  }
}

/** The log of `wire`, cut into pieces at `splits`. */
export function logOf(
  kind: Kind,
  wire: Uint8Array,
  splits: readonly number[] = [],
  rules: HeadRules = HEAD_RULES,
): string[] {
  const log = new MessageLog(kind, rules);
  let from = 0;
  for (const to of [...splits, wire.length].sort((a, b) => a - b)) {
    log.write(wire.subarray(from, to));
    from = to;
  }
  return log.end();
}

function headLines(kind: Kind, head: MessageHead): string[] {
  const first =
    kind === 'request'
      ? firstLine(head)
      : `HTTP/1.${head.minorVersion} ${head.status} ${head.reason}`;
  const lines = [visible(first.replace(/ $/, ''))];
  for (let index = 0; index < head.fieldCount; index += 1) {
    const value = head.fieldValue(index);
    lines.push(
      visible(value === '' ? `${head.fieldName(index)}:` : `${head.fieldName(index)}: ${value}`),
    );
  }
  return lines;
}

function firstLine(head: MessageHead): string {
  return `${head.method} ${head.target} HTTP/1.${head.minorVersion}`;
}

function fieldsOf(head: MessageHead): string[] {
  return Array.from({ length: head.fieldCount }, (_, index) => {
    return `${head.fieldName(index).toLowerCase()}: ${head.fieldValue(index)}`;
  });
}

/** Text with what cannot be seen written as in the vectors. */
export function visible(text: string): string {
  return text.replaceAll(/[^ -[\]-~]/g, (char) => {
    const name = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' }[char];
    return name ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
