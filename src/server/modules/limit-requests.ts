import type { RateZoneConf } from '../conf/limit-conf.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { Evaluate } from '../engine/templates.ts';
import { type Handler, NEXT, type Verdict, WAIT } from '../engine/verdict.ts';
import {
  excessText,
  LOCKED,
  NO_ROOM,
  NOT_LIMITED,
  OVER_LIMIT,
  RateLimits,
} from '../shared/rate-limits.ts';
import { templateText, ZoneError } from '../shared/zones.ts';

const SLOT = Symbol('limit_req status');
/** Longer keys are not counted: nginx has two bytes for their length. */
const KEY_BYTES_MAX = 65_535;
const MILLI = 1000;

/** `limit_req`: how many requests of a key may come in a second. */
export const limitRequestsModule: HttpModule = {
  name: 'limit requests',
  site(site) {
    const slot = site.variables.newSlot();
    site.parts.set(SLOT, slot);
    site.variables.define('limit_req_status', { get: ({ values }) => values[slot] });
  },
  location({ conf, preAccess }, site) {
    if (conf.rateLimits.length > 0) preAccess.push(handlerOf(conf, site));
  },
};

/** Messages about requests that wait are less important than those about requests refused. */
const LESS: Readonly<Record<string, LogLevel>> = { error: 'warn', warn: 'notice', notice: 'info' };

const NOT_COUNTED: Readonly<Record<number, string>> = {
  [NO_ROOM]: 'could not allocate node in limit_req',
  [LOCKED]: 'could not lock limit_req',
};

function handlerOf(conf: LocationConf, site: Site): Handler {
  const slot = site.parts.get(SLOT) as number;
  const zones = conf.rateLimits.map(({ zone }) => zoneOf(site, zone));
  const keys = zones.map(({ key }) => site.template(key));
  const limits = new RateLimits(
    conf.rateLimits.map(({ burst, delay }, index) => {
      const { name, bytes, key, rate } = zones[index] as RateZoneConf;
      const table = site.zones.rates(name, bytes, templateText(key));
      return { table, rate, burst: burst * MILLI, delay: delay * MILLI };
    }),
  );
  const { rateLimitDryRun: isDry, rateLimitLogLevel: level, rateLimitStatus } = conf;
  const dry = isDry ? ', dry run' : '';
  const texts: string[] = [];
  return (request): Verdict => {
    if (request.values[slot] !== undefined) return NEXT;
    for (let index = 0; index < keys.length; index += 1) {
      texts[index] = keyText(keys[index] as Evaluate, request);
    }
    const waitMs = limits.admit(texts, site.port.loop.nowMs());
    if (waitMs === NOT_LIMITED) return NEXT;
    const zone = `by zone "${zones[limits.limit]?.name}"`;
    if (waitMs < 0) {
      if (waitMs === OVER_LIMIT) {
        request.log(level, `limiting requests${dry}, excess: ${excessText(limits.excess)} ${zone}`);
      } else request.log('alert', `${NOT_COUNTED[waitMs]} zone "${zones[limits.limit]?.name}"`);
      request.values[slot] = isDry ? 'REJECTED_DRY_RUN' : 'REJECTED';
      return isDry ? NEXT : rateLimitStatus;
    }
    if (waitMs === 0) {
      request.values[slot] = 'PASSED';
      return NEXT;
    }
    const excess = excessText(limits.excess);
    request.log(LESS[level] ?? 'info', `delaying request${dry}, excess: ${excess}, ${zone}`);
    request.values[slot] = isDry ? 'DELAYED_DRY_RUN' : 'DELAYED';
    if (isDry) return NEXT;
    request.delay.start(waitMs, NEXT);
    return WAIT;
  };
}

function keyText(evaluate: Evaluate, request: Request): string {
  const text = evaluate(request);
  if (text.length <= KEY_BYTES_MAX) return text;
  request.log('error', `the value of a key is more than ${KEY_BYTES_MAX} bytes`);
  return '';
}

function zoneOf({ conf }: Site, name: string): RateZoneConf {
  const zone = conf.rateZones.find((one) => one.name === name);
  if (zone === undefined) throw new ZoneError(`zero size shared memory zone "${name}"`);
  return zone;
}
