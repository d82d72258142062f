import {
  AMBIGUOUS,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  isHopByHop,
  OTHER,
  X_FORWARDED_FOR,
} from './field-names.ts';
import type { MessageHead } from './message-head.ts';
import { originForm } from './request-target.ts';

/**
 * The head of a request as it goes to an upstream. The received text is used again wherever
 * nothing changes: a head is a few slices of it and the lines that are ours.
 *
 * `host` is the line for the upstream, complete. `client` is appended to X-Forwarded-For, unless
 * it is empty.
 */
export function requestHead(head: MessageHead, host: string, client: string): string {
  return `${requestLine(head)}${host}${keptFields(head, keepsInRequest)}${framingLine(
    head,
  )}${forwardedFor(head, client)}\r\n`;
}

/** The head of a response as it goes to a client. `ours`: complete lines that are added. */
export function responseHead(head: MessageHead, ours: string): string {
  const keeps = head.status === 204 || head.lengthPadded ? keepsWithoutContent : keepsInResponse;
  const length = head.lengthPadded && head.status !== 204 ? lengthLine(head) : '';
  return `${statusLine(head)}${keptFields(head, keeps)}${length}${ours}\r\n`;
}

/** The head of an interim response as it goes to a client; it has no body to frame. */
export function interimHead(head: MessageHead): string {
  return `${statusLine(head)}${keptFields(head, keepsWithoutContent)}\r\n`;
}

/** Behind `HTTP/1.1 200 `, where its last space came, too. */
const REASON_START = 13;

/** The status line of a response, as it came where it can stay. */
export function statusLine(head: MessageHead): string {
  if (head.minorVersion === 1 && head.reasonStart === REASON_START) {
    return head.text.slice(0, head.fieldsStart);
  }
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
}

const SLASH = 0x2f;

function requestLine(head: MessageHead): string {
  const { text } = head;
  if (head.minorVersion === 1 && text.charCodeAt(head.targetStart) === SLASH) {
    return text.slice(0, head.fieldsStart);
  }
  return `${head.method} ${originForm(head)} HTTP/1.1\r\n`;
}

function keepsInRequest(id: number): boolean {
  return (
    !isHopByHop(id) &&
    id !== HOST &&
    id !== CONTENT_LENGTH &&
    id !== EXPECT &&
    id !== X_FORWARDED_FOR &&
    id !== AMBIGUOUS
  );
}

/** Content-Length stays: it was read as digits, and a response is never framed anew. */
function keepsInResponse(id: number): boolean {
  return !isHopByHop(id);
}

/** A 204 has no content, and must not say how long it is (RFC 9110 §8.6). */
function keepsWithoutContent(id: number): boolean {
  return id !== CONTENT_LENGTH && keepsInResponse(id);
}

/** Field lines in the order in which they came, as few slices of the text as can be. */
function keptFields(head: MessageHead, keeps: (id: number) => boolean): string {
  const { text, nominated, fieldCount } = head;
  let kept = '';
  let from = head.fieldsStart;
  for (let index = 0; index < fieldCount; index += 1) {
    const id = head.fieldId(index);
    if (
      (id === OTHER || keeps(id)) &&
      (nominated === undefined || id === CONTENT_LENGTH || !head.isNominated(index))
    ) {
      continue;
    }
    const lineStart = head.lineStart(index);
    if (lineStart > from) kept += text.slice(from, lineStart);
    from = head.lineStart(index + 1);
  }
  const end = head.bytes - 2;
  return from < end ? kept + text.slice(from, end) : kept;
}

function lengthLine(head: MessageHead): string {
  return `Content-Length: ${head.contentLength}\r\n`;
}

/** Said anew, so that there is one way to read it. */
function framingLine(head: MessageHead): string {
  if (head.framing === 'length') return lengthLine(head);
  return head.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
}

/** Lines of one name are one list (RFC 9110 §5.3): none of it is lost, and our client is its end. */
function forwardedFor(head: MessageHead, client: string): string {
  let list = '';
  let index = head.indexOf(X_FORWARDED_FOR);
  if (index >= 0 && !head.isNominated(index)) {
    for (; index < head.fieldCount; index += 1) {
      if (head.fieldId(index) !== X_FORWARDED_FOR) continue;
      const value = head.fieldValue(index);
      if (value !== '') list += list === '' ? value : `, ${value}`;
    }
  }
  if (client !== '') list += list === '' ? client : `, ${client}`;
  return list === '' ? '' : `X-Forwarded-For: ${list}\r\n`;
}
