import type { Template } from './template.ts';

/** `charset_map source target { … }`; for UTF-8, `target` are the bytes of a character. */
export type CharsetMap = {
  readonly source: string;
  readonly target: string;
  /** A byte, and what it is in the other set: latin1 text. */
  readonly characters: readonly (readonly [number, string])[];
};

/** In which set of characters answers are. */
export interface CharsetConf {
  /** What is said of an answer; `undefined` is `off`. */
  readonly charset: Template | undefined;
  /** What it is in: where that is another one, it is recoded. */
  readonly sourceCharset: Template | undefined;
  /** Also where a server has said already. */
  readonly overrideCharset: boolean;
  readonly charsetTypes: readonly string[];
}

export const CHARSET_DEFAULTS: CharsetConf = {
  charset: undefined,
  sourceCharset: undefined,
  overrideCharset: false,
  charsetTypes: [
    'text/html',
    'text/xml',
    'text/plain',
    'text/vnd.wap.wml',
    'application/javascript',
    'application/rss+xml',
  ],
};
