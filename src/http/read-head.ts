import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  isUnique,
  OTHER,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-names.ts';
import { HEAD_RULES, type HeadRules } from './head-limits.ts';
import { HttpError } from './http-error.ts';
import type { MessageHead } from './message-head.ts';
import { withoutBlanks } from './optional-white-space.ts';
import { checkTarget, isConnect } from './request-target.ts';
import { CR } from './syntax.ts';

/** Digits of the largest length taken, 2^53 - 1. */
const LENGTH_DIGITS_MAX = 16;
const ZERO = 0x30;
/** Options of `Connection`, but for keep-alive: every field of the head is looked up among them. */
const OPTIONS_MAX = 100;
const BODILESS_IN_1_0 = /^(?:GET|HEAD|DELETE)$/;

/** What the fields of one head said, before the rules of RFC 9112 §6.3 are applied to them. */
type Seen = { hosts: number; lengths: number; codings: number; closes: boolean; ids: number };

// One object for all heads: it is done with before the call returns.
const seen: Seen = { hosts: 0, lengths: 0, codings: 0, closes: false, ids: 0 };

/** Finds out what a complete request head means, or refuses it. Throws `HttpError`. */
export function readRequest(head: MessageHead, rules: HeadRules = HEAD_RULES): void {
  readFields(head, rules);
  if (seen.hosts > 1) throw new HttpError('BAD_HOST', 'more than one Host');
  if (seen.hosts === 0 && head.minorVersion === 1) throw new HttpError('BAD_HOST', 'no Host');
  checkTarget(head, rules);
  if (seen.codings > 0) {
    if (head.minorVersion === 0) {
      throw new HttpError('BAD_TRANSFER_ENCODING', 'a transfer coding in HTTP/1.0');
    }
    head.framing = 'chunked';
  } else if (seen.lengths > 0) {
    head.framing = 'length';
    if (!rules.bodies10 && isUnexpectedBody(head)) {
      throw new HttpError('BAD_CONTENT_LENGTH', `a body with ${head.method} in HTTP/1.0`);
    }
  } else {
    head.framing = 'none';
    return;
  }
  if (seen.codings + head.contentLength === 0) return;
  // What follows would be a body to one program, and another protocol to the next.
  if (head.indexOf(UPGRADE) >= 0) throw new HttpError('BAD_FIELD', 'an Upgrade with a body');
  if (isConnect(head)) throw new HttpError('BAD_FIELD', 'a CONNECT with a body');
}

/** A body that servers of HTTP/1.0 would not look for. */
function isUnexpectedBody(head: MessageHead): boolean {
  return head.minorVersion === 0 && head.contentLength > 0 && BODILESS_IN_1_0.test(head.method);
}

/**
 * Finds out what a complete response head means, or refuses it. `bodiless`: it answers HEAD, so
 * that no body follows whatever the fields say. Throws `HttpError`.
 */
export function readResponse(head: MessageHead, bodiless: boolean): void {
  readFields(head, HEAD_RULES);
  const { status } = head;
  if (bodiless || status < 200 || status === 204 || status === 304) head.framing = 'none';
  else if (seen.codings > 0) {
    head.framing = 'chunked';
    // Such a sender may have passed on what it does not understand (RFC 9112 §6.1).
    if (head.minorVersion === 0) head.persistent = false;
  } else if (seen.lengths > 0) head.framing = 'length';
  else {
    head.framing = 'close';
    head.persistent = false;
  }
}

function readFields(head: MessageHead, rules: HeadRules): void {
  seen.hosts = 0;
  seen.lengths = 0;
  seen.codings = 0;
  seen.closes = false;
  seen.ids = 0;
  head.persistent = head.minorVersion === 1;
  for (let index = 0; index < head.fieldCount; index += 1) {
    const id = head.fieldId(index);
    if (id === OTHER) continue;
    if (rules.uniqueFields && isUnique(id)) checkFirst(id);
    readField(head, index, id, rules);
  }
  if (seen.codings > 0 && seen.lengths > 0) {
    throw new HttpError('BAD_CONTENT_LENGTH', 'Content-Length with Transfer-Encoding');
  }
}

