import type { HeadLimits, HeadRules } from './head-limits.ts';
import { HttpError, type HttpErrorCode } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { CR, LF } from './syntax.ts';

/** Where the parsing of one head stands. */
export interface HeadProgress {
  readonly head: MessageHead;
  readonly limits: HeadLimits;
  readonly rules: HeadRules;
  /** Index of the byte to look at, within the data that is being parsed. */
  at: number;
  /** Index of the head's first byte, within the same data. */
  start: number;
  /** From here on, offsets count from the head's first byte: where the current line begins. */
  lineStart: number;
  /** Where the current value ends, as far as it has come, white space behind it left out. */
  valueEnd: number;
  /** Classes of the characters that the current name or target has, together. */
  seen: number;
  done: boolean;
  /** A line has ended with LF alone. */
  bareLf: boolean;
}

/** Consumes bytes from `p.at` up to `end`; returns the state for the byte it stopped at. */
export type HeadState = (p: HeadProgress, data: Uint8Array, end: number) => HeadState;

/** Takes the one byte that may stand here. */
export function expect(
  p: HeadProgress,
  data: Uint8Array,
  byte: number,
  next: HeadState,
): HeadState {
  if (data[p.at] !== byte) throw new HttpError('BAD_LINE_END', `byte ${p.at - p.start}`);
  p.at += 1;
  return next;
}

/** Takes the CR of a line's end, or nothing where the LF may stand alone; `next` takes that. */
export function takeCr(p: HeadProgress, data: Uint8Array, next: HeadState): HeadState {
  if (data[p.at] !== LF || !p.rules.bareLf) return expect(p, data, CR, next);
  p.bareLf = true;
  return next;
}

/** A part of the head is over its limit. */
export function tooLarge(
  { rules }: HeadProgress,
  code: HttpErrorCode,
  max: number,
  what: string,
): HttpError {
  return new HttpError(code, `over ${max} ${what}`, rules.tooLargeStatus);
}
