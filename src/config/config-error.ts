/** Where something stands in a file. Lines and columns count from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/** What is wrong with a configuration, in nginx's words, and where; the text ends as nginx's does. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** nginx's words, without the place. */
  readonly what: string;
  readonly position: Position | undefined;
  /** Ours: what to do about it. */
  readonly hint: string | undefined;

  constructor(what: string, position?: Position, hint?: string) {
    super(position === undefined ? what : `${what} in ${position.file}:${position.line}`);
    this.what = what;
    this.position = position;
    this.hint = hint;
  }
}
