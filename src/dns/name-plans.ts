import type { AddressSet } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import type { FoundNothing, FoundRecords } from './records/found.ts';
import { type Family, type SpecialName, specialName } from './special-names.ts';
import type { HostsEntry, HostsFile } from './system/hosts-file.ts';
import type { ResolvConf } from './system/resolv-conf.ts';
import { searchCandidates } from './system/search-list.ts';
import type { SystemConfig } from './system/system-config.ts';
import { commonNameKey, type NameKey, nameKey, tryNameKey } from './wire/name.ts';

/** Longest name that an error repeats; more tells nobody anything. */
const SHOWN_CHARS_MAX = 255;
const ASCII = /^[\0-\x7f]*$/;
const NO_KEYS: readonly NameKey[] = [];

/** What is known of one family: records, or that there are none. */
export type Known = FoundRecords | FoundNothing;

/** A set, and what it was put together from: the same as long as both are. */
export type Built = {
  readonly ipv4: Known | undefined;
  readonly ipv6: Known | undefined;
  readonly set: AddressSet;
};

/** A name as it was asked for, and how its addresses are found. */
export type KnownName = {
  readonly name: string;
  readonly special: SpecialName | undefined;
  readonly hosts: HostsEntry | undefined;
  /** It causes no query. */
  readonly fixed: boolean;
  /** What is asked for in turn: the name itself, or with the domains of the search list. */
  readonly candidates: readonly NameKey[];
  /** Why it was never asked for: it is no name. */
  readonly bad: DnsError | undefined;
  /** By family; 0 is all of them. */
  readonly built: { [Which in 0 | Family]: Built | undefined };
  /** Until then, one family is known to be late: who has the other one need not wait for it. */
  lateUntilMs: number;
  /** What it was derived from: where this has changed, it is derived anew. */
  readonly file: HostsFile;
  readonly conf: ResolvConf | undefined;
};

export type PlanOptions = {
  readonly system: SystemConfig;
  readonly search: readonly string[] | 'system';
  readonly ndots: number | undefined;
  /** Names that are kept. */
  readonly namesMax: number;
  readonly toAscii: ((name: string) => string) | undefined;
};

/** How names are looked up, kept for those that were asked for last. */
export class NamePlans {
  readonly #options: PlanOptions;
  readonly #kept = new Map<string, KnownName>();

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The plan of a name; one that was not kept is made for the call. */
  of(name: string): KnownName {
    const { system, search } = this.#options;
    const file = system.hosts();
    const conf = search === 'system' ? system.resolvConf() : undefined;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.file === file && kept.conf === conf) return kept;
    return this.#planned(name, file, conf);
  }

  /** Keeps the plan of a name; at the bound, the one that was first kept leaves for it. */
  keep(known: KnownName): void {
    if (this.#kept.get(known.name) === known) return;
    this.#kept.delete(known.name);
    if (this.#kept.size === this.#options.namesMax) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    this.#kept.set(known.name, known);
  }

  /** Forgets a name as it was written, or all. */
  forget(name?: string): void {
    if (name === undefined) this.#kept.clear();
    else this.#kept.delete(name);
  }

  /** The one absolute name that is meant where no search list is used. */
  keyOf(name: string, type: string): NameKey | DnsError {
    const key = commonNameKey(name);
    if (key !== undefined) return key;
    try {
      return nameKey(this.#ascii(name));
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return new DnsError('EBADNAME', error.hostname, { type, cause: error, why: 'no such name' });
    }
  }

  /** What the hosts file calls an address. */
  namesOf(address: string): readonly string[] {
    return this.#options.system.hosts().namesOf(address);
  }

  #planned(name: string, file: HostsFile, conf: ResolvConf | undefined): KnownName {
    const ascii = this.#ascii(name);
    const special = specialName(ascii === '.' ? '' : ascii);
    const isName =
      special?.kind !== 'literal' && !(special?.kind === 'none' && special.code === 'EBADNAME');
    const hosts = isName ? file.find(ascii) : undefined;
    const fixed = special !== undefined || hosts !== undefined;
    const built = { 0: undefined, 4: undefined, 6: undefined };
    let candidates = NO_KEYS;
    let bad: DnsError | undefined;
    if (!fixed) {
      try {
        nameKey(ascii);
        candidates = this.#candidates(ascii, conf);
      } catch (error) {
        bad = error as DnsError;
      }
    }
    return { name, special, hosts, fixed, candidates, bad, built, lateUntilMs: 0, file, conf };
  }

  #candidates(name: string, conf: ResolvConf | undefined): readonly NameKey[] {
    const { search, ndots } = this.#options;
    const domains = search === 'system' ? (conf?.search ?? []) : search;
    return searchCandidates(name, domains, ndots ?? conf?.ndots ?? 1)
      .map(tryNameKey)
      .filter((key) => key !== undefined);
  }

  #ascii(name: string): string {
    const { toAscii } = this.#options;
    if (toAscii === undefined || ASCII.test(name)) return name;
    // A name that has no such form is refused with its own letters in the error.
    return toAscii(name) || name;
  }
}

/** A name as an error may show it: control characters escaped, and not without end. */
export function shownName(name: string): string {
  const text = name.length > SHOWN_CHARS_MAX ? `${name.slice(0, 64)}…` : name;
  return JSON.stringify(text).slice(1, -1);
}
