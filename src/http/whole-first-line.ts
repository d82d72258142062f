import { METHOD_BYTES_MAX } from './head-limits.ts';
import type { HeadProgress } from './head-state.ts';
import { CLASS, CR, LF, METHOD, PATH_MARK, REASON, SP, TARGET } from './syntax.ts';

// A first line that is here whole and holds nothing unusual is taken in one go, which is nearly
// every one. Where these functions say no they have taken nothing, and the states of
// `first-line.ts` take or refuse the line: they alone decide what an error is.

const ZERO = 0x30;
/** SP, `HTTP/1.1`, CR and LF. */
const VERSION_BYTES = 11;
/** `HTTP/1.1 200 `, CR and LF. */
const STATUS_LINE_BYTES_MIN = 15;

/** request-line = method SP request-target SP HTTP-version CRLF */
export function takeRequestLine(p: HeadProgress, data: Uint8Array, end: number): boolean {
  const { head, start } = p;
  const table = CLASS;
  const inMethod = METHOD;
  const inTarget = TARGET;
  let at = start;
  while (at < end && ((table[data[at] as number] as number) & inMethod) !== 0) at += 1;
  const methodEnd = at - start;
  if (methodEnd === 0 || methodEnd > METHOD_BYTES_MAX || data[at] !== SP) return false;
  at += 1;
  let seen = 0;
  for (; at < end; at += 1) {
    const bits = table[data[at] as number] as number;
    if ((bits & inTarget) === 0) break;
    seen |= bits;
  }
  const targetBytes = at - start - methodEnd - 1;
  if (targetBytes === 0 || targetBytes > p.limits.targetBytesMax) return false;
  if (end - at < VERSION_BYTES || data[at] !== SP || !isVersion(data, at + 1)) return false;
  if (data[at + 9] !== CR || data[at + 10] !== LF) return false;
  head.methodEnd = methodEnd;
  head.targetStart = methodEnd + 1;
  head.targetEnd = at - start;
  head.targetMarked = (seen & PATH_MARK) !== 0;
  head.minorVersion = (data[at + 8] as number) - ZERO;
  p.at = at + VERSION_BYTES;
  head.fieldsStart = p.at - start;
  return true;
}

/** status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF */
export function takeStatusLine(p: HeadProgress, data: Uint8Array, end: number): boolean {
  const { head, start } = p;
  if (end - start < STATUS_LINE_BYTES_MIN || !isVersion(data, start)) return false;
  if (data[start + 8] !== SP || data[start + 12] !== SP) return false;
  const hundreds = (data[start + 9] as number) - ZERO;
  const tens = (data[start + 10] as number) - ZERO;
  const ones = (data[start + 11] as number) - ZERO;
  if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return false;
  const table = CLASS;
  const inReason = REASON;
  let at = start + 13;
  while (at < end && ((table[data[at] as number] as number) & inReason) !== 0) at += 1;
  if (end - at < 2 || data[at] !== CR || data[at + 1] !== LF) return false;
  if (at - start > p.limits.lineBytesMax) return false;
  head.status = hundreds * 100 + tens * 10 + ones;
  head.minorVersion = (data[start + 7] as number) - ZERO;
  head.reasonStart = 13;
  head.reasonEnd = at - start;
  p.at = at + 2;
  head.fieldsStart = p.at - start;
  return true;
}

/** HTTP-version = "HTTP/1." ( "0" / "1" ) */
function isVersion(data: Uint8Array, at: number): boolean {
  const minor = data[at + 7] as number;
  return (
    data[at] === 0x48 &&
    data[at + 1] === 0x54 &&
    data[at + 2] === 0x54 &&
    data[at + 3] === 0x50 &&
    data[at + 4] === 0x2f &&
    data[at + 5] === 0x31 &&
    data[at + 6] === 0x2e &&
    (minor === ZERO || minor === ZERO + 1)
  );
}
