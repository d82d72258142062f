import type {
  ConnectionZoneConf,
  LimitLogLevel,
  RateLimitConf,
  RateZoneConf,
  ZonesConf,
} from '../../server/conf/limit-conf.ts';
import type { Template } from '../../server/conf/template.ts';
import { ConfigError } from '../config-error.ts';
import { type DirectiveTable, flag, type Use } from '../directive.ts';
import type { Scope } from '../scope.ts';
import { sizeOf } from '../values.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';
import { HTTP_STREAM } from './lookup.ts';

const ZONES = 'limit zones';
/** Eight pages: what nginx needs to keep a zone at all. */
const ZONE_BYTES_MIN = 8 * 4096;
const CONNECTIONS_MAX = 65_535;

type Zones = {
  rateZones: RateZoneConf[];
  connectionZones: ConnectionZoneConf[];
  /** Names of zones that are used, be they defined before or after that. */
  readonly rateUses: string[];
  readonly connectionUses: string[];
};

function zonesIn(scope: Scope): Zones {
  const root = scope.enclosing('http') ?? scope.enclosing('stream') ?? scope;
  let zones = root.parts.get(ZONES) as Zones | undefined;
  if (zones === undefined) {
    zones = { rateZones: [], connectionZones: [], rateUses: [], connectionUses: [] };
    root.parts.set(ZONES, zones);
  }
  return zones;
}

/** The zones of an `http` or `stream` block; throws where one is used that is not there. */
export function zonesOf(scope: Scope): ZonesConf {
  const { rateZones, connectionZones, rateUses, connectionUses } = zonesIn(scope);
  for (const zone of rateUses) checkUse(zone, rateZones, connectionZones);
  for (const zone of connectionUses) checkUse(zone, connectionZones, rateZones);
  return { rateZones, connectionZones };
}

/** `limit_req` and `limit_conn`, with their zones. */
export const limitDirectives: DirectiveTable = {
  limit_req_zone: {
    contexts: ['http'],
    args: 3,
    read: readRateZone,
  },
  limit_req: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 3],
    read: (use) => {
      const limit = rateLimitOf(use);
      const known = (use.scope.values.rateLimits as readonly RateLimitConf[] | undefined) ?? [];
      if (known.some(({ zone }) => zone === limit.zone)) use.failDuplicate();
      use.append('rateLimits', limit);
    },
  },
  limit_req_log_level: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'error',
    read: (use) => use.set('rateLimitLogLevel', levelOf(use)),
  },
  limit_req_status: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '503',
    read: (use) => use.set('rateLimitStatus', statusOf(use)),
  },
  limit_req_dry_run: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('rateLimitDryRun'),
  },
  limit_conn_zone: {
    contexts: HTTP_STREAM,
    args: 2,
    read: readConnectionZone,
  },
  limit_conn: {
    contexts: [...HTTP_SERVER_LOCATION, 'stream', 'stream-server'],
    args: 2,
    read: readConnectionLimit,
  },
  limit_conn_log_level: {
    contexts: [...HTTP_SERVER_LOCATION, 'stream', 'stream-server'],
    args: 1,
    default: 'error',
    read: (use) => use.set('connectionLimitLogLevel', levelOf(use)),
  },
  limit_conn_status: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '503',
    read: (use) => use.set('connectionLimitStatus', statusOf(use)),
  },
  limit_conn_dry_run: {
    contexts: [...HTTP_SERVER_LOCATION, 'stream', 'stream-server'],
    args: 'flag',
    default: 'off',
    read: flag('connectionLimitDryRun'),
  },
};

function levelOf(use: Use): LimitLogLevel {
  return use.oneOf('info', 'notice', 'warn', 'error');
}

function statusOf(use: Use): number {
  const status = use.number();
  if (status < 400 || status > 599) use.fail(`value must be between 400 and 599`);
  return status;
}

type ZoneName = { readonly name: string; readonly bytes: number };

/** `zone=name:size`. */
function zoneOf(use: Use, word: string): ZoneName {
  const [, name = '', size = ''] = /^zone=([^:]*):(.*)$/.exec(word) ?? [];
  const bytes = sizeOf(size);
  if (bytes === undefined) return use.fail(`invalid zone size "${word}"`);
  if (bytes < ZONE_BYTES_MIN) use.fail(`zone "${word}" is too small`);
  if (name === '') use.fail(`"${use.name}" must have "zone" parameter`);
  return { name, bytes };
}

