import type { MessageHead } from '../../http/message-head.ts';
import { parseHttpDate } from '../engine/http-date.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';

/** Conditions of a request (RFC 9110 §13) against what would be answered. */
export const notModifiedModule: HttpModule = {
  name: 'not modified',
  location(location) {
    location.headerFilters.push(check);
  },
};

function check(request: Request): void {
  const { out } = request;
  if (out.status !== 200 || request.isSubrequest || request.conditionsOff) return;
  const { head } = request.client as NonNullable<Request['client']>;
  if (!holds(request, head)) {
    request.instead = 412;
    return;
  }
  const modifiedSince = head.get('if-modified-since');
  const noneMatch = head.get('if-none-match');
  if (modifiedSince === undefined && noneMatch === undefined) return;
  if (modifiedSince !== undefined && isModified(request, modifiedSince)) return;
  if (noneMatch !== undefined && !matches(noneMatch, out.etag, true)) return;
  out.status = 304;
  out.contentType = '';
  out.contentLength = -1;
  out.allowsRanges = false;
  out.remove('Content-Encoding');
}

/** Do the conditions for doing anything at all hold? */
function holds(request: Request, head: MessageHead): boolean {
  const unmodifiedSince = head.get('if-unmodified-since');
  if (unmodifiedSince !== undefined && isNewer(request, unmodifiedSince)) return false;
  const match = head.get('if-match');
  return match === undefined || matches(match, request.out.etag, false);
}

/** Was it changed after that time? Without times, nobody can say that it was not. */
function isNewer({ out }: Request, text: string): boolean {
  const since = parseHttpDate(text);
  return out.lastModified < 0 || since === undefined || out.lastModified > since;
}

function isModified({ out, location }: Request, text: string): boolean {
  const { ifModifiedSince } = location.conf;
  if (out.lastModified < 0 || ifModifiedSince === 'off') return true;
  const since = parseHttpDate(text);
  if (since === out.lastModified) return false;
  return ifModifiedSince === 'exact' || since === undefined || since < out.lastModified;
}

/** Is `etag` in the list? A weak comparison takes `W/"a"` for `"a"`. */
function matches(list: string, etag: string, weak: boolean): boolean {
  if (list.trim() === '*') return true;
  if (etag === '') return false;
  const bare = (tag: string): string => (weak && tag.startsWith('W/') ? tag.slice(2) : tag);
  if (!weak && etag.startsWith('W/')) return false;
  return list.split(',').some((one) => bare(one.trim()) === bare(etag));
}
