import { nameIn } from '../conf/host-name.ts';

/** Addresses of the names in a configuration, as they were found before it began to work. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/**
 * `host:port` as one such text for each address of the host. Throws where the name was not looked
 * up, with `kind` for what it is the name of.
 */
export function hostAddresses(
  authority: string,
  hosts: Hosts | undefined,
  defaultPort: number,
  kind = 'upstream',
): readonly string[] {
  if (authority.startsWith('unix:')) return [authority];
  const port = /:(\d+)$/.exec(authority)?.[1];
  const name = nameIn(authority);
  if (name === undefined) {
    const isWhole = port !== undefined && !/^[^[]*:.*:/.test(authority);
    return [isWhole ? authority : `${authority}:${defaultPort}`];
  }
  const addresses = hosts?.get(name);
  if (addresses === undefined || addresses.length === 0) {
    throw new Error(`host not found in ${kind} "${authority}"`);
  }
  return addresses.map((address) => {
    const host = address.includes(':') ? `[${address}]` : address;
    return `${host}:${port ?? defaultPort}`;
  });
}
