import { CLASS, HOST_NAME } from './syntax.ts';

/** uri-host [ ":" port ], not empty and without a user (RFC 9110 §7.2, §4.2.4). */
const HOST_FORM = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

const COLON = 0x3a;
const PORT_DIGITS_MAX = 5;

/** Is `text` from `start` to `end` a host, as a name or an address, with or without a port? */
export function isHost(text: string, start: number, end: number): boolean {
  const table = CLASS;
  const inName = HOST_NAME;
  let at = start;
  while (at < end && ((table[text.charCodeAt(at)] as number) & inName) !== 0) at += 1;
  // A name with digits for a port is nearly every one: it needs no expression.
  if (at > start && at < end && text.charCodeAt(at) === COLON) at = skipPort(text, at + 1, end);
  return (at > start && at === end) || HOST_FORM.test(text.slice(start, end));
}

function skipPort(text: string, start: number, end: number): number {
  if (end - start > PORT_DIGITS_MAX) return start;
  let at = start;
  while (at < end && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}
