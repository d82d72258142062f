import type { UpstreamOptions } from '../../proxy/upstream/index.ts';
import type { UpstreamConf, UpstreamServerConf } from '../conf/upstream-conf.ts';
import { type Hosts, hostAddresses } from '../engine/hosts.ts';

/** A configured server, and its index in the group. */
export type PlacedServer = { readonly conf: UpstreamServerConf; readonly index: number };

/** Servers of a group: those whose names are not followed are one for each address. */
export type GroupServers = {
  readonly servers: UpstreamOptions['servers'];
  readonly placed: readonly PlacedServer[];
};

/** Throws where a name has not been looked up. */
export function groupServers(
  conf: UpstreamConf,
  hosts: Hosts | undefined,
  defaultPort: number,
): GroupServers {
  const placed: PlacedServer[] = [];
  const servers = conf.servers.flatMap((server) => {
    const { address, resolve } = server;
    const urls = resolve ? [address] : hostAddresses(address, hosts, defaultPort);
    return urls.map((url) => {
      placed.push({ conf: server, index: placed.length });
      return { url, ...settingsOf(server) };
    });
  });
  return { servers, placed };
}

function settingsOf(server: UpstreamServerConf): Omit<GroupServer, 'url'> {
  const { weight, service, route, drain } = server;
  return {
    maxConns: server.maxConns,
    maxFails: server.maxFails,
    failTimeoutMs: server.failTimeout,
    backup: server.backup,
    down: server.down,
    // Records of a service have weights of their own.
    ...((service === undefined || weight !== 1) && { weight }),
    ...(service !== undefined && { service }),
    ...(route !== undefined && { route }),
    ...(drain && { drain }),
  };
}

type GroupServer = Exclude<UpstreamOptions['servers'][number], string>;
