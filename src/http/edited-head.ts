import type { FieldEdits } from './field-edits.ts';
import {
  AMBIGUOUS,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  isHopByHop,
  X_FORWARDED_FOR,
} from './field-names.ts';
import type { MessageHead } from './message-head.ts';
import { statusLine } from './serializer.ts';
import { reasonOf } from './status.ts';

/** How the message that follows is framed, as its field line; '' where there is no body. */
export function framingLine(framing: 'none' | 'chunked' | number): string {
  if (framing === 'none') return '';
  if (framing === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  return `Content-Length: ${framing}\r\n`;
}

/**
 * A request head with changes as it goes to an upstream. `line` is method and target; `framing` is
 * a complete line, or ''; `client` is appended to X-Forwarded-For, unless it is empty or the field
 * was set by hand.
 */
export function editedRequestHead(
  line: string,
  host: string,
  head: MessageHead,
  edits: FieldEdits,
  framing: string,
  client: string,
): string {
  const own = edits.adds('x-forwarded-for');
  let kept = '';
  let forwarded = '';
  for (let index = 0; index < head.fieldCount; index += 1) {
    const id = head.fieldId(index);
    if (id === HOST || id === CONTENT_LENGTH || id === EXPECT || id === AMBIGUOUS) continue;
    if (isHopByHop(id) || head.isNominated(index) || edits.removes(index)) continue;
    if (id === X_FORWARDED_FOR && !own) {
      const value = head.fieldValue(index);
      if (value !== '') forwarded += forwarded === '' ? value : `, ${value}`;
    } else kept += head.text.slice(head.lineStart(index), head.lineStart(index + 1));
  }
  if (!own && client !== '') forwarded += forwarded === '' ? client : `, ${client}`;
  const xff = forwarded === '' ? '' : `X-Forwarded-For: ${forwarded}\r\n`;
  return `${line} HTTP/1.1\r\n${host}${kept}${edits.lines()}${framing}${xff}\r\n`;
}

/**
 * A response head with changes as it goes to a client. `reason`: another one than came, or the
 * usual one of another status. `framing`: complete lines that frame the
 * body and say whether the connection stays; with `''` the length that came stays.
 */
export function editedResponseHead(
  status: number,
  reason: string | undefined,
  head: MessageHead,
  edits: FieldEdits,
  keepsLength: boolean,
  framing: string,
): string {
  let kept = '';
  // A 204 must not say how long it is (RFC 9110 §8.6).
  const hasLength = keepsLength && status !== 204;
  const length = hasLength && head.lengthPadded ? framingLine(head.contentLength) : '';
  let from = head.fieldsStart;
  for (let index = 0; index < head.fieldCount; index += 1) {
    const id = head.fieldId(index);
    const isOurs =
      id === CONTENT_LENGTH
        ? !hasLength || head.lengthPadded
        : isHopByHop(id) || head.isNominated(index);
    if (!isOurs && !edits.removes(index)) continue;
    const lineStart = head.lineStart(index);
    if (lineStart > from) kept += head.text.slice(from, lineStart);
    from = head.lineStart(index + 1);
  }
  const end = head.bytes - 2;
  if (from < end) kept += head.text.slice(from, end);
  const isSame = reason === undefined && status === head.status;
  const line = isSame ? statusLine(head) : `HTTP/1.1 ${status} ${reason ?? reasonOf(status)}\r\n`;
  return `${line}${kept}${edits.lines()}${length}${framing}\r\n`;
}
