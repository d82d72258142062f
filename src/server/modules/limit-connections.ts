import type { ConnectionZoneConf } from '../conf/limit-conf.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { Evaluate } from '../engine/templates.ts';
import { type Handler, NEXT, type Verdict } from '../engine/verdict.ts';
import type { Counts } from '../shared/connection-table.ts';
import { templateText, ZoneError } from '../shared/zones.ts';

const SLOT = Symbol('limit_conn status');
/** Longer keys are not counted: nginx has one byte for their length. */
const KEY_BYTES_MAX = 255;

type Limit = {
  readonly name: string;
  readonly key: Evaluate;
  readonly table: Counts;
  readonly max: number;
};

/** `limit_conn`: how many requests of a key may be under way at once. */
export const limitConnectionsModule: HttpModule = {
  name: 'limit connections',
  site(site) {
    const slot = site.variables.newSlot();
    site.parts.set(SLOT, slot);
    site.variables.define('limit_conn_status', { get: ({ values }) => values[slot] });
  },
  location({ conf, preAccess }, site) {
    if (conf.connectionLimits.length > 0) preAccess.push(handlerOf(conf, site));
  },
};

function handlerOf(conf: LocationConf, site: Site): Handler {
  const slot = site.parts.get(SLOT) as number;
  const limits = conf.connectionLimits.map(({ zone, max }) => limitOf(site, zone, max));
  const { connectionLimitDryRun: isDry, connectionLimitStatus: status } = conf;
  return (request): Verdict => {
    if (request.values[slot] !== undefined) return NEXT;
    const held = request.holds.length;
    for (let index = 0; index < limits.length; index += 1) {
      const limit = limits[index] as Limit;
      const key = keyText(limit.key, request);
      if (key === '') continue;
      request.values[slot] = 'PASSED';
      const entered = limit.table.enter(key, limit.max);
      if (typeof entered !== 'string') {
        request.holds.push(entered);
        continue;
      }
      if (entered === 'limited') {
        const dry = isDry ? ', dry run,' : '';
        const text = `limiting connections${dry} by zone "${limit.name}"`;
        request.log(conf.connectionLimitLogLevel, text);
      } else request.log('crit', `no room in limit_conn_zone "${limit.name}"`);
      for (const hold of request.holds.splice(held)) hold.release();
      request.values[slot] = isDry ? 'REJECTED_DRY_RUN' : 'REJECTED';
      return isDry ? NEXT : status;
    }
    return NEXT;
  };
}

function keyText(evaluate: Evaluate, request: Request): string {
  const text = evaluate(request);
  if (text.length <= KEY_BYTES_MAX) return text;
  request.log('error', `the value of a key is more than ${KEY_BYTES_MAX} bytes`);
  return '';
}

function limitOf(site: Site, name: string, max: number): Limit {
  const { key, bytes } = zoneOf(site, name);
  const table = site.zones.connections(name, bytes, templateText(key));
  return { name, key: site.template(key), table, max };
}

function zoneOf({ conf }: Site, name: string): ConnectionZoneConf {
  const zone = conf.connectionZones.find((one) => one.name === name);
  if (zone === undefined) throw new ZoneError(`zero size shared memory zone "${name}"`);
  return zone;
}
