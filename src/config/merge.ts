import { LOCATION_DEFAULTS, SERVER_DEFAULTS } from '../server/conf/defaults.ts';
import type { LocationConf } from '../server/conf/location-conf.ts';
import type { Script } from '../server/conf/script.ts';
import type { ServerConf } from '../server/conf/site-conf.ts';
import { MAIN_DEFAULTS, type MainConf, type Settings } from './program-conf.ts';
import type { Scope } from './scope.ts';

/** What a block inside a location does not take over from it: all else of its own it keeps. */
const NOT_IN_IF: readonly (keyof Settings)[] = ['script', 'tryFiles', 'limitExcept'];

/** What holds in a block: its own settings, then those around it, then the defaults. */
export function locationConf(scope: Scope, locations: readonly LocationConf[]): LocationConf {
  const kept = isInner(scope) && scope.parent !== undefined ? keptOf(scope.parent) : {};
  return pick(LOCATION_DEFAULTS, { ...inherited(scope), ...kept, ...scope.own, locations });
}

export function serverConf(scope: Scope, location: LocationConf, script: Script): ServerConf {
  return pick(SERVER_DEFAULTS, { ...inherited(scope), ...scope.own, location, script });
}

export function mainConf(scope: Scope, events: Scope | undefined): MainConf {
  return pick(MAIN_DEFAULTS, { ...scope.values, ...scope.own, ...events?.values, ...events?.own });
}

/** What holds in a block of any other kind, by its defaults. */
export function confOf<Conf extends object>(defaults: Conf, scope: Scope): Conf {
  return pick(defaults, { ...inherited(scope), ...scope.own });
}

function isInner({ context }: Scope): boolean {
  return context === 'if-location' || context === 'limit_except';
}

/** What a location that is changed by a condition goes on with. */
function keptOf(location: Scope): Partial<Record<keyof Settings, unknown>> {
  const outer = isInner(location) && location.parent !== undefined ? keptOf(location.parent) : {};
  const kept = { ...outer, ...location.own };
  for (const key of NOT_IN_IF) delete kept[key];
  return kept;
}

function inherited(scope: Scope): Partial<Record<keyof Settings, unknown>> {
  const outer = scope.parent === undefined ? {} : inherited(scope.parent);
  const all = { ...outer, ...scope.values };
  for (const { list, rule } of INHERITED_LISTS) {
    const how = all[rule];
    if (how === 'off') all[list] = scope.values[list];
    else if (how === 'merge') all[list] = [...listOf(scope.values[list]), ...listOf(outer[list])];
    if (all[list] === undefined) delete all[list];
  }
  return all;
}

/** Lists that are inherited as a directive of their own says. */
const INHERITED_LISTS = [
  { list: 'addHeaders', rule: 'addHeaderInherit' },
  { list: 'addTrailers', rule: 'addTrailerInherit' },
] as const;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The values of `defaults`, replaced where there is another one: no other keys, always in one order. */
function pick<Conf extends object>(
  defaults: Conf,
  values: Readonly<Record<string, unknown>>,
): Conf {
  const conf: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(defaults)) {
    conf[key] = key in values ? values[key] : value;
  }
  return conf as Conf;
}
