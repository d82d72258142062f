import type { Random } from '../core/random.ts';
import { AddressSearch, type SearchEnd, type SearchParts } from './address-search.ts';
import type { Address, AddressSet } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import { type KnownName, shownName } from './name-plans.ts';
import { findRecords, type RecordParts, type Records, type RecordWish } from './record-search.ts';
import type { Search } from './records/found.ts';
import type { Family } from './special-names.ts';
import { specialName } from './special-names.ts';
import { orderTargets } from './srv-order.ts';
import { isHostName, tryNameKey } from './wire/name.ts';
import type { RecordData } from './wire/record-type.ts';

/** Targets of one service; those after them, by priority, are left out and counted. */
export const TARGETS_MAX: number = 1_024;

/** One server of a service. */
export type SrvTarget = {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  /** Best first; empty where they could not be found: see `ServiceEnd.failed`. */
  readonly addresses: readonly Address[];
};

/** The targets of a service, in the order in which they are to be tried. */
export type ServiceFound = {
  readonly targets: readonly SrvTarget[];
  /** On the port's clock: the first end of anything that it was made from. */
  readonly expiresAtMs: number;
  readonly source: AddressSet['source'];
  /** Targets whose addresses could not be learnt: that is not to say that there are none. */
  readonly failed: ReadonlyMap<string, DnsError>;
};

export type ServiceParts = SearchParts &
  RecordParts & {
    readonly random: Random;
    /** Why records were not used. */
    readonly left: { badTargets: number; targetsOverBound: number };
  };

/** How a service is looked for. */
export type ServiceWish = Omit<RecordWish<'SRV'>, 'type'> & {
  readonly family: 0 | Family;
  readonly patient: boolean;
};

type Srv = RecordData['SRV'];

/** Looks for a service: its SRV records, then the addresses of all targets at the same time. */
export class ServiceSearch implements Search {
  readonly #parts: ServiceParts;
  readonly #wish: ServiceWish;
  readonly #onEnd: SearchEnd<ServiceFound>;
  readonly #searches: Search[] = [];
  readonly #found = new Map<string, AddressSet | DnsError>();
  #expiresAtMs = 0;
  #left = 0;
  #ended = false;

  constructor(parts: ServiceParts, wish: ServiceWish, onEnd: SearchEnd<ServiceFound>) {
    this.#parts = parts;
    this.#wish = wish;
    this.#onEnd = onEnd;
  }

  /** `onEnd` runs inside this call when all is known already. */
  start(): void {
    const onRecords = (end: Records<'SRV'> | DnsError): void => {
      if (this.#ended) return;
      if (end instanceof DnsError) this.#end(end);
      else this.#findAddresses(end);
    };
    const search = findRecords(this.#parts, { ...this.#wish, type: 'SRV' }, onRecords);
    if (search !== undefined) this.#searches.push(search);
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const search of this.#searches) search.cancel();
  }

  #findAddresses({ records, ttl }: Records<'SRV'>): void {
    const targets = this.#usable(records);
    if (targets.length === 0) {
      this.#end(this.#error('ENODATA', 'no target that could be connected to'));
      return;
    }
    this.#expiresAtMs = this.#parts.nowMs() + ttl * 1_000;
    const names = new Set(targets.map(({ target }) => target));
    // One more, so that what is known at once does not end the search before all are asked.
    this.#left = names.size + 1;
    for (const name of names) this.#findOne(name, () => this.#landed(targets));
    this.#landed(targets);
  }

  #findOne(name: string, onLanded: () => void): void {
    const { family, cache, deadlineMs, patient } = this.#wish;
    const known = this.#knownTarget(name);
    const search = new AddressSearch(
      this.#parts,
      known,
      { family, cache, deadlineMs, patient },
      (end) => {
        this.#found.set(name, end);
        onLanded();
      },
    );
    this.#searches.push(search);
    search.start();
  }

  /** A target is absolute: the dot keeps the search list out. */
  #knownTarget(name: string): KnownName {
    return this.#parts.plans.of(`${name}.`);
  }

  #landed(targets: readonly Srv[]): void {
    this.#left -= 1;
    if (this.#left > 0 || this.#ended) return;
    const failed = new Map<string, DnsError>();
    let expiresAtMs = this.#expiresAtMs;
    let source: AddressSet['source'] = 'cache';
    for (const [name, end] of this.#found) {
      if (end instanceof DnsError) {
        if (end.code !== 'ENOTFOUND' && end.code !== 'ENODATA') failed.set(name, end);
        continue;
      }
      if (end.partial !== undefined) failed.set(name, end.partial.error);
      expiresAtMs = Math.min(expiresAtMs, end.expiresAt);
      if (end.source === 'stale' || source === 'cache') source = end.source;
    }
    const withAddresses = targets.map((srv): SrvTarget => {
      const end = this.#found.get(srv.target);
      return { ...srv, addresses: end instanceof DnsError ? [] : (end?.addresses ?? []) };
    });
    if (withAddresses.every(({ addresses }) => addresses.length === 0)) {
      this.#end(this.#noneReachable(failed));
      return;
    }
    this.#end({ targets: withAddresses, expiresAtMs, source, failed });
  }

  #noneReachable(failed: ReadonlyMap<string, DnsError>): DnsError {
    for (const error of failed.values()) return error;
    return this.#error('ENODATA', 'no target has an address');
  }

  /** Of names that could be connected to, in the order of RFC 2782. The root is no server at all. */
  #usable(records: readonly Srv[]): readonly Srv[] {
    const { left, random } = this.#parts;
    const good = records.filter(({ target }) => {
      if (target === '.') return false;
      const key = tryNameKey(target);
      const isGood = key !== undefined && isHostName(key) && specialName(target) === undefined;
      if (!isGood) left.badTargets += 1;
      return isGood;
    });
    left.targetsOverBound += Math.max(0, good.length - TARGETS_MAX);
    return orderTargets(good, random).slice(0, TARGETS_MAX);
  }

  #error(code: DnsError['code'], why: string): DnsError {
    return new DnsError(code, shownName(this.#wish.name), { type: 'SRV', why });
  }

  #end(end: ServiceFound | DnsError): void {
    this.#ended = true;
    this.#onEnd(end);
  }
}
