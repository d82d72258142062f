import { formatEndpoint } from '../net/address.ts';
import type { Address, AddressSet } from './address-set.ts';
import type { DnsError } from './dns-error.ts';
import type { ServiceFound, SrvTarget } from './service-search.ts';

/** What is being watched was like this. */
export type WatchState = {
  readonly set: AddressSet;
  /** With `service`. */
  readonly targets: readonly SrvTarget[] | undefined;
  /** `address`, with `service` `address:port` → what else is to be the same. */
  readonly members: ReadonlyMap<string, string>;
};

/** Two states without a difference that anybody would act on; order is none. */
export function isSame(a: WatchState, b: WatchState): boolean {
  if (a.members.size !== b.members.size) return false;
  for (const [member, how] of a.members) if (b.members.get(member) !== how) return false;
  return true;
}

/** Which members `after` has that `before` has not. */
export function newMembers(before: WatchState | undefined, after: WatchState): string[] {
  return [...after.members.keys()].filter((member) => !before?.members.has(member));
}

/** No addresses are left. */
export function emptyState(name: string, service: boolean, nowMs: number): WatchState {
  const set = {
    name,
    canonical: name,
    addresses: [],
    expiresAt: nowMs,
    source: 'network',
  } as const;
  return { set, targets: service ? [] : undefined, members: new Map() };
}

/**
 * A state from addresses. What a family had stays its own when only an error came for it: an error
 * says nothing about addresses.
 */
export function stateOfSet(found: AddressSet, before: WatchState | undefined): WatchState {
  const kept = keptOf(found, before?.set);
  const { partial: _, ...whole } = found;
  const set = kept.length === 0 ? found : { ...whole, addresses: [...found.addresses, ...kept] };
  const members = new Map(set.addresses.map(({ address }) => [address, '']));
  return { set, targets: undefined, members };
}

/** A state from a service's targets; a target whose addresses could not be learnt keeps its own. */
export function stateOfService(
  name: string,
  found: ServiceFound,
  before: WatchState | undefined,
): WatchState {
  const targets = found.targets.map((target) => {
    const isFailed = found.failed.has(target.target);
    const old = isFailed ? before?.targets?.find((one) => one.target === target.target) : undefined;
    if (old === undefined) return target;
    return { ...target, addresses: merged(target.addresses, old.addresses) };
  });
  const members = new Map<string, string>();
  const addresses = new Map<string, Address>();
  for (const { port, priority, weight, addresses: own } of targets) {
    for (const one of own) {
      const family = one.family === 4 ? 'ipv4' : 'ipv6';
      const member = formatEndpoint({ family, address: one.address, port });
      if (!members.has(member)) members.set(member, `${priority} ${weight}`);
      if (!addresses.has(one.address)) addresses.set(one.address, one);
    }
  }
  const set: AddressSet = {
    name,
    canonical: name,
    addresses: [...addresses.values()],
    expiresAt: found.expiresAtMs,
    source: found.source,
  };
  return { set, targets, members };
}

function keptOf(found: AddressSet, before: AddressSet | undefined): readonly Address[] {
  const failed = found.partial?.family;
  if (failed === undefined || before === undefined) return [];
  return before.addresses.filter(({ family }) => family === failed);
}

function merged(some: readonly Address[], old: readonly Address[]): readonly Address[] {
  const known = new Set(some.map(({ address }) => address));
  return [...some, ...old.filter(({ address }) => !known.has(address))];
}

/** What went wrong although there is a state. */
export function errorIn(found: AddressSet | ServiceFound): DnsError | undefined {
  if ('failed' in found) {
    for (const error of found.failed.values()) return error;
    return undefined;
  }
  return found.partial?.error;
}
