import type { Clock } from '../core/clock.ts';
import { type Address, type AddressSet, HOSTS_TTL_S, LITERAL_TTL_S } from './address-set.ts';
import type { Known, KnownName, NamePlans } from './name-plans.ts';
import type { Found, RecordSource } from './records/found.ts';
import { type Family, LOOPBACK } from './special-names.ts';
import { orderAddresses } from './system/address-order.ts';
import type { HostsEntry } from './system/hosts-file.ts';
import type { SourceAddresses } from './system/source-addresses.ts';
import { nameText } from './wire/name.ts';
import { TYPE } from './wire/record-type.ts';

export type BookParts = {
  readonly clock: Clock;
  readonly source: RecordSource;
  readonly plans: NamePlans;
  readonly sources: Pick<SourceAddresses, 'sourceOf' | 'ready'>;
  /** Which addresses an answer may bring; `undefined`: all. */
  readonly guard: ((address: string) => boolean) | undefined;
  /** Which families are looked up where a call does not say. */
  readonly families: readonly Family[];
};

const NOTHING = (): void => {};

/**
 * Puts sets of addresses together and keeps them with their names: as long as the cache has the
 * same two entries, the same set is given again, and giving it allocates nothing.
 */
export class AddressBook {
  /** Addresses that were not given because of `denyAnswers`. */
  denied = 0;
  readonly #parts: BookParts;
  /** Is it looked up where a call says 0? */
  readonly #both: { readonly ipv4: boolean; readonly ipv6: boolean };

  constructor(parts: BookParts) {
    this.#parts = parts;
    this.#both = { ipv4: parts.families.includes(4), ipv6: parts.families.includes(6) };
  }

  /** Which families a call wants. */
  wants(family: 0 | Family, one: Family): boolean {
    if (family !== 0) return family === one;
    return one === 4 ? this.#both.ipv4 : this.#both.ipv6;
  }

  /** What is known now, without asking anybody; `undefined`: not enough, or that there is nothing. */
  peek(name: string, family: 0 | Family): AddressSet | undefined {
    const known = this.#parts.plans.of(name);
    if (known.fixed) return this.fixed(known, family);
    const { source } = this.#parts;
    for (let i = 0; i < known.candidates.length; i += 1) {
      const key = known.candidates[i] as string;
      const ipv4 = this.wants(family, 4) ? source.peek(key, TYPE.A) : undefined;
      if (ipv4 === undefined && this.wants(family, 4)) return undefined;
      const ipv6 = this.wants(family, 6) ? source.peek(key, TYPE.AAAA) : undefined;
      if (ipv6 === undefined && this.wants(family, 6)) return undefined;
      if (ipv4?.kind === 'records' || ipv6?.kind === 'records') {
        const kept = this.kept(known, family, ipv4, ipv6);
        if (kept !== undefined) return kept;
        const texts = this.#allowed(ipv4, ipv6);
        if (texts.length > 0) return this.setOf(known, family, texts, ipv4, ipv6);
      }
    }
    return undefined;
  }

  /** The set of a name that causes no query. `undefined`: it has no address of this family. */
  fixed(known: KnownName, family: 0 | Family): AddressSet | undefined {
    const { clock, plans } = this.#parts;
    const built = known.built[family]?.set;
    if (built !== undefined && (built.expiresAt === LASTS || clock.nowMs() < built.expiresAt)) {
      return built;
    }
    const set = this.#fixedSet(known, family);
    if (set !== undefined) {
      known.built[family] = { ipv4: undefined, ipv6: undefined, set };
      plans.keep(known);
    }
    return set;
  }

  /**
   * The set of what was found, which is to be given as `texts`. It is the set of before where it was
   * put together from the same.
   */
  setOf(
    known: KnownName,
    family: 0 | Family,
    texts: readonly string[],
    ipv4: Known | undefined,
    ipv6: Known | undefined,
  ): AddressSet {
    const kept = this.kept(known, family, ipv4, ipv6);
    if (kept !== undefined) return kept;
    const ready = this.#parts.sources.ready(texts, NOTHING);
    const set = this.partOf(known, texts, ipv4, ipv6);
    if (ready) {
      known.built[family] = { ipv4, ipv6, set };
      this.#parts.plans.keep(known);
    }
    return set;
  }

