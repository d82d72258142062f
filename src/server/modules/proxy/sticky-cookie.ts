import type { StickyConf } from '../../conf/sticky-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';

const SECOND = 1000;
const FOR_EVER = '; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000';
const SAME_SITE = /^(?:strict|lax|none)$/i;

/** The value of the Set-Cookie field of `sticky cookie`, for a request and the route it took. */
export function stickyCookie(
  conf: Extract<StickyConf, { kind: 'cookie' }>,
  site: Site,
): (request: Request, route: string) => string {
  const { name, expires } = conf;
  const domain = conf.domain === undefined ? undefined : site.template(conf.domain);
  const sameSite = conf.sameSite === undefined ? undefined : site.template(conf.sameSite);
  const flags = (conf.httpOnly ? '; httponly' : '') + (conf.secure ? '; secure' : '');
  const path = conf.path === undefined ? '' : `; path=${conf.path}`;
  return (request, route) => {
    let text = `${name}=${route}`;
    if (expires === 'max') text += FOR_EVER;
    else if (expires !== undefined) {
      const until = cookieTime(site.environment.wallMs() + expires);
      text += `; expires=${until}; max-age=${expires / SECOND}`;
    }
    const domainText = domain?.(request) ?? '';
    if (domainText !== '') text += `; domain=${domainText}`;
    text += flags;
    const siteText = sameSite?.(request) ?? '';
    // A variable may say anything: what makes no sense is taken for the strictest.
    if (siteText !== '') text += `; samesite=${SAME_SITE.test(siteText) ? siteText : 'strict'}`;
    return text + path;
  };
}

/** `Thu, 31-Dec-37 23:55:55 GMT`: two digits of the year, as long as these are unambiguous. */
export function cookieTime(ms: number): string {
  const date = new Date(ms);
  const [day = '', number = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
  const shown = Number(year) > 2037 ? year : year.slice(2);
  return `${day} ${number}-${month}-${shown} ${time} GMT`;
}
