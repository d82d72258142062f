/** One `<!--#name parameter="value" -->`. */
export type SsiCommand = {
  readonly name: string;
  readonly parameters: readonly (readonly [string, string])[];
};

/** Told of what there is, in order. */
export interface SsiListener {
  text(text: string): void;
  command(command: SsiCommand): void;
  /** Something that is no command: `why` is for the log. */
  malformed(why: string): void;
}

const OPEN = '<!--#';
const CLOSE = '-->';
/** Characters of a command, all its parameters included: what is longer is malformed. */
export const COMMAND_LENGTH_MAX: number = 16 * 1024;
/** Parameters of one command. */
const PARAMETERS_MAX = 16;
const NAME_MAX = 32;

/** Finds commands in a text that comes in pieces. */
export class SsiScanner {
  readonly #listener: SsiListener;
  readonly #valueMax: number;
  /** The beginning of what may be a command. */
  #carry = '';
  /** What is malformed lasts to the next `-->`. */
  #skips = false;

  constructor(listener: SsiListener, valueMax: number) {
    this.#listener = listener;
    this.#valueMax = valueMax;
  }

  /**
   * Takes more text. Stops behind a command after which `pauses()` holds, and returns the rest, to be
   * given again later; '' otherwise.
   */
  take(text: string, pauses: () => boolean): string {
    let rest = this.#carry + text;
    this.#carry = '';
    while (rest !== '') {
      if (this.#skips) rest = this.#skip(rest);
      else {
        rest = this.#step(rest);
        if (pauses()) return rest;
      }
      if (this.#carry !== '') return '';
    }
    return '';
  }

  /** There is no more: what looked like the beginning of a command is text. */
  end(): void {
    const text = this.#carry;
    this.#carry = '';
    if (text !== '' && !this.#skips) this.#listener.text(text);
  }

  /** Text up to a command, or the command; returns what is behind. */
  #step(text: string): string {
    const open = text.indexOf(OPEN);
    if (open < 0) {
      const kept = partialEnd(text);
      if (kept < text.length) this.#listener.text(text.slice(0, text.length - kept));
      this.#carry = text.slice(text.length - kept);
      return '';
    }
    if (open > 0) this.#listener.text(text.slice(0, open));
    const parsed = parseCommand(text, open + OPEN.length, this.#valueMax);
    if (parsed === undefined) {
      if (text.length - open <= COMMAND_LENGTH_MAX) {
        this.#carry = text.slice(open);
        return '';
      }
      return this.#broken('too long command', text.slice(open + OPEN.length));
    }
    if ('why' in parsed) return this.#broken(parsed.why, text.slice(parsed.end));
    this.#listener.command(parsed.command);
    return text.slice(parsed.end);
  }

  #broken(why: string, rest: string): string {
    this.#listener.malformed(why);
    this.#skips = true;
    return rest;
  }

  #skip(text: string): string {
    const close = text.indexOf(CLOSE);
    if (close >= 0) {
      this.#skips = false;
      return text.slice(close + CLOSE.length);
    }
    this.#carry = text.slice(-(CLOSE.length - 1));
    return '';
  }
}

/** How many characters at the end may be the beginning of a command. */
function partialEnd(text: string): number {
  for (let length = Math.min(OPEN.length - 1, text.length); length > 0; length -= 1) {
    if (OPEN.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

type Parsed =
  | { readonly command: SsiCommand; readonly end: number }
  | { readonly why: string; readonly end: number };

const SPACES = /[ \t\r\n]*/y;
const COMMAND_NAME = /[a-z]*/y;
const PARAMETER_NAME = /[A-Za-z0-9_-]*/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Behind `<!--#`. `undefined`: the end of it has not come yet. */
function parseCommand(text: string, start: number, valueMax: number): Parsed | undefined {
  let at = start + match(SPACES, text, start).length;
  const name = match(COMMAND_NAME, text, at);
  at += name.length;
  if (at === text.length) return undefined;
  if (name === '' || name.length > NAME_MAX) return { why: 'invalid command', end: at };
  const parameters: (readonly [string, string])[] = [];
  for (;;) {
    at += match(SPACES, text, at).length;
    if (CLOSE.startsWith(text.slice(at, at + CLOSE.length))) {
      if (text.length - at < CLOSE.length) return undefined;
      return { command: { name, parameters }, end: at + CLOSE.length };
    }
    const parameter = parseParameter(text, at, valueMax);
    if (parameter === undefined || 'why' in parameter) return parameter;
    if (parameters.length === PARAMETERS_MAX) return { why: 'too many parameters', end: at };
    parameters.push([parameter.key, parameter.value]);
    at = parameter.end;
  }
}

type Parameter = { readonly key: string; readonly value: string; readonly end: number };

function parseParameter(
  text: string,
  start: number,
  valueMax: number,
): Parameter | { readonly why: string; readonly end: number } | undefined {
  const key = match(PARAMETER_NAME, text, start);
  let at = start + key.length;
  if (at === text.length) return undefined;
  if (key === '' || key.length > NAME_MAX) return { why: 'invalid parameter name', end: at };
  at += match(SPACES, text, at).length;
  if (at === text.length) return undefined;
  if (text[at] !== '=') return { why: `unexpected "${text[at]}" symbol after "${key}"`, end: at };
  at += 1;
  at += match(SPACES, text, at).length;
  const quote = text[at];
  if (quote === undefined) return undefined;
  if (quote !== '"' && quote !== "'") {
    return { why: `unexpected "${quote}" symbol before value of "${key}" parameter`, end: at };
  }
  const from = at + 1;
  for (at = from; at < text.length && text[at] !== quote; at += 1) {
    if (text[at] === '\\') at += 1;
    if (at - from >= valueMax) return { why: `too long "${key}" value`, end: at };
  }
  if (at >= text.length) return undefined;
  return { key, value: text.slice(from, at), end: at + 1 };
}
