import type { HostUse, PhaseModuleUse } from '../config/index.ts';
import { nameIn } from '../server/conf/host-name.ts';
import type { SiteConf, StreamConf } from '../server/index.ts';

/** What has to be looked up and loaded before a configuration can work. */
export type Needs = {
  readonly hosts: readonly HostUse[];
  readonly phaseModules: readonly PhaseModuleUse[];
};

type Data = Readonly<Record<string, unknown>>;

/** The same that reading a file would note, found in the data. */
export function needsOf(site: SiteConf | undefined, stream: StreamConf | undefined): Needs {
  const names = new Set<string>();
  const paths = new Set<string>();
  collect(site, groupsOf(site), names, paths);
  collect(stream, groupsOf(stream), names, paths);
  return {
    hosts: [...names].map((name) => ({
      name,
      problem: `host not found: "${name}"`,
      position: undefined,
      group: undefined,
    })),
    phaseModules: [...paths].map((path) => ({ path, position: undefined })),
  };
}

function groupsOf(conf: SiteConf | StreamConf | undefined): ReadonlySet<string> {
  return new Set(conf?.upstreams.map(({ name }) => name));
}

function collect(
  root: unknown,
  groups: ReadonlySet<string>,
  names: Set<string>,
  paths: Set<string>,
): void {
  const seen = new Set<unknown>();
  const add = (authority: unknown): void => {
    if (typeof authority !== 'string' || groups.has(authority.toLowerCase())) return;
    const name = nameIn(authority);
    if (name !== undefined) names.add(name);
  };
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Map) for (const one of value.values()) visit(one);
    const data = value as Data;
    if ('authority' in data && 'scheme' in data) add(data.authority);
    if (data.kind === 'proxy') add(data.to);
    if ('maxFails' in data && data.resolve !== true) add(data.address);
    if ('ipv4' in data && Array.isArray(data.servers)) for (const one of data.servers) add(one);
    if (Array.isArray(data.phaseModules)) {
      for (const one of data.phaseModules) paths.add(String(one));
    }
    for (const one of Object.values(data)) visit(one);
  };
  visit(root);
}
