import { AMBIGUOUS, fieldId } from './field-names.ts';
import type { HeadLimits } from './head-limits.ts';
import { HEAD_LIMITS, METHOD_BYTES_MAX } from './head-limits.ts';
import { HttpError } from './http-error.ts';
import { latin1 } from './latin1.ts';
import { MessageHead } from './message-head.ts';
import {
  CLASS,
  COLON,
  CR,
  LF,
  METHOD,
  PATH_MARK,
  REASON,
  SP,
  TAB,
  TARGET,
  TOKEN,
  UNDERSCORE,
  VALUE,
} from './syntax.ts';

// The loops below take what they use of other modules into constants of their own: an imported
// binding is read anew each time, which would cost as much as the byte itself.

/** Consumes bytes from `parser.at` up to `end`; returns the state for the byte it stopped at. */
type State = (parser: HeadParser, data: Uint8Array, end: number) => State;

/**
 * Reads one head (RFC 9112 §2 to §5), strictly: whatever is ambiguous is refused. Request and
 * response differ in their first line alone.
 *
 * A head that came in pieces is given again, whole, with what came since: offsets count from its
 * first byte, and no byte is looked at twice.
 */
export class HeadParser {
  readonly head: MessageHead = new MessageHead();
  readonly #first: State;
  readonly limits: HeadLimits;
  #state: State;
  /** Index of the byte to look at, within the data that is being parsed. */
  at = 0;
  /** Index of the head's first byte, within the same data. */
  start = 0;
  lineStart = 0;
  valueEnd = 0;
  /** Classes of the characters that the current name or target has, together. */
  seen = 0;
  done = false;

  constructor(kind: 'request' | 'response', limits: HeadLimits = HEAD_LIMITS) {
    this.#first = kind === 'request' ? method : statusLine;
    this.#state = this.#first;
    this.limits = limits;
  }

  reset(): void {
    this.head.reset();
    this.#state = this.#first;
    this.at = 0;
    this.start = 0;
    this.lineStart = 0;
    this.seen = 0;
    this.done = false;
  }

  /** Has a byte of a head been seen? */
  get begun(): boolean {
    return this.at > this.start;
  }

  /**
   * Goes on with the head that begins at `start`, given up to `end`. Returns whether it is
   * complete; `at` is then the first byte behind it. Throws `HttpError`.
   */
  parse(data: Uint8Array, start: number, end: number): boolean {
    this.at += start - this.start;
    this.start = start;
    const limit = start + this.limits.headBytesMax;
    const stop = end > limit ? limit : end;
    while (this.at < stop && !this.done) this.#state = this.#state(this, data, stop);
    if (this.done) {
      this.head.bytes = this.at - start;
      this.head.text = latin1(data, start, this.at);
      return true;
    }
    if (stop < end) throw new HttpError('HEAD_TOO_LARGE', `over ${this.limits.headBytesMax} bytes`);
    return false;
  }
}

// request-line = method SP request-target SP HTTP-version CRLF
const method: State = (p, data, end) => {
  for (; p.at < end; p.at += 1) {
    const byte = data[p.at] as number;
    if (((CLASS[byte] as number) & METHOD) !== 0) continue;
    const bytes = p.at - p.start;
    if (byte !== SP || bytes === 0) throw new HttpError('BAD_METHOD', `byte ${bytes}`);
    checkMethod(bytes);
    p.head.methodEnd = bytes;
    p.at += 1;
    p.head.targetStart = p.at - p.start;
    return target;
  }
  checkMethod(p.at - p.start);
  return method;
};

function checkMethod(bytes: number): void {
  if (bytes > METHOD_BYTES_MAX) throw new HttpError('BAD_METHOD', `over ${METHOD_BYTES_MAX} bytes`);
}

const target: State = (p, data, end) => {
  let { at, seen } = p;
  const table = CLASS;
  const wanted = TARGET;
  for (; at < end; at += 1) {
    const bits = table[data[at] as number] as number;
    if ((bits & wanted) === 0) break;
    seen |= bits;
  }
  p.at = at;
  p.seen = seen;
  checkTarget(p, at - p.start);
  if (at === end) return target;
  const targetEnd = at - p.start;
  // A line that ends here is HTTP/0.9, which has no version and no fields.
  if (data[at] !== SP || targetEnd === p.head.targetStart) {
    throw new HttpError('BAD_TARGET', `byte ${targetEnd}`);
  }
  p.head.targetEnd = targetEnd;
  p.head.targetMarked = (seen & PATH_MARK) !== 0;
  p.at = at + 1;
  p.lineStart = targetEnd + 1;
  return version;
};

function checkTarget(p: HeadParser, at: number): void {
  if (at - p.head.targetStart > p.limits.targetBytesMax) {
    throw new HttpError('TARGET_TOO_LONG', `over ${p.limits.targetBytesMax} bytes`);
  }
}

