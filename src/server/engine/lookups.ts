import type { GeoConf, LookupConf, MapConf, SplitConf } from '../conf/lookup-conf.ts';
import type { Template } from '../conf/template.ts';
import { AddressSet } from '../shared/address-table.ts';
import { forwardedAddress } from '../shared/forwarded-address.ts';
import { GeoTable } from '../shared/geo-table.ts';
import { IpKey } from '../shared/ip-key.ts';
import { MapTable } from '../shared/map-table.ts';
import { SplitTable } from '../shared/split-table.ts';
import type { Evaluate } from './templates.ts';
import type { Evaluated, Getter, Variables } from './variables.ts';

/** What tables of variables need to know of requests, or of sessions. */
export interface LookupWorld<Of extends Evaluated> {
  readonly variables: Variables<Of>;
  template(template: Template): Evaluate<Of>;
  /** The client's address. */
  address(of: Of): string;
  /** Values of `X-Forwarded-For`, in their order. */
  forwardedFor(of: Of): readonly string[];
  /** A regular expression of a map has matched. */
  captured(of: Of, captures: RegExpExecArray): void;
}

/** Defines the variables of `map`, `geo` and `split_clients`: of `http`, and of `stream`. */
export function defineLookups<Of extends Evaluated>(
  conf: LookupConf,
  world: LookupWorld<Of>,
): void {
  const { variables } = world;
  for (const map of conf.maps) {
    variables.defineComputed(map.variable, map.volatile, mapGetter(map, world), map.place);
  }
  for (const geo of conf.geos) {
    variables.defineComputed(geo.variable, geo.volatile, geoGetter(geo, world), geo.place);
  }
  for (const split of conf.splits) {
    variables.defineComputed(split.variable, false, splitGetter(split, world), split.place);
  }
}

function mapGetter<Of extends Evaluated>(conf: MapConf, world: LookupWorld<Of>): Getter<Of> {
  const source = world.template(conf.source);
  const fallback = world.template(conf.fallback);
  const table = new MapTable(
    conf.entries.map(({ key, value }) => [key, world.template(value)] as const),
    conf.hostnames,
  );
  return (of) => {
    const found = table.find(source(of));
    if (found === undefined) return fallback(of);
    if (found.captures !== undefined) world.captured(of, found.captures);
    return found.value(of);
  };
}

function geoGetter<Of extends Evaluated>(conf: GeoConf, world: LookupWorld<Of>): Getter<Of> {
  const networks = conf.networks.map(({ network, value }) => [network, value] as const);
  const table = new GeoTable(networks, conf.fallback, conf.ranges);
  const { source, proxyRecursive } = conf;
  const variable = source === undefined ? undefined : world.variables.find(source);
  const proxies = conf.proxies.length === 0 ? undefined : new AddressSet(conf.proxies);
  const key = new IpKey();
  return (of) => {
    const address = variable === undefined ? world.address(of) : (variable.get(of) ?? '');
    key.read(address);
    if (proxies !== undefined && key.family !== 'none') {
      const forwarded = forwardedAddress(key, world.forwardedFor(of), proxies, proxyRecursive);
      key.read(forwarded?.address ?? address);
    }
    return table.find(key);
  };
}

function splitGetter<Of extends Evaluated>(conf: SplitConf, world: LookupWorld<Of>): Getter<Of> {
  const source = world.template(conf.source);
  const table = new SplitTable(conf.shares);
  return (of) => table.find(source(of)) ?? '';
}
