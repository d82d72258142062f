import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { NameAddresses, NameResolver, NameTarget } from './name-resolver.ts';
import type { ResolvedAddress } from './upstream/index.ts';
import type { ServerConfig, UpstreamConfig } from './upstream/upstream-config.ts';

/** Looks up a name: its addresses and how long they hold. Rejects when there are none. */
export type Lookup = (name: string) => Promise<{
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}>;

/** Who knows names: a function that somebody gave goes before the resolver. */
export type NameParts = {
  readonly lookup?: Lookup | undefined;
  readonly resolver?: NameResolver | undefined;
};

/** What a name stands for, and how long that is good. */
export type Found = { readonly addresses: readonly ResolvedAddress[]; readonly ttlMs: number };

/** Where the addresses of one server come from. */
export interface NameSource {
  look(): Promise<Found>;
  /** Its addresses now and after each change; an error changes nothing. Ends with the signal. */
  readonly follow?:
    | ((signal: AbortSignal) => AsyncIterable<readonly ResolvedAddress[] | Error>)
    | undefined;
}

/** Services have no TTL of their own where they are looked up once. */
const SERVICE_TTL_MS = 5_000;

/** Throws `TypeError` where nobody can look the server's name up. */
export function nameSource(
  server: ServerConfig,
  { resolve, holdMs, lookupMs }: Pick<UpstreamConfig, 'resolve' | 'holdMs' | 'lookupMs'>,
  { lookup, resolver }: NameParts,
  clock: Clock,
): NameSource {
  const { host, port } = server;
  const asked = server.service ?? (typeof resolve === 'object' ? resolve.service : undefined);
  const service = asked === undefined ? undefined : serviceName(asked, host);
  if (lookup !== undefined && service === undefined) {
    return {
      async look() {
        const { addresses, ttlMs } = await lookup(host);
        return { addresses: addresses.map((address) => resolvedAt(address, port)), ttlMs };
      },
    };
  }
  if (resolver === undefined) {
    const whom = service === undefined ? 'lookup' : 'resolver';
    throw new TypeError(`'${host}' is a name: give a ${whom}`);
  }
  const ofSet = ({ addresses }: NameAddresses) =>
    addresses.map(({ address }) => resolvedAt(address, port));
  const look = async (): Promise<Found> => {
    if (service !== undefined) {
      const addresses = addressesOfService(server, await resolver.service(service));
      return { addresses, ttlMs: SERVICE_TTL_MS };
    }
    const set = await resolver.addresses(host);
    return { addresses: ofSet(set), ttlMs: set.expiresAt - clock.nowMs() };
  };
  if (resolve === false) return { look };
  async function* follow(signal: AbortSignal) {
    const wish = { signal, service: service !== undefined, onEmpty: 'hold', holdMs } as const;
    const options = { ...wish, ...(lookupMs !== undefined && { minIntervalMs: lookupMs }) };
    for await (const event of (resolver as NameResolver).watch(service ?? host, options)) {
      if (event.type === 'error') yield event.error;
      else if (service === undefined) yield ofSet(event.set);
      else yield addressesOfService(server, event.targets ?? []);
    }
  }
  return { look, follow };
}

/** As nginx's `service=`: a value with a dot is taken whole, others are of TCP (RFC 2782). */
export function serviceName(service: string, host: string): string {
  return service.includes('.') ? `${service}.${host}` : `_${service}._tcp.${host}`;
}

/**
 * Those of the lowest priority number are asked first, all others are their backups. The weight of
 * a record is that of each address of its target, unless the server has one of its own.
 */
export function addressesOfService(
  server: ServerConfig,
  targets: readonly NameTarget[],
): readonly ResolvedAddress[] {
  const first = Math.min(...targets.map(({ priority }) => priority));
  return targets.flatMap(({ target, port, priority, weight, addresses }) =>
    addresses.map(({ address }) => ({
      ...resolvedAt(address, port),
      name: `${target}:${port}`,
      backup: server.backup || priority > first,
      ...(!server.weighted && { weight }),
    })),
  );
}

function resolvedAt(address: string, port: number): { readonly endpoint: Endpoint } {
  return { endpoint: { family: address.includes(':') ? 'ipv6' : 'ipv4', address, port } };
}
