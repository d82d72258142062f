import { AMBIGUOUS } from '../../http/field-names.ts';
import type { HttpError, HttpErrorCode } from '../../http/http-error.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Request } from './request.ts';

const IN_LINE = ' while reading client request line';
const IN_FIELDS = ' while reading client request headers';
const INVALID_LINE = `client sent invalid request${IN_LINE}`;

/** What the error log says of messages that are none, by what was wrong with them. */
const TEXTS: Partial<Readonly<Record<HttpErrorCode, string>>> = {
  BAD_CHUNK_FRAMING: 'client sent invalid chunked body',
  BAD_CHUNK_SIZE: 'client sent invalid chunked body',
  BAD_CONTENT_LENGTH: `client sent invalid "Content-Length" header${IN_FIELDS}`,
  BAD_HOST: `client sent invalid host header${IN_FIELDS}`,
  BAD_LINE_END: INVALID_LINE,
  BAD_METHOD: `client sent invalid method${IN_LINE}`,
  BAD_TARGET: INVALID_LINE,
  BAD_VERSION: `client sent invalid version${IN_LINE}`,
  CHUNK_EXTENSIONS_TOO_LARGE: 'client sent invalid chunked body',
  CHUNK_TOO_LARGE: 'client sent invalid chunked body',
  HEAD_TOO_LARGE: `client sent too large request${IN_FIELDS}`,
  REPEATED_FIELD: `client sent duplicate header line${IN_FIELDS}`,
  TARGET_TOO_LONG: `client sent too long URI${IN_LINE}`,
  TOO_MANY_FIELDS: `client sent too many header lines${IN_FIELDS}`,
  TRAILERS_TOO_LARGE: 'client sent invalid chunked body',
  UNSUPPORTED_TRANSFER_ENCODING: `client sent unknown "Transfer-Encoding"${IN_FIELDS}`,
  UNSUPPORTED_VERSION: `client sent invalid version${IN_LINE}`,
};

/** Nginx's words for `error`. `head`: what came of the message; `begun`: its first line is whole. */
function refusalText(error: HttpError, head: string, begun: boolean): string {
  const where = begun ? IN_FIELDS : IN_LINE;
  switch (error.code) {
    case 'TIMEOUT':
      return `client timed out (110: Connection timed out)${where}`;
    case 'INCOMPLETE':
      return `client prematurely closed connection${where}`;
    case 'BAD_HOST':
      if (error.message !== 'no Host') break;
      return `client sent HTTP/1.1 request without "Host" header${IN_FIELDS}`;
    case 'FIELD_TOO_LARGE':
      return `client sent too long header line: "${shortened(lastLine(head))}..."${IN_FIELDS}`;
    case 'BAD_FIELD':
      return `client sent invalid header line: "${shortened(lastLine(head))}..."${IN_FIELDS}`;
    case 'BAD_LINE_END':
      if (begun) return `client sent invalid header line: "${lastLine(head)}..."${IN_FIELDS}`;
      break;
    default:
  }
  return TEXTS[error.code] ?? error.message;
}

const SHOWN_MAX = 1700;

function shortened(text: string): string {
  return text.length > SHOWN_MAX ? text.slice(0, SHOWN_MAX) : text;
}

/** What stands behind the last line's end. */
function lastLine(head: string): string {
  const text = head.replace(/[\r\n]+$/, '');
  return text.slice(text.lastIndexOf('\n') + 1);
}

/** Logs and answers a message that is none. */
export function concludeRefusal(request: Request, error: HttpError): void {
  const { head } = request.client as ServerConnection;
  const { code, status } = error;
  const isLogged = code === 'BODY_TOO_LARGE' || code === 'BODY_NOT_KEPT';
  if (!isLogged) request.log('info', refusalText(error, head.text, head.targetEnd > 0));
  request.keepAlive = false;
  request.requestEnded = true;
  request.body.replace('');
  if (code === 'TIMEOUT') request.closeConnection(408);
  else if (code === 'INCOMPLETE') request.closeConnection(400);
  else request.concludeLater(status);
}

/** Names fields that were read over. */
export function logDropped(request: Request): void {
  const { head } = request.client as ServerConnection;
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.fieldId(index) !== AMBIGUOUS) continue;
    const line = `${head.fieldName(index)}: ${head.fieldValue(index)}`;
    request.log('info', `client sent invalid header line: "${line}"${IN_FIELDS}`);
  }
}
