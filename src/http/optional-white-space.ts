import { SP, TAB } from './syntax.ts';

/**
 * `text` without the white space that may stand around a member of a list (OWS, RFC 9110 §5.6.3).
 * `String.prototype.trim` would also take bytes above 0x7f for white space, which nobody else does.
 */
export function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(char: number): boolean {
  return char === SP || char === TAB;
}