function checkFirst(id: number): void {
  const bit = 1 << id;
  if ((seen.ids & bit) !== 0) throw new HttpError('REPEATED_FIELD', 'a field that is alone');
  seen.ids |= bit;
}

function readField(head: MessageHead, index: number, id: number, rules: HeadRules): void {
  switch (id) {
    case HOST:
      seen.hosts += 1;
      if (!rules.isHost(head.text, head.valueStart(index), head.valueEnd(index)))
        throw new HttpError('BAD_HOST', 'not a host');
      return;
    case CONTENT_LENGTH:
      seen.lengths += 1;
      if (seen.lengths > 1) throw new HttpError('BAD_CONTENT_LENGTH', 'more than one');
      readLength(head, head.valueStart(index), head.valueEnd(index));
      return;
    case TRANSFER_ENCODING:
      seen.codings += 1;
      checkCoding(head, index, rules);
      return;
    case CONNECTION:
      readConnection(head, head.fieldValue(index));
      return;
    case EXPECT:
      readExpect(head, head.fieldValue(index), rules);
      return;
    default:
  }
}

function readExpect(head: MessageHead, text: string, rules: HeadRules): void {
  if (text.toLowerCase() === '100-continue') head.expectsContinue = head.minorVersion === 1;
  else if (!rules.anyExpect) throw new HttpError('BAD_EXPECT', 'not 100-continue');
}

function readLength(head: MessageHead, start: number, end: number): void {
  head.contentLength = lengthOf(head.text, start, end);
  const { text } = head;
  head.lengthPadded =
    text.charCodeAt(end) !== CR || (end - start > 1 && text.charCodeAt(start) === ZERO);
}

/** Content-Length = 1*DIGIT, and nothing else: no sign, no list, no white space inside. */
function lengthOf(text: string, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) throw new HttpError('BAD_CONTENT_LENGTH', 'not a number');
    length = length * 10 + digit;
  }
  if (start === end) throw new HttpError('BAD_CONTENT_LENGTH', 'empty');
  if (end - start > LENGTH_DIGITS_MAX || length > Number.MAX_SAFE_INTEGER) {
    throw new HttpError('BAD_CONTENT_LENGTH', 'over 2^53 - 1');
  }
  return length;
}

/** Only `chunked` itself: whatever else stands there, two programs may read it in two ways. */
function checkCoding(head: MessageHead, index: number, rules: HeadRules): void {
  const text = head.fieldValue(index);
  if (seen.codings > 1) throw new HttpError('BAD_TRANSFER_ENCODING', 'more than one');
  const coding = text.toLowerCase();
  if (coding === 'chunked') return;
  const times = coding.split(',').filter((part) => withoutBlanks(part) === 'chunked').length;
  if (times > 1) throw new HttpError('BAD_TRANSFER_ENCODING', 'chunked twice');
  for (let more = index + 1; more < head.fieldCount; more += 1) {
    if (!rules.uniqueFields || head.fieldId(more) !== TRANSFER_ENCODING) continue;
    throw new HttpError('BAD_TRANSFER_ENCODING', 'more than one');
  }
  throw new HttpError('UNSUPPORTED_TRANSFER_ENCODING', 'not exactly chunked');
}

/** Connection = #connection-option (RFC 9110 §7.6.1). `close` outweighs `keep-alive`. */
function readConnection(head: MessageHead, text: string): void {
  if (text === 'keep-alive') {
    if (!seen.closes) head.persistent = true;
    return;
  }
  for (const part of text.toLowerCase().split(',')) {
    const option = withoutBlanks(part);
    if (option === 'keep-alive') {
      if (!seen.closes) head.persistent = true;
      continue;
    }
    if (option === 'close') {
      seen.closes = true;
      head.persistent = false;
    }
    if (option !== '') {
      head.nominated ??= [];
      if (head.nominated.length === OPTIONS_MAX) {
        throw new HttpError('BAD_FIELD', `over ${OPTIONS_MAX} options`);
      }
      head.nominated.push(option);
    }
  }
}
