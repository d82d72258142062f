import { ConfigError, type Position } from './config-error.ts';

/** Bytes of one word, as in nginx. */
export const WORD_BYTES_MAX: number = 4096;

export type Token =
  | {
      readonly kind: 'word';
      readonly text: string;
      readonly quoted: boolean;
      readonly position: Position;
    }
  | { readonly kind: ';' | '{' | '}' | 'end'; readonly position: Position };

const SPACE = /[ \t\r\n]/;

/** Takes a text apart: words and what ends directives. One text, one file. */
export class Lexer {
  readonly #file: string;
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** Where the last token ended. */
  get position(): Position {
    return { file: this.#file, line: this.#line, column: Math.max(1, this.#at - this.#lineStart) };
  }

  /** Throws `ConfigError`. */
  next(): Token {
    this.#skip();
    const char = this.#text[this.#at];
    if (char === undefined) return { kind: 'end', position: this.position };
    if (char === ';' || char === '{' || char === '}') {
      this.#at += 1;
      return { kind: char, position: this.position };
    }
    this.#at += 1;
    const { position } = this;
    this.#at -= 1;
    const quoted = char === '"' || char === "'";
    const raw = quoted ? this.#quoted(char) : this.#bare();
    return { kind: 'word', text: unescaped(raw), quoted, position };
  }

  #skip(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at] as string;
      if (char === '\n') this.#newLine();
      else if (char === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = (end < 0 ? this.#text.length : end) - 1;
      } else if (!SPACE.test(char)) return;
    }
  }

  #newLine(): void {
    this.#line += 1;
    this.#lineStart = this.#at + 1;
  }

  #quoted(quote: string): string {
    const start = this.#at + 1;
    for (this.#at = start; ; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#unexpectedEnd();
      if (char === '\n') this.#newLine();
      if (char === quote) break;
      if (char === '\\') this.#skipEscaped();
      this.#checkLength(start, quote);
    }
    const word = this.#text.slice(start, this.#at);
    this.#at += 1;
    const next = this.#text[this.#at];
    if (next === ')') return word; // It is a word of its own, in `if ($a = "b")`.
    if (next === undefined || SPACE.test(next) || next === ';' || next === '{') return word;
    this.#at += 1;
    throw new ConfigError(`unexpected "${next}"`, this.position);
  }

  #bare(): string {
    const start = this.#at;
    for (; ; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#unexpectedEnd();
      if (SPACE.test(char) || char === ';') break;
      if (char === '{') {
        if (this.#text[this.#at - 1] !== '$' || this.#at === start) break;
      } else if (char === '\\') this.#skipEscaped();
      this.#checkLength(start, '');
    }
    return this.#text.slice(start, this.#at);
  }

  /** The byte behind a backslash ends nothing. */
  #skipEscaped(): void {
    this.#at += 1;
    if (this.#text[this.#at] === '\n') this.#newLine();
  }

  #checkLength(start: number, quote: string): void {
    if (this.#at - start < WORD_BYTES_MAX) return;
    const shown = this.#text.slice(start, start + 10);
    const what =
      quote === ''
        ? `too long parameter "${shown}..." started`
        : `too long parameter, probably missing terminating "${quote}" character`;
    throw new ConfigError(what, this.position);
  }

  #unexpectedEnd(): ConfigError {
    return new ConfigError('unexpected end of file, expecting ";" or "}"', this.position);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
};

/** Any other pair stays as it is written, so that `\.` reaches a regular expression. */
function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  return raw.replace(/\\([\s\S])/g, (pair, char: string) => ESCAPES[char] ?? pair);
}
