import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import { parseHttpDate } from '../../engine/http-date.ts';
import type { Request } from '../../engine/request.ts';
import { isOldMsie } from '../../engine/user-agent.ts';

/** Does the client take a compressed answer, and may it have one? */
export function mayCompress(request: Request): boolean {
  const { head } = request.client as ServerConnection;
  const { conf } = request.location;
  const encodings = head.get('accept-encoding');
  if (encodings === undefined || !takesGzip(encodings)) return false;
  if (head.simple || (head.minorVersion === 0 && conf.gzipHttpVersion === '1.1')) return false;
  if (head.get('via') !== undefined && !mayForProxy(request, head)) return false;
  const agent = head.get('user-agent') ?? '';
  return !conf.gzipDisable.some((one) => (one === 'msie6' ? isOldMsie(agent) : one.test(agent)));
}

/** `gzip` with another quality than 0 (RFC 9110 §12.5.3). */
export function takesGzip(encodings: string): boolean {
  const match = /(?:^|[, ])gzip *(?:$|,|; *(?:$|q=([^,]*)))/i.exec(encodings);
  if (match === null) return false;
  const quality = match[1];
  return quality === undefined || /^(?:1(?:\.0{0,3})?|0\.(?=\d*[1-9])\d{1,3}) *$/.test(quality);
}

/** What is said of caching says whether a proxy may be given it. */
function mayForProxy({ location, out, site }: Request, head: MessageHead): boolean {
  const { gzipProxied } = location.conf;
  const has = (word: (typeof gzipProxied)[number]): boolean => gzipProxied.includes(word);
  if (has('off')) return false;
  if (has('any')) return true;
  if (has('auth') && head.get('authorization') !== undefined) return true;
  const expires = out.get('Expires');
  if (expires !== undefined) {
    const until = parseHttpDate(expires);
    if (!has('expired') || until === undefined) return false;
    const said = parseHttpDate(out.get('Date') ?? '');
    return until < (said ?? Math.floor(site.clock.wallMs() / 1000));
  }
  const control = out.all('Cache-Control').join(',').toLowerCase();
  if (control !== '') {
    const words = ['no-cache', 'no-store', 'private'] as const;
    return words.some((word) => has(word) && control.includes(word));
  }
  const hasDate = out.lastModified >= 0 || out.lastModifiedText !== '';
  return !(has('no_last_modified') && hasDate) && !(has('no_etag') && out.etag !== '');
}
