import type { AddedField, ExpiresConf } from '../conf/headers-conf.ts';
import { httpDate } from '../engine/http-date.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { HeaderFilter } from '../engine/verdict.ts';

/** Statuses whose answers get the fields that are not for `always`. */
const STATUSES = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);
const EPOCH = 'Thu, 01 Jan 1970 00:00:01 GMT';
const MAX = 'Thu, 31 Dec 2037 23:55:55 GMT';
const MAX_AGE = 315_360_000;

/** `add_header` and `expires`. */
export const headersModule: HttpModule = {
  name: 'headers',
  location({ conf, headerFilters }, site) {
    if (conf.expires.kind !== 'off') headerFilters.push(expiresFilter(conf.expires, site));
    for (const field of conf.addHeaders) headerFilters.push(fieldFilter(field, site));
  },
};

function fieldFilter({ name, value, always }: AddedField, site: Site): HeaderFilter {
  const evaluate = site.template(value);
  const lower = name.toLowerCase();
  return (request) => {
    if (!always && !STATUSES.has(request.out.status)) return;
    const text = evaluate(request);
    if (lower === 'last-modified') setLastModified(request, text);
    else if (text !== '') {
      if (lower === 'etag') {
        request.out.remove('ETag');
        request.out.etag = text;
      }
      request.out.add(name, text);
    } else if (lower === 'etag') {
      request.out.remove('ETag');
      request.out.etag = '';
    }
  };
}

function setLastModified({ out }: Request, text: string): void {
  out.lastModified = -1;
  out.lastModifiedText = text;
}

function expiresFilter(conf: ExpiresConf, site: Site): HeaderFilter {
  const evaluate = conf.kind === 'variable' ? site.template(conf.value) : undefined;
  return (request) => {
    if (!STATUSES.has(request.out.status)) return;
    const chosen = evaluate === undefined ? conf : parseExpires(evaluate(request));
    if (chosen !== undefined && chosen.kind !== 'off') setExpires(request, chosen);
  };
}

function setExpires(request: Request, conf: ExpiresConf): void {
  const { out, site } = request;
  out.remove('Expires');
  out.remove('Cache-Control');
  if (conf.kind === 'epoch') {
    out.add('Expires', EPOCH);
    out.add('Cache-Control', 'no-cache');
    return;
  }
  if (conf.kind === 'max') {
    out.add('Expires', MAX);
    out.add('Cache-Control', `max-age=${MAX_AGE}`);
    return;
  }
  if (!('seconds' in conf)) return;
  const now = Math.floor(site.clock.wallMs() / 1000);
  const at = expiryOf(conf, now, out.lastModified);
  out.add('Expires', httpDate(at));
  const age = at - now;
  const isPast = conf.kind === 'daily' ? age < 0 : conf.seconds < 0 || age < 0;
  out.add('Cache-Control', isPast ? 'no-cache' : `max-age=${age}`);
}

const DAY = 86_400;

function expiryOf(
  { kind, seconds }: { kind: 'access' | 'modified' | 'daily'; seconds: number },
  now: number,
  lastModified: number,
): number {
  if (kind === 'daily') {
    const midnight = new Date(now * 1000).setHours(0, 0, 0, 0) / 1000;
    const today = midnight + seconds;
    return today > now ? today : today + DAY;
  }
  return (kind === 'modified' && lastModified >= 0 ? lastModified : now) + seconds;
}

/** What a variable says; `undefined` for nonsense, which is not followed. */
function parseExpires(text: string): ExpiresConf | undefined {
  if (text === 'off' || text === 'epoch' || text === 'max') return { kind: text };
  const match = /^(@?)([+-]?)(\d+)([smhdwMy]?)$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[3]) * (UNITS[match[4] as string] ?? 1);
  if (match[1] === '@') return { kind: 'daily', seconds };
  return { kind: 'access', seconds: match[2] === '-' ? -seconds : seconds };
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  y: 365 * DAY,
};
