import type { ProactorPort } from '../core/proactor.ts';
import type { AddressBook } from './address-book.ts';
import type { AddressSet } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import { type Known, type KnownName, type NamePlans, shownName } from './name-plans.ts';
import type { Impatient, Patience } from './patience.ts';
import type { Found, RecordSource, Search } from './records/found.ts';
import { lateError, SearchFailures } from './search-failures.ts';
import type { Family } from './special-names.ts';
import type { SourceAddresses } from './system/source-addresses.ts';
import type { Failure } from './transport/exchange.ts';
import type { NameKey } from './wire/name.ts';
import { TYPE } from './wire/record-type.ts';

/** How long an answer waits for the other family's (RFC 8305 §3, Resolution Delay). */
export const RESOLUTION_DELAY_MS: number = 50;
/** How long a family that was late is not waited for again by who has the other one already. */
const LATE_MS = 5_000;

/** How one search is to go on. */
export type SearchWish = {
  readonly family: 0 | Family;
  readonly cache: 'use' | 'refresh' | 'only';
  /** On the port's clock. */
  readonly deadlineMs: number;
  /** Waits for the other family as long as it takes, not for `RESOLUTION_DELAY_MS`. */
  readonly patient: boolean;
};

export type SearchParts = {
  readonly port: ProactorPort;
  readonly source: RecordSource;
  readonly book: AddressBook;
  readonly plans: NamePlans;
  readonly sources: Pick<SourceAddresses, 'ready'>;
  /** Of `RESOLUTION_DELAY_MS`. */
  readonly patience: Patience;
};

/** What became of a search. */
export type SearchEnd<Value> = (end: Value | DnsError) => void;

const NOT_KEPT: Failure = { kind: 'failure', code: 'ENOSERVER', server: undefined, attempts: [] };

/**
 * Looks for the addresses of one name: both families at the same time, the names of its search
 * list in turn. What is still under way when it ends goes on for the cache's sake.
 */
export class AddressSearch implements Search, Impatient {
  readonly #parts: SearchParts;
  readonly #known: KnownName;
  readonly #wish: SearchWish;
  readonly #onEnd: SearchEnd<AddressSet>;
  #candidate = 0;
  #ipv4: Found | undefined;
  #ipv6: Found | undefined;
  #searches: Search[] = [];
  /** Families whose answer has not come. */
  #waiting = 0;
  #isImpatient = false;
  ended = false;
  dueMs = 0;
  /** Told when no candidate has an address. */
  #failures: SearchFailures | undefined;
  /** What has come and may be given. */
  #texts: readonly string[] = [];

  constructor(
    parts: SearchParts,
    known: KnownName,
    wish: SearchWish,
    onEnd: SearchEnd<AddressSet>,
  ) {
    this.#parts = parts;
    this.#known = known;
    this.#wish = wish;
    this.#onEnd = onEnd;
  }

  /** `onEnd` runs inside this call when all is known already. */
  start(): void {
    const { bad, fixed } = this.#known;
    if (bad !== undefined) this.#end(bad);
    else if (fixed) {
      const set = this.#parts.book.fixed(this.#known, this.#wish.family);
      if (set !== undefined) this.#end(set);
      else this.#end(fixedError(this.#known));
    } else {
      // Others who ask for it meanwhile share it, and the set that comes of it.
      this.#parts.plans.keep(this.#known);
      this.#ask();
    }
  }

  cancel(): void {
    if (this.ended) return;
    this.ended = true;
    for (const search of this.#searches) search.cancel();
  }

  /** Asks for the next candidate. */
  #ask(): void {
    const key = this.#known.candidates[this.#candidate];
    if (key === undefined) {
      this.#nothing();
      return;
    }
    this.#candidate += 1;
    const { book } = this.#parts;
    const { family } = this.#wish;
    this.#searches = [];
    this.#waiting = 0;
    this.#ipv4 = book.wants(family, 4) ? this.#findOne(key, TYPE.A) : undefined;
    this.#ipv6 = book.wants(family, 6) ? this.#findOne(key, TYPE.AAAA) : undefined;
    this.#look();
  }

