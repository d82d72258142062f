import { networkInterfaces } from 'node:os';
import { nodePort, nodeRandom } from '../../adapters/node/index.ts';
import { ConfigError, type HostUse } from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { Resolver } from '../dns/index.ts';
import { SYSTEM_FILES } from './system-files.ts';

/** Longest that a start waits for a name. */
const LOOKUP_MS = 30_000;

/**
 * Looks up the names of servers in a configuration, as this system does: its hosts file and the
 * servers of its resolv.conf. Throws `ConfigError` for the first one that has no address.
 */
export async function resolveHosts(
  uses: readonly HostUse[],
  port: ProactorPort | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  if (uses.length === 0) return found;
  const ownPort = port === undefined ? nodePort() : undefined;
  const resolver = new Resolver(
    port ?? (ownPort as ProactorPort),
    { system: true, search: 'system', timeoutMs: LOOKUP_MS },
    { random: nodeRandom(), files: SYSTEM_FILES },
  );
  try {
    for (const { name, problem, position } of uses) {
      if (found.has(name)) continue;
      const addresses = await addressesOf(resolver, name);
      if (addresses.length === 0) throw new ConfigError(problem, position);
      found.set(name, addresses);
    }
    return found;
  } finally {
    await resolver[Symbol.asyncDispose]();
    if (ownPort !== undefined) await new Promise<void>((resolve) => ownPort.close(resolve));
  }
}

/** Those of a family that this machine has, IPv4 first, as getaddrinfo(3) and nginx have them. */
async function addressesOf(resolver: Resolver, name: string): Promise<readonly string[]> {
  let all: readonly string[];
  try {
    const { addresses } = await resolver.addresses(name);
    all = addresses.map(({ address }) => address);
  } catch {
    return [];
  }
  const ipv4 = all.filter((address) => !address.includes(':'));
  const ipv6 = all.filter((address) => address.includes(':'));
  const own = new Set(ownFamilies());
  if (own.size === 1 && ipv4.length > 0 && ipv6.length > 0) return own.has('IPv4') ? ipv4 : ipv6;
  return [...ipv4, ...ipv6];
}

function ownFamilies(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((own) => own ?? []);
  return all
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ family }) => family);
}