function readRateZone(use: Use): void {
  const [key = '', ...words] = use.args;
  let zone: ZoneName | undefined;
  let rate = 1000;
  for (const word of words) {
    if (word.startsWith('zone=')) zone = zoneOf(use, word);
    else if (word.startsWith('rate=')) rate = rateOf(use, word);
    else use.fail(`invalid parameter "${word}"`);
  }
  if (zone === undefined) use.fail(`"${use.name}" must have "zone" parameter`);
  const { rateZones, connectionZones } = zonesIn(use.scope);
  checkNew(use, zone, rateZones, connectionZones);
  rateZones.push({ ...zone, key: use.template(key), rate });
}

/** `rate=10r/s` in requests per 1000 seconds; without a unit it is per second. */
function rateOf(use: Use, word: string): number {
  const match = /^rate=(\d{1,9})(r\/[sm])?$/.exec(word);
  const count = match === null ? 0 : Number(match[1]);
  if (count === 0) use.fail(`invalid rate "${word}"`);
  const rate = match?.[2] === 'r/m' ? Math.trunc((count * 1000) / 60) : count * 1000;
  return rate;
}

function readConnectionZone(use: Use): void {
  const [key = '', word = ''] = use.args;
  if (!word.startsWith('zone=')) use.fail(`invalid parameter "${word}"`);
  const zone = zoneOf(use, word);
  const { rateZones, connectionZones } = zonesIn(use.scope);
  checkNew(use, zone, connectionZones, rateZones);
  connectionZones.push({ ...zone, key: use.template(key) });
}

function checkNew(
  use: Use,
  { name }: ZoneName,
  zones: readonly { readonly name: string; readonly key: Template }[],
  others: Named,
): void {
  if (others.some((zone) => zone.name === name)) use.fail(takenText(name));
  const known = zones.find((zone) => zone.name === name);
  if (known === undefined) return;
  use.fail(`${use.name} "${name}" is already bound to key "${textOf(known.key)}"`);
}

/** A template as it was written. */
function textOf(template: Template): string {
  if (typeof template === 'string') return template;
  return template.map((part) => (typeof part === 'string' ? part : `$${part.name}`)).join('');
}

function rateLimitOf(use: Use): RateLimitConf {
  let zone: string | undefined;
  let burst = 0;
  let delay = 0;
  for (const word of use.args) {
    const [name = '', value = ''] = word.split('=');
    const count = /^\d{1,9}$/.test(value) ? Number(value) : 0;
    if (name === 'zone' && value !== '') zone = value;
    else if (name === 'burst') burst = count || use.fail(`invalid burst value "${word}"`);
    else if (name === 'delay') delay = count || use.fail(`invalid delay value "${word}"`);
    else if (word === 'nodelay') delay = Number.POSITIVE_INFINITY;
    else use.fail(`invalid parameter "${word}"`);
  }
  if (zone === undefined) use.fail(`"${use.name}" must have "zone" parameter`);
  zonesIn(use.scope).rateUses.push(zone);
  return { zone, burst, delay };
}

function readConnectionLimit(use: Use): void {
  const [zone = '', digits = ''] = use.args;
  const known =
    (use.scope.values.connectionLimits as readonly { zone: string }[] | undefined) ?? [];
  if (known.some((limit) => limit.zone === zone)) use.failDuplicate();
  const max = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
  if (max === 0) use.fail(`invalid number of connections "${digits}"`);
  if (max > CONNECTIONS_MAX) use.fail('connection limit must be less 65536');
  zonesIn(use.scope).connectionUses.push(zone);
  use.append('connectionLimits', { zone, max });
}

type Named = readonly { readonly name: string }[];

/** Nginx names no place for it, as it finds it when all is read. */
function checkUse(zone: string, zones: Named, others: Named): void {
  if (zones.some(({ name }) => name === zone)) return;
  if (others.some(({ name }) => name === zone)) throw new ConfigError(takenText(zone));
  throw new ConfigError(`zero size shared memory zone "${zone}"`);
}

function takenText(zone: string): string {
  return `the shared memory zone "${zone}" is already declared for a different use`;
}
