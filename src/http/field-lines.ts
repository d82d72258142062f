import { AMBIGUOUS, fieldId, OTHER } from './field-names.ts';
import { expect, type HeadProgress, type HeadState, takeCr, tooLarge } from './head-state.ts';
import { HttpError } from './http-error.ts';
import {
  CLASS,
  COLON,
  CR,
  LF,
  PLAIN_NAME,
  SAFE_NAME,
  SP,
  TAB,
  TOKEN,
  UNDERSCORE,
  VALUE,
} from './syntax.ts';

// The loops take what they use of other modules into constants of their own: an imported binding
// is read anew each time, which would cost as much as the byte itself.

// field-line = field-name ":" OWS field-value OWS CRLF
export const fieldStart: HeadState = (p, data, end) => {
  takeWholeLines(p, data, end);
  if (p.at === end) return fieldStart;
  const byte = data[p.at] as number;
  if (byte === CR) {
    p.at += 1;
    return p.at < end ? headLf(p, data, end) : headLf;
  }
  if (byte === LF && p.rules.bareLf) {
    p.bareLf = true;
    return headLf;
  }
  // A line that begins with white space would continue the one before (obs-fold).
  if (byte === SP || byte === TAB) throw new HttpError('BAD_FIELD', 'a folded line');
  if (p.head.fieldCount === p.limits.fieldsMax) {
    throw tooLarge(p, 'TOO_MANY_FIELDS', p.limits.fieldsMax, 'fields');
  }
  p.lineStart = p.at - p.start;
  p.seen = 0;
  return p.rules.names === 'token' ? fieldName : looseName;
};

const fieldName: HeadState = (p, data, end) => {
  let { at, seen } = p;
  const table = CLASS;
  const wanted = TOKEN;
  for (; at < end; at += 1) {
    const bits = table[data[at] as number] as number;
    if ((bits & wanted) === 0) break;
    seen |= bits;
  }
  p.at = at;
  p.seen = seen;
  if (at === end) {
    checkLine(p);
    return fieldName;
  }
  const nameStart = p.start + p.lineStart;
  if (data[at] !== COLON || at === nameStart) {
    checkLine(p); // The same error as when the line had come in pieces.
    throw new HttpError('BAD_FIELD', `byte ${at - p.start}`);
  }
  const id = (seen & UNDERSCORE) === 0 ? fieldId(data, nameStart, at) : underscoreId(p);
  p.head.addField(p.lineStart, at - p.start, id);
  p.at = at + 1;
  return valueStart(p, data, end);
};

/** In a name: something that is no letter, no digit, and neither `-` nor `_`. */
const ODD = 1 << 15;
const SPACE = 0x20;
const DEL = 0x7f;

/** A name that may have whatever is visible in it: some of these fields are read over. */
const looseName: HeadState = (p, data, end) => {
  let { at, seen } = p;
  for (; at < end; at += 1) {
    const byte = data[at] as number;
    if (byte <= SPACE || byte === DEL || byte === COLON) break;
    const bits = CLASS[byte] as number;
    seen |= (bits & (SAFE_NAME | UNDERSCORE)) === 0 ? ODD : bits & UNDERSCORE;
  }
  p.at = at;
  p.seen = seen;
  checkLine(p);
  if (at === end) return looseName;
  const nameStart = p.start + p.lineStart;
  if (data[at] !== COLON || at === nameStart) {
    throw new HttpError('BAD_FIELD', `byte ${at - p.start}`);
  }
  p.head.addField(p.lineStart, at - p.start, looseId(p, data, nameStart));
  p.at = at + 1;
  return valueStart(p, data, end);
};

function looseId(p: HeadProgress, data: Uint8Array, nameStart: number): number {
  if ((p.seen & ODD) !== 0) return p.rules.names === 'keep' ? OTHER : dropped(p);
  return (p.seen & UNDERSCORE) === 0 ? fieldId(data, nameStart, p.at) : underscoreId(p);
}

const valueStart: HeadState = (p, data, end) => {
  let { at } = p;
  while (at < end && (data[at] === SP || data[at] === TAB)) at += 1;
  p.at = at;
  if (at === end) {
    checkLine(p);
    return valueStart;
  }
  p.valueEnd = at - p.start;
  p.head.startValue(p.valueEnd);
  return value(p, data, end);
};

const value: HeadState = (p, data, end) => {
  const from = p.at;
  let { at } = p;
  const table = CLASS;
  const wanted = VALUE;
  while (at < end && ((table[data[at] as number] as number) & wanted) !== 0) at += 1;
  p.at = at;
  checkLine(p);
  if (at > from) {
    let last = at;
    while (last > from && (data[last - 1] === SP || data[last - 1] === TAB)) last -= 1;
    if (last > from) p.valueEnd = last - p.start;
  }
  if (at === end) return value;
  p.head.endValue(p.valueEnd);
  if (data[at] === CR && at + 1 < end && data[at + 1] === LF) {
    p.at = at + 2;
    return fieldStart;
  }
  return takeCr(p, data, valueLf);
};

const valueLf: HeadState = (p, data) => expect(p, data, LF, fieldStart);
export const headLf: HeadState = (p, data) => {
  p.done = true;
  return expect(p, data, LF, headLf);
};

/**
 * Takes the field lines that are here whole and hold nothing unusual, which is nearly all of them,
 * in one loop. It stops at the first other line, which the states below take or refuse.
 */
function takeWholeLines(p: HeadProgress, data: Uint8Array, end: number): void {
  const { head, start, limits } = p;
  const table = CLASS;
  const inName = p.rules.names === 'token' ? PLAIN_NAME : SAFE_NAME;
  const inValue = VALUE;
  let line = p.at;
  while (head.fieldCount < limits.fieldsMax) {
    let at = line;
    while (at < end && ((table[data[at] as number] as number) & inName) !== 0) at += 1;
    const nameEnd = at;
    if (nameEnd === line || data[at] !== COLON) break;
    at += data[at + 1] === SP ? 2 : 1;
    const valueStart = at;
    while (at < end && ((table[data[at] as number] as number) & inValue) !== 0) at += 1;
    if (at + 1 >= end || data[at] !== CR || data[at + 1] !== LF) break;
    if (at - line > limits.lineBytesMax) break;
    if (at === valueStart || isBlank(data[valueStart]) || isBlank(data[at - 1])) break;
    const id = fieldId(data, line, nameEnd);
    head.addWhole(line - start, nameEnd - start, valueStart - start, at - start, id);
    line = at + 2;
  }
  p.at = line;
}

/** A name with `_` is never one of those that are read here. */
function underscoreId(p: HeadProgress): number {
  const { underscores } = p.rules;
  if (underscores === 'refuse') throw new HttpError('BAD_FIELD', 'an underscore in a name');
  return underscores === 'keep' ? OTHER : dropped(p);
}

function dropped(p: HeadProgress): number {
  p.head.hasDropped = true;
  return AMBIGUOUS;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === TAB;
}

function checkLine(p: HeadProgress): void {
  if (p.at - p.start - p.lineStart > p.limits.lineBytesMax) {
    throw tooLarge(p, 'FIELD_TOO_LARGE', p.limits.lineBytesMax, 'bytes');
  }
}
