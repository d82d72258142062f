import { fieldStart, headLf } from './field-lines.ts';
import { METHOD_BYTES_MAX } from './head-limits.ts';
import { expect, type HeadProgress, type HeadState, takeCr } from './head-state.ts';
import { HttpError } from './http-error.ts';
import { latin1 } from './latin1.ts';
import { CLASS, CR, LF, METHOD, PATH_MARK, REASON, SP, TARGET } from './syntax.ts';
import { takeRequestLine, takeStatusLine } from './whole-first-line.ts';

// The loops take what they use of other modules into constants of their own: an imported binding
// is read anew each time, which would cost as much as the byte itself.

// request-line = method SP request-target SP HTTP-version CRLF
export const requestLine: HeadState = (p, data, end) => {
  if (p.at === p.start && takeRequestLine(p, data, end)) return fieldStart(p, data, end);
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
  return requestLine;
};

function checkMethod(bytes: number): void {
  if (bytes > METHOD_BYTES_MAX) throw new HttpError('BAD_METHOD', `over ${METHOD_BYTES_MAX} bytes`);
}

const target: HeadState = (p, data, end) => {
  let { at, seen } = p;
  const table = CLASS;
  const wanted = TARGET;
  for (; at < end; at += 1) {
    const bits = table[data[at] as number] as number;
    if ((bits & wanted) !== 0) seen |= bits;
    else if (p.rules.rawTargets && isRaw(data[at] as number)) seen |= PATH_MARK;
    else break;
  }
  p.at = at;
  p.seen = seen;
  checkTarget(p, at - p.start);
  if (at === end) return target;
  const targetEnd = at - p.start;
  // A line that ends here is HTTP/0.9, which has no version and no fields.
  if (p.rules.http09 && isLineEnd(data[at] as number)) return endSimple(p, data, targetEnd);
  if (data[at] !== SP || targetEnd === p.head.targetStart) {
    throw new HttpError('BAD_TARGET', `byte ${targetEnd}`);
  }
  p.head.targetEnd = targetEnd;
  p.head.targetMarked = (seen & PATH_MARK) !== 0;
  p.at = at + 1;
  p.lineStart = targetEnd + 1;
  return version;
};

function isRaw(byte: number): boolean {
  return byte >= 0x80 || byte === NUMBER_SIGN;
}

function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}

function endSimple(p: HeadProgress, data: Uint8Array, targetEnd: number): HeadState {
  const { head } = p;
  if (targetEnd === head.targetStart) throw new HttpError('BAD_TARGET', 'empty');
  if (latin1(data, p.start, p.start + head.methodEnd) !== 'GET') {
    throw new HttpError('BAD_METHOD', 'not GET in HTTP/0.9');
  }
  head.targetEnd = targetEnd;
  head.targetMarked = (p.seen & PATH_MARK) !== 0;
  head.minorVersion = 0;
  head.simple = true;
  head.fieldsStart = targetEnd + 2;
  return takeCr(p, data, headLf);
}

function checkTarget(p: HeadProgress, at: number): void {
  if (at - p.head.targetStart > p.limits.targetBytesMax) {
    throw new HttpError('TARGET_TOO_LONG', `over ${p.limits.targetBytesMax} bytes`);
  }
}

const NAME = 'HTTP/';
const TWO = 0x32;
const NUMBER_SIGN = 0x23;

// HTTP-version = "HTTP/" DIGIT "." DIGIT
const version: HeadState = (p, data, end) => {
  for (; p.at < end; p.at += 1) {
    const at = p.at - p.start - p.lineStart;
    const byte = data[p.at] as number;
    if (at === 5 && byte === TWO && isPreface(p, data)) {
      throw new HttpError('BAD_METHOD', 'the HTTP/2 preface');
    }
    if (!isVersionByte(p, byte, at)) {
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
function isPreface(p: HeadProgress, data: Uint8Array): boolean {
  return p.lineStart === 6 && latin1(data, p.start, p.start + 6) === 'PRI * ';
}

function isVersionByte(p: HeadProgress, byte: number, at: number): boolean {
  if (at < 5) return byte === NAME.charCodeAt(at);
  if (at === 6) return byte === 0x2e;
  if (byte < 0x30 || byte > 0x39) return false;
  if (at === 5 ? byte !== 0x31 : byte > 0x31 && !p.rules.laterMinors) {
    throw new HttpError('UNSUPPORTED_VERSION', 'not HTTP/1.0 or HTTP/1.1');
  }
  if (at === 7) p.head.minorVersion = byte > 0x31 ? 1 : byte - 0x30;
  return true;
}

const requestLineCr: HeadState = (p, data) => takeCr(p, data, firstLineLf);
const firstLineLf: HeadState = (p, data) => {
  const next = expect(p, data, LF, fieldStart);
  p.head.fieldsStart = p.at - p.start;
  return next;
};

// status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF; the last SP may be missing.
export const statusLine: HeadState = (p, data, end) => {
  if (p.at === p.start && takeStatusLine(p, data, end)) return fieldStart(p, data, end);
  for (; p.at < end; p.at += 1) {
    const at = p.at - p.start;
    const byte = data[p.at] as number;
    if (at < 8) {
      if (!isVersionByte(p, byte, at)) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    } else if (at === 8 || at === 12) {
      if (at === 12 && isEnd(p, byte)) return endStatusLine(p, at, byte);
      if (byte !== SP) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    } else if (at < 12) {
      if (byte < 0x30 || byte > 0x39) throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
      p.head.status = (at === 9 ? 0 : p.head.status * 10) + byte - 0x30;
    } else if (isEnd(p, byte)) {
      return endStatusLine(p, 13, byte);
    } else if (((CLASS[byte] as number) & REASON) === 0 || at >= p.limits.lineBytesMax) {
      throw new HttpError('BAD_STATUS_LINE', `byte ${at}`);
    }
  }
  return statusLine;
};

function isEnd(p: HeadProgress, byte: number): boolean {
  return byte === CR || (byte === LF && p.rules.bareLf);
}

function endStatusLine(p: HeadProgress, reasonStart: number, byte: number): HeadState {
  if (p.head.status < 100) throw new HttpError('BAD_STATUS_LINE', 'a status below 100');
  p.head.reasonStart = reasonStart;
  p.head.reasonEnd = p.at - p.start;
  if (byte === CR) p.at += 1;
  else p.bareLf = true;
  return firstLineLf;
}
