import { USER_AGENT } from '../../http/field-names.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { ErrorPage } from '../conf/core-conf.ts';
import { reasonOf, statusText } from './reasons.ts';
import type { Request } from './request.ts';
import { escapeRefresh } from './uri.ts';
import { isChrome, isMsie } from './user-agent.ts';
import { TAKEN, type Verdict } from './verdict.ts';
import { serverName } from './version.ts';

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

/** Where nginx's pages say it in other words than its heads. */
const TITLES: Readonly<Record<number, string>> = {
  302: '302 Found',
  401: '401 Authorization Required',
};

/** Nginx's own: the client has got `400`. */
const SHOWN_AS_400 = new Set([494, 495, 496, 497]);
/** After these the connection is of no use. */
const ENDS_CONNECTION = new Set([400, 413, 414, 497, 495, 496, 494, 500, 501]);

/** A page of ours: `signature` is what servers say of themselves. */
export function errorPageOf(status: number, signature: string): string {
  const known = TEXTS[status];
  const title = known?.[0] ?? TITLES[status] ?? statusText(status);
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
  const { conf } = request.location;
  request.errorStatus = status;
  if (!request.errorPageUsed || conf.recursiveErrorPages) {
    for (const page of conf.errorPages) {
      if (page.statuses.includes(status)) return answerByPage(request, page, status);
    }
  }
  return answerPage(request, status);
}

const MOVED = [301, 302, 303, 307, 308];

/** `status` is answered by what `page` says. */
function answerByPage(request: Request, page: ErrorPage, status: number): Verdict {
  const { answer } = page;
  const target = request.site.template(page.target)(request);
  request.errorPageUsed = true;
  if (typeof answer === 'number') request.errorStatus = answer;
  else if (answer === 'target') request.errorStatus = 0;
  if (target.startsWith('@')) return request.redirectTo(target);
  if (target.startsWith('/')) {
    if (request.method !== 'HEAD') request.method = 'GET';
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    return request.redirect(path, query < 0 ? '' : target.slice(query + 1));
  }
  const moved = typeof answer === 'number' && answer >= 300 ? answer : 302;
  request.errorStatus = 0;
  request.out.location = target;
  return answerError(request, MOVED.includes(moved) ? moved : status);
}

function answerPage(request: Request, status: number): Verdict {
  const { out } = request;
  const agent = (request.client as ServerConnection).head.valueOf(USER_AGENT) ?? '';
  request.intake.discard(false);
  if (isRefreshed(request, agent)) return answerRefresh(request);
  const shown = SHOWN_AS_400.has(status) ? 400 : status;
  request.errorStatus = shown;
  out.status = shown;
  forgetBody(request);
  const page = shown < 300 ? '' : errorPageOf(status, signatureOf(request));
  const body = page !== '' && isPadded(request, agent) ? page + PADDING : page;
  if (body !== '') out.contentType = 'text/html';
  if (body === '' && shown === 204) out.contentLength = -1;
  else out.contentLength = body.length;
  if (!request.writeHead()) return TAKEN;
  request.writeText(body);
  request.end();
  return TAKEN;
}

/** What holds for another body than the one that is sent now. */
function forgetBody({ out }: Request): void {
  out.statusText = '';
  out.contentType = '';
  out.charset = '';
  out.clearRanges();
  out.clearLastModified();
  out.clearEtag();
  out.remove('Content-Encoding');
}

const REDIRECTS = new Set([301, 302]);
const REFRESH_HEAD = '<html><head><meta http-equiv="Refresh" content="0; URL=';
const REFRESH_TAIL = '"></head><body></body></html>\r\n';
const PADDING_LINE = '<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n';
/** Some browsers show a page of their own instead of a small one. */
const PADDING: string = PADDING_LINE.repeat(6);

function isPadded({ location, out, client }: Request, agent: string): boolean {
  if (!location.conf.msiePadding || out.status < 400) return false;
  if ((client as ServerConnection).head.simple) return false;
  return isMsie(agent) || isChrome(agent);
}

function isRefreshed({ location, out, errorStatus }: Request, agent: string): boolean {
  return (
    location.conf.msieRefresh &&
    out.location !== '' &&
    (errorStatus === 0 || REDIRECTS.has(errorStatus)) &&
    isMsie(agent)
  );
}

/** A page that leads on, for browsers that were slow with redirects. */
function answerRefresh(request: Request): Verdict {
  const { out } = request;
  const body = `${REFRESH_HEAD}${escapeRefresh(out.location)}${REFRESH_TAIL}`;
  forgetBody(request);
  request.errorStatus = 0;
  out.location = '';
  return request.reply(200, 'text/html', body);
}

/** How a page is signed. */
function signatureOf({ location, site }: Request): string {
  return serverName(location.conf.serverTokens, site.environment.build);
}