const NAME = 'HTTP/';

// HTTP-version = "HTTP/" DIGIT "." DIGIT
const version: State = (p, data, end) => {
  for (; p.at < end; p.at += 1) {
    const at = p.at - p.start - p.lineStart;
    if (at === 5 && isPreface(p, data)) throw new HttpError('BAD_METHOD', 'the HTTP/2 preface');
    if (!isVersionByte(p, data[p.at] as number, at)) {
      throw new HttpError('BAD_VERSION', `byte ${p.at - p.start}`);
    }
    if (at === 7) {
      p.at += 1;
      return requestLineCr;
    }
  }
  return version;
};

/** `PRI * HTTP/2.0` opens HTTP/2 with prior knowledge (RFC 9113 §3.4): not on this port. */
function isPreface(p: HeadParser, data: Uint8Array): boolean {
  return p.lineStart === 6 && latin1(data, p.start, p.start + 6) === 'PRI * ';
}

function isVersionByte(p: HeadParser, byte: number, at: number): boolean {
  if (at < 5) return byte === NAME.charCodeAt(at);
  if (at === 6) return byte === 0x2e;
  if (byte < 0x30 || byte > 0x39) return false;
  if (at === 5 ? byte !== 0x31 : byte > 0x31) {
    throw new HttpError('UNSUPPORTED_VERSION', 'not HTTP/1.0 or HTTP/1.1');
  }
  if (at === 7) p.head.minorVersion = byte - 0x30;
  return true;
}

const requestLineCr: State = (p, data) => expect(p, data, CR, firstLineLf);
const firstLineLf: State = (p, data) => {
  const next = expect(p, data, LF, fieldStart);
  p.head.fieldsStart = p.at - p.start;
  return next;
};

// status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF; the last SP may be missing.
const statusLine: State = (p, data, end) => {
  for (; p.at < end; p.at += 1) {
    const at = p.at - p.start;
    const byte = data[p.at] as number;
    if (at < 8) {
      if (!isVersionByte(p, byte, at)) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    } else if (at === 8 || at === 12) {
      if (at === 12 && byte === CR) return endStatusLine(p, at);
      if (byte !== SP) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    } else if (at < 12) {
      if (byte < 0x30 || byte > 0x39) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
      p.head.status = (at === 9 ? 0 : p.head.status * 10) + byte - 0x30;
    } else if (byte === CR) {
      return endStatusLine(p, 13);
    } else if (((CLASS[byte] as number) & REASON) === 0 || at >= p.limits.lineBytesMax) {
      throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    }
  }
  return statusLine;
};

function endStatusLine(p: HeadParser, reasonStart: number): State {
  if (p.head.status < 100) throw new HttpError('BAD_STATUS_LINE', 'a status below 100');
  p.head.reasonStart = reasonStart;
  p.head.reasonEnd = p.at - p.start;
  p.at += 1;
  return firstLineLf;
}

// field-line = field-name ":" OWS field-value OWS CRLF
const fieldStart: State = (p, data) => {
  const byte = data[p.at] as number;
  if (byte === CR) {
    p.at += 1;
    return headLf;
  }
  // A line that begins with white space would continue the one before (obs-fold).
  if (byte === SP || byte === TAB) throw new HttpError('BAD_FIELD', 'a folded line');
  if (p.head.fieldCount === p.limits.fieldsMax) {
    throw new HttpError('TOO_MANY_FIELDS', `over ${p.limits.fieldsMax}`);
  }
  p.lineStart = p.at - p.start;
  p.seen = 0;
  return fieldName;
};

const fieldName: State = (p, data, end) => {
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
  const id = (seen & UNDERSCORE) === 0 ? fieldId(data, nameStart, at) : AMBIGUOUS;
  p.head.addField(p.lineStart, at - p.start, id);
  p.at = at + 1;
  return valueStart(p, data, end);
};

const valueStart: State = (p, data, end) => {
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

const value: State = (p, data, end) => {
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
  return expect(p, data, CR, valueLf);
};

const valueLf: State = (p, data) => expect(p, data, LF, fieldStart);
const headLf: State = (p, data) => {
  p.done = true;
  return expect(p, data, LF, headLf);
};

function checkLine(p: HeadParser): void {
  if (p.at - p.start - p.lineStart > p.limits.lineBytesMax) {
    throw new HttpError('FIELD_TOO_LARGE', `over ${p.limits.lineBytesMax} bytes`);
  }
}

function expect(p: HeadParser, data: Uint8Array, byte: number, next: State): State {
  if (data[p.at] !== byte) throw new HttpError('BAD_LINE_END', `byte ${p.at - p.start}`);
  p.at += 1;
  return next;
}
