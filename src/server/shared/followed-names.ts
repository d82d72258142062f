import type { UpstreamGroup } from '../../proxy/upstream/index.ts';
import type { UpstreamServerConf } from '../conf/upstream-conf.ts';
import type { KnownNames } from './known-names.ts';

/**
 * Hands the addresses of a group's followed names on to the configuration that comes next, and
 * takes those that the previous one knew. `block`: whose group it is, `http` or `stream`;
 * `indexOf`: the group's server of a configured one.
 */
export function followNames(
  block: string,
  group: UpstreamGroup,
  servers: readonly { readonly conf: UpstreamServerConf; readonly index: number }[],
  names: KnownNames | undefined,
): void {
  const followed = servers.filter(({ conf }) => conf.resolve);
  if (names === undefined || followed.length === 0) return;
  for (const { conf, index } of followed) {
    const known = names.get(keyOf(block, group, conf)) ?? [];
    const port = group.config.servers[index]?.port ?? 0;
    // Only services say ports, weights and roles themselves.
    const addresses = known.map((address) =>
      conf.service === undefined ? { endpoint: { ...address.endpoint, port } } : address,
    );
    if (addresses.length > 0) group.resolved(index, addresses, true);
  }
  group.members.watchers.add(() => {
    for (const { conf, index } of followed) {
      names.set(keyOf(block, group, conf), group.members.addressesOf(index));
    }
  });
}

function keyOf(
  block: string,
  { config }: UpstreamGroup,
  { address, service = '' }: UpstreamServerConf,
): string {
  return `${block} ${config.name} ${address.replace(/:\d+$/, '')} ${service}`;
}
