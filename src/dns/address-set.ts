import type { DnsError } from './dns-error.ts';
import type { Family } from './special-names.ts';

/** One address of a name. */
export type Address = {
  readonly address: string;
  readonly family: Family;
  /** Seconds that it was good for when its set was put together. */
  readonly ttl: number;
};

/** The addresses of a name, of one family or of both, best first (RFC 6724). */
export type AddressSet = {
  /** As it was asked for. */
  readonly name: string;
  /** Where the aliases ended; as text, without the root's dot. */
  readonly canonical: string;
  readonly addresses: readonly Address[];
  /** On the core's clock, in milliseconds. `Infinity` of a literal. */
  readonly expiresAt: number;
  readonly source: 'hosts' | 'literal' | 'cache' | 'stale' | 'network';
  /** The other family could not be had, or not yet: why. */
  readonly partial?: { readonly family: Family; readonly error: DnsError };
};

/** How one call is to be made. */
export type LookupCall = {
  /** 0, the default: all families that the resolver may look up. */
  readonly family?: 0 | Family;
  readonly signal?: AbortSignal | undefined;
  /** `refresh` asks the servers again, `only` asks nobody; default `use`. */
  readonly cache?: 'use' | 'refresh' | 'only';
  /** Default: the resolver's. */
  readonly timeoutMs?: number;
};

/** Addresses of hosts are looked at again after so many seconds: the file may change. */
export const HOSTS_TTL_S = 5;
/** A literal never changes. */
export const LITERAL_TTL_S = 86_400;