  /** What is known now; otherwise the answer comes later. */
  #findOne(key: NameKey, type: number): Found | undefined {
    const { source } = this.#parts;
    const { cache, deadlineMs } = this.#wish;
    const found = cache === 'refresh' ? undefined : source.peek(key, type);
    if (found !== undefined) return found;
    if (cache === 'only') return NOT_KEPT;
    this.#waiting += 1;
    const onEnd = (end: Found): void => {
      if (this.ended) return;
      this.#waiting -= 1;
      if (type === TYPE.A) this.#ipv4 = end;
      else this.#ipv6 = end;
      this.#look();
    };
    this.#searches.push(source.find(key, type, deadlineMs, cache, onEnd));
    return undefined;
  }

  /** Is what has come enough? */
  #look(): void {
    const hasRecords = this.#ipv4?.kind === 'records' || this.#ipv6?.kind === 'records';
    if (this.#waiting === 0) {
      if (hasRecords) this.#order();
      else this.#nextCandidate();
    } else if (hasRecords && !this.#wish.patient) {
      if (this.#isKnownLate()) this.waitedEnough();
      else this.#beImpatient();
    }
  }

  /** The other family kept somebody waiting in vain just now, and this one is in the cache. */
  #isKnownLate(): boolean {
    const nowMs = this.#parts.port.loop.nowMs();
    const { source } = good(this.#ipv4) ?? (good(this.#ipv6) as Known);
    return source === 'cache' && nowMs < this.#known.lateUntilMs;
  }

  /** Learns where this machine would send from, which takes no packets, and a moment at most. */
  #order(): void {
    const { book, sources } = this.#parts;
    const kept = book.kept(this.#known, this.#wish.family, this.#ipv4, this.#ipv6);
    if (kept !== undefined) {
      this.#end(kept);
      return;
    }
    this.#texts = book.addressesIn(good(this.#ipv4), good(this.#ipv6));
    if (this.#texts.length === 0) {
      this.#nextCandidate();
      return;
    }
    const onKnown = (): void => {
      if (!this.ended) this.#give();
    };
    if (sources.ready(this.#texts, onKnown)) this.#give();
    else this.#beImpatient();
  }

  /** From now on, what there is will do in a moment. */
  #beImpatient(): void {
    if (this.#isImpatient) return;
    this.#isImpatient = true;
    this.#parts.patience.add(this);
  }

  waitedEnough(): void {
    const { book, plans, port } = this.#parts;
    this.#isImpatient = false;
    if (this.#waiting > 0) {
      this.#texts = book.addressesIn(good(this.#ipv4), good(this.#ipv6));
      // Denied: the other family may have some that are not.
      if (this.#texts.length === 0) return;
      this.#known.lateUntilMs = port.loop.nowMs() + LATE_MS;
      plans.keep(this.#known);
    }
    this.#give();
  }

  /** With what there is. */
  #give(): void {
    const { book } = this.#parts;
    const known = this.#known;
    const [ipv4, ipv6] = [good(this.#ipv4), good(this.#ipv6)];
    const late = this.#lateFamily();
    if (late === undefined) {
      this.#end(book.setOf(known, this.#wish.family, this.#texts, ipv4, ipv6));
      return;
    }
    const error = lateError(known.name, late, late === 4 ? this.#ipv4 : this.#ipv6);
    const set = book.partOf(known, this.#texts, ipv4, ipv6);
    this.#end({ ...set, partial: { family: late, error } });
  }

  /** The family that was wanted and could not be had, or not yet. */
  #lateFamily(): Family | undefined {
    const { book } = this.#parts;
    const { family } = this.#wish;
    if (book.wants(family, 4) && good(this.#ipv4) === undefined) return 4;
    return book.wants(family, 6) && good(this.#ipv6) === undefined ? 6 : undefined;
  }

  #nextCandidate(): void {
    this.#failures ??= new SearchFailures();
    if (this.#failures.add(this.#ipv4, this.#ipv6)) this.#ask();
    else this.#nothing();
  }

  #nothing(): void {
    this.#failures ??= new SearchFailures();
    this.#end(this.#failures.error(this.#known.name));
  }

  #end(end: AddressSet | DnsError): void {
    this.ended = true;
    this.#onEnd(end);
  }
}

/** Of a name that causes no query, and has nothing. */
function fixedError({ name, special }: KnownName): DnsError {
  const isNone = special?.kind === 'none';
  const why = isNone ? special.why : 'no address of this family';
  return new DnsError(isNone ? special.code : 'ENODATA', shownName(name), { why });
}

function good(found: Found | undefined): Known | undefined {
  return found === undefined || found.kind === 'failure' ? undefined : found;
}