  /** The set of before, where it was put together from the same. */
  kept(
    known: KnownName,
    family: 0 | Family,
    ipv4: Found | undefined,
    ipv6: Found | undefined,
  ): AddressSet | undefined {
    const built = known.built[family];
    const isSame = built !== undefined && built.ipv4 === ipv4 && built.ipv6 === ipv6;
    return isSame ? built.set : undefined;
  }

  /** The addresses that may be given, in no order yet. Those that may not are counted. */
  addressesIn(ipv4: Known | undefined, ipv6: Known | undefined): string[] {
    const allowed = this.#allowed(ipv4, ipv6);
    this.denied += textsOf(ipv4).length + textsOf(ipv6).length - allowed.length;
    return allowed;
  }

  #allowed(ipv4: Known | undefined, ipv6: Known | undefined): string[] {
    const { guard } = this.#parts;
    const all = [...textsOf(ipv4), ...textsOf(ipv6)];
    return guard === undefined ? all : all.filter(guard);
  }

  /** As `setOf`, also where one family is missing; it is not kept. */
  partOf(
    { name }: KnownName,
    texts: readonly string[],
    ipv4: Known | undefined,
    ipv6: Known | undefined,
  ): AddressSet {
    const nowMs = this.#parts.clock.nowMs();
    const ttl4 = secondsLeft(ipv4, nowMs);
    const ttl6 = secondsLeft(ipv6, nowMs);
    const addresses = orderAddresses(texts, this.#parts.sources.sourceOf).map(
      (address): Address =>
        address.includes(':')
          ? { address, family: 6, ttl: ttl6 }
          : { address, family: 4, ttl: ttl4 },
    );
    const best = ipv4?.kind === 'records' ? ipv4 : (ipv6 as Known);
    return {
      name,
      canonical: nameText(best.canonical),
      addresses,
      expiresAt: Math.min(ipv4?.expiresAtMs ?? LASTS, ipv6?.expiresAtMs ?? LASTS),
      source: sourceOf(ipv4, ipv6),
    };
  }

  #fixedSet({ name, special, hosts }: KnownName, family: 0 | Family): AddressSet | undefined {
    if (special?.kind === 'literal') {
      const { address, family: its } = special;
      if (!this.wants(family, its)) return undefined;
      const addresses = [{ address, family: its, ttl: LITERAL_TTL_S }];
      return { name, canonical: name, addresses, expiresAt: LASTS, source: 'literal' };
    }
    const entry = hosts ?? (special?.kind === 'loopback' ? LOOPBACK_ENTRY : undefined);
    if (entry === undefined) return undefined;
    const texts = [
      ...(this.wants(family, 6) ? entry.ipv6 : []),
      ...(this.wants(family, 4) ? entry.ipv4 : []),
    ];
    if (texts.length === 0) return undefined;
    const addresses = texts.map(
      (address): Address => ({ address, family: address.includes(':') ? 6 : 4, ttl: HOSTS_TTL_S }),
    );
    const canonical = entry === LOOPBACK_ENTRY ? name : entry.canonical;
    const expiresAt = this.#parts.clock.nowMs() + HOSTS_TTL_S * 1_000;
    return { name, canonical, addresses, expiresAt, source: 'hosts' };
  }
}

const LASTS = Number.POSITIVE_INFINITY;
const NO_TEXTS: readonly string[] = [];
const LOOPBACK_ENTRY: HostsEntry = {
  canonical: 'localhost',
  ipv4: [LOOPBACK[4]],
  ipv6: [LOOPBACK[6]],
};

function textsOf(found: Known | undefined): readonly string[] {
  return found?.kind === 'records' ? (found.data as readonly string[]) : NO_TEXTS;
}

/** Whole seconds, rounded up: what is still good is not given as 0. */
export function secondsLeft(found: Known | undefined, nowMs: number): number {
  return found === undefined ? 0 : Math.max(0, Math.ceil((found.expiresAtMs - nowMs) / 1_000));
}

function sourceOf(ipv4: Known | undefined, ipv6: Known | undefined): AddressSet['source'] {
  if (ipv4?.source === 'stale' || ipv6?.source === 'stale') return 'stale';
  return ipv4?.source === 'network' || ipv6?.source === 'network' ? 'network' : 'cache';
}
