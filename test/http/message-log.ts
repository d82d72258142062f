import { BodyReader } from '../../src/http/body-reader.ts';
import { HeadParser } from '../../src/http/head-parser.ts';
import { HttpError } from '../../src/http/http-error.ts';
import type { MessageHead } from '../../src/http/message-head.ts';
import { readRequest, readResponse } from '../../src/http/read-head.ts';

export type Kind = 'request' | 'response' | 'answer to HEAD';

/** Reads messages as a connection does, and writes down what it was told: an event a line. */
export class MessageLog {
  readonly lines: string[] = [];
  /** How many bytes belong to messages that came to their end. */
  endedAt = 0;
  /** Those messages, as method or status, target and length of the body. */
  readonly ended: string[] = [];
  /** The first line of the current message. */
  #first = '';
  #taken = 0;
  readonly #kind: Kind;
  readonly #parser: HeadParser;
  readonly #body: BodyReader;
  #text = '';
  #phase: 'head' | 'body' | 'refused' = 'head';
  /** A head that is not complete, as it must be given again. */
  #held: Uint8Array = new Uint8Array(0);

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#parser = new HeadParser(kind === 'request' ? 'request' : 'response');
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
        if (!this.#parser.parse(data, at, data.length)) return at;
        at = this.#parser.at;
        this.#startBody(this.#parser.head);
        this.#parser.reset();
      } else {
        at = this.#body.read(data, at, data.length, false);
      }
      this.#endIfDone(at);
    }
    return at;
  }

  #startBody(head: MessageHead): void {
    this.lines.push(...headLines(this.#kind, head));
    this.#first = this.#kind === 'request' ? `${head.method} ${head.target}` : `${head.status}`;
    if (this.#kind === 'request') readRequest(head);
    else readResponse(head, this.#kind === 'answer to HEAD');
    const length = head.framing === 'length' ? ` ${head.contentLength}` : '';
    this.lines.push(`${head.framing}${length}, ${head.persistent ? 'persistent' : 'last'}`);
    this.#body.start(head.framing, head.contentLength);
    this.#phase = 'body';
  }

  #endIfDone(at: number): void {
    if (this.#phase !== 'body' || !this.#body.done) return;
    this.endedAt = this.#taken + at;
    this.ended.push(`${this.#first} ${this.#text.length}`);
    this.#endBody();
    this.lines.push('end');
    this.#phase = 'head';
  }

  #endBody(): void {
    if (this.#text !== '') this.lines.push(`body ${visible(this.#text)}`);
    this.#text = '';
  }
}

/** The log of `wire`, cut into pieces at `splits`. */
export function logOf(kind: Kind, wire: Uint8Array, splits: readonly number[] = []): string[] {
  const log = new MessageLog(kind);
  let from = 0;
  for (const to of [...splits, wire.length].sort((a, b) => a - b)) {
    log.write(wire.subarray(from, to));
    from = to;
  }
  return log.end();
}

function headLines(kind: Kind, head: MessageHead): string[] {
  const version = `HTTP/1.${head.minorVersion}`;
  const first =
    kind === 'request'
      ? `${head.method} ${head.target} ${version}`
      : `${version} ${head.status} ${head.reason}`;
  const lines = [visible(first.trimEnd())];
  for (let index = 0; index < head.fieldCount; index += 1) {
    lines.push(visible(`${head.fieldName(index)}: ${head.fieldValue(index)}`.trimEnd()));
  }
  return lines;
}

/** Text with what cannot be seen written as in the vectors. */
export function visible(text: string): string {
  return text.replaceAll(/[^ -[\]-~]/g, (char) => {
    const name = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' }[char];
    return name ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
