import { reasonOf, statusText } from './reasons.ts';
import type { Request } from './request.ts';
import { TAKEN, type Verdict } from './verdict.ts';
import { SERVER_NAME, SERVER_NAME_BARE } from './version.ts';

/** The pages of these say something of their own: title and, in its place, text. */
const TEXTS: Readonly<Record<number, readonly [string, string]>> = {
  494: ['400 Request Header Or Cookie Too Large', 'Request Header Or Cookie Too Large'],
  495: ['400 The SSL certificate error', 'The SSL certificate error'],
  496: ['400 No required SSL certificate was sent', 'No required SSL certificate was sent'],
  497: [
    '400 The plain HTTP request was sent to HTTPS port',
    'The plain HTTP request was sent to HTTPS port',
  ],
};

/** Nginx's own: the client has got `400`. */
const SHOWN_AS_400 = new Set([494, 495, 496, 497]);
/** After these the connection is of no use. */
const ENDS_CONNECTION = new Set([400, 413, 414, 497, 495, 496, 494, 500, 501]);

/** A page of ours: `signature` is what servers say of themselves. */
export function errorPageOf(status: number, signature: string): string {
  const known = TEXTS[status];
  const title = known?.[0] ?? statusText(status);
  if (known === undefined && reasonOf(status) === undefined) return '';
  const heading = known === undefined ? title : '400 Bad Request';
  const more = known === undefined ? '' : `<center>${known[1]}</center>\r\n`;
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${heading}</h1></center>\r\n${more}` +
    `<hr><center>${signature}</center>\r\n</body>\r\n</html>\r\n`
  );
}

/**
 * Answers with a status of its own: as `error_page` says, or with a page of ours. `AGAIN`: the
 * request is on its way to another location.
 */
export function answerError(request: Request, status: number): Verdict {
  if (ENDS_CONNECTION.has(status)) request.keepAlive = false;
  const { out } = request;
  const { conf } = request.location;
  request.errorStatus = status;
  if (!request.errorPageUsed || conf.recursiveErrorPages) {
    for (const page of conf.errorPages) {
      if (page.statuses.includes(status)) return request.errorPage(page, status);
    }
  }
  const shown = SHOWN_AS_400.has(status) ? 400 : status;
  request.discardBody();
  out.status = shown;
  out.statusText = '';
  out.contentType = '';
  out.charset = '';
  out.clearRanges();
  out.clearLastModified();
  out.clearEtag();
  out.remove('ETag');
  out.remove('Content-Encoding');
  const body = shown < 300 ? '' : errorPageOf(status, signatureOf(request));
  if (body !== '') out.contentType = 'text/html';
  if (body === '' && shown === 204) out.contentLength = -1;
  else out.contentLength = body.length;
  if (!request.writeHead()) return TAKEN;
  request.writeText(body);
  request.end();
  return TAKEN;
}

/** How a page is signed. */
function signatureOf({ location }: Request): string {
  return location.conf.serverTokens === 'off' ? SERVER_NAME_BARE : SERVER_NAME;
}
