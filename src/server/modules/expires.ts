import type { ExpiresConf } from '../conf/headers-conf.ts';
import { httpDate } from '../engine/http-date.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { HeaderFilter } from '../engine/verdict.ts';
import { isForFields } from './field-statuses.ts';

const EPOCH = 'Thu, 01 Jan 1970 00:00:01 GMT';
const MAX = 'Thu, 31 Dec 2037 23:55:55 GMT';
const MAX_AGE = 315_360_000;
const DAY = 86_400;

/** Sets `Expires` and `Cache-Control`. */
export function expiresFilter(conf: ExpiresConf, site: Site): HeaderFilter {
  const evaluate = conf.kind === 'variable' ? site.template(conf.value) : undefined;
  const isModified = conf.kind === 'variable' && conf.modified;
  return (request) => {
    if (!isForFields(request.out.status)) return;
    const chosen = evaluate === undefined ? conf : parseExpires(evaluate(request), isModified);
    if (chosen !== undefined && chosen.kind !== 'off') setExpires(request, chosen);
  };
}

function setExpires(request: Request, conf: ExpiresConf): void {
  const { out } = request;
  out.remove('Expires');
  out.remove('Cache-Control');
  if (conf.kind === 'epoch') add(request, EPOCH, 'no-cache');
  else if (conf.kind === 'max') add(request, MAX, `max-age=${MAX_AGE}`);
  else if ('seconds' in conf) setTime(request, conf);
}

function add({ out }: Request, expires: string, control: string): void {
  out.add('Expires', expires);
  out.add('Cache-Control', control);
}

type TimeConf = { readonly kind: 'access' | 'modified' | 'daily'; readonly seconds: number };

function setTime(request: Request, conf: TimeConf): void {
  const now = Math.floor(request.site.clock.wallMs() / 1000);
  if (conf.seconds === 0 && conf.kind !== 'daily') {
    add(request, httpDate(now), 'max-age=0');
    return;
  }
  const at = expiryOf(conf, now, lastModified(request));
  const age = at - now;
  const isPast = age < 0 || (conf.kind !== 'daily' && conf.seconds < 0);
  add(request, httpDate(at), isPast ? 'no-cache' : `max-age=${age}`);
}

/** Seconds since 1970; -1 where it is not known. */
function lastModified({ out }: Request): number {
  if (out.lastModified >= 0 || out.lastModifiedText === '') return out.lastModified;
  const ms = Date.parse(out.lastModifiedText);
  return Number.isNaN(ms) ? -1 : ms / 1000;
}

function expiryOf({ kind, seconds }: TimeConf, now: number, modified: number): number {
  if (kind === 'daily') {
    const midnight = new Date(now * 1000).setHours(0, 0, 0, 0) / 1000;
    const today = midnight + seconds;
    return today > now ? today : today + DAY;
  }
  return (kind === 'modified' && modified >= 0 ? modified : now) + seconds;
}

/** What a variable says; `undefined` for nonsense, which is not followed. */
function parseExpires(text: string, isModified: boolean): ExpiresConf | undefined {
  if (!isModified && (text === 'off' || text === 'epoch' || text === 'max')) return { kind: text };
  const [, at, sign, time] = /^(@?)([+-]?)(.+)$/.exec(text) ?? [];
  const seconds = time === undefined ? undefined : secondsIn(time);
  if (seconds === undefined) return undefined;
  if (at === '@') {
    return isModified || seconds > DAY || sign !== '' ? undefined : { kind: 'daily', seconds };
  }
  return { kind: isModified ? 'modified' : 'access', seconds: sign === '-' ? -seconds : seconds };
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  y: 365 * DAY,
};
const TIME = /^(?:\d+y)?(?:\d+M)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s?)?$/;

/** `1h30m`, `90`. */
function secondsIn(text: string): number | undefined {
  if (!TIME.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, unit = 's'] of text.matchAll(/(\d+)([yMwdhms]?)/g)) {
    seconds += Number(digits) * (UNITS[unit === '' ? 's' : unit] as number);
  }
  return seconds;
}
