import type { Failure } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { Answer, Negative } from '../wire/reply.ts';
import { CacheEntry, NEVER, WHOLE_NAME } from './cache-entry.ts';
import type { FoundNothing, FoundRecords } from './found.ts';
import { foundOf, lifetimeMs } from './outcome.ts';
import { Recency } from './recency.ts';
import {
  FAILURE_MS_MAX,
  PREFETCH_SHARE,
  RECHECK_MS,
  type RecordSettings,
  STALE_TTL_MS,
} from './record-settings.ts';

/**
 * What was found, by name and type, the least recently used leaving first. Nothing is swept:
 * what has expired stays until its place is needed, because it may be served stale.
 *
 *   Map: name ──► entry of one type ─sibling─► entry of another ─sibling─► …
 */
export class RecordCache {
  readonly #settings: RecordSettings;
  readonly #byName = new Map<NameKey, CacheEntry>();
  readonly #recency = new Recency();
  #size = 0;
  #era = 0;

  constructor(settings: RecordSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#size;
  }

  /** Is anything known of the name, whatever it is worth? */
  has(name: NameKey): boolean {
    return this.#byName.has(name);
  }

  /** What holds at `nowMs`, for the type or for the whole name. Counts as a use. */
  fresh(name: NameKey, type: number, nowMs: number): CacheEntry | undefined {
    for (let entry = this.#byName.get(name); entry !== undefined; entry = entry.sibling) {
      if (entry.type !== type && entry.type !== WHOLE_NAME) continue;
      if (entry.found === undefined || entry.found.expiresAtMs <= nowMs) continue;
      this.#recency.touch(entry);
      return entry;
    }
    return undefined;
  }

  /** Why a question would be useless at `nowMs`: it failed a moment ago. Counts as a use. */
  failure(name: NameKey, type: number, nowMs: number): Failure | undefined {
    const entry = this.#entry(name, type);
    const trouble = entry?.trouble;
    if (entry === undefined || trouble?.era !== this.#era || nowMs >= trouble.untilMs) {
      return undefined;
    }
    this.#recency.touch(entry);
    return trouble.failure;
  }

  /** Are there records that may be served, although they have expired? */
  hasStale(name: NameKey, type: number, nowMs: number): boolean {
    return this.#staleEntry(name, type, nowMs) !== undefined;
  }

  /** Such records; valid for 30 s, whatever their age. Counts as a use. */
  stale(name: NameKey, type: number, nowMs: number): FoundRecords | undefined {
    const entry = this.#staleEntry(name, type, nowMs);
    if (entry === undefined) return undefined;
    this.#recency.touch(entry);
    const found = entry.found as FoundRecords;
    return { ...found, source: 'stale', expiresAtMs: nowMs + STALE_TTL_MS };
  }

  /** Did the servers fail so lately that stale records are served without asking them again? */
  failedLately(name: NameKey, type: number, nowMs: number): boolean {
    const trouble = this.#entry(name, type)?.trouble;
    if (trouble?.failure === undefined || trouble.era !== this.#era) return false;
    return nowMs < trouble.untilMs - trouble.backoffMs + RECHECK_MS;
  }

  /** Keeps an answer for as long as it holds, and gives it as it goes to those who asked. */
  keep(
    name: NameKey,
    type: number,
    answer: Answer | Negative,
    nowMs: number,
  ): FoundRecords | FoundNothing {
    const isNew = !this.has(name);
    const whole = this.#isOfWholeName(name, type, answer, nowMs);
    if (whole) this.#dropAllBut(name, WHOLE_NAME);
    else if (!isNew) this.#drop(name, WHOLE_NAME);
    const place = whole ? WHOLE_NAME : type;
    const known = lifetimeMs(answer, this.#settings);
    const backoffMs = known === undefined ? this.#nextBackoff(name, place, nowMs) : 0;
    const ms = known ?? backoffMs;
    // A whole number needs no box of its own.
    const expiresAtMs = Math.floor(nowMs + ms);
    if (ms === 0 || this.#settings.cacheEntries === 0) {
      this.#drop(name, place);
    } else {
      const entry = this.#place(name, place, isNew);
      entry.found = foundOf(answer, 'cache', expiresAtMs);
      entry.links = answer.links;
      const renews = this.#settings.prefetch && answer.kind === 'answer';
      entry.prefetchAtMs = renews ? Math.floor(nowMs + ms * PREFETCH_SHARE) : NEVER;
      entry.trouble =
        known === undefined
          ? { failure: undefined, era: this.#era, backoffMs, untilMs: expiresAtMs }
          : undefined;
    }
    return foundOf(answer, 'network', expiresAtMs);
  }

  /** All servers failed. What is known stays; nobody asks again for a moment, longer each time. */
  keepFailure(name: NameKey, type: number, failure: Failure, nowMs: number): void {
    if (this.#settings.cacheEntries === 0) return;
    const backoffMs = this.#nextBackoff(name, type, nowMs);
    const entry = this.#place(name, type, false);
    entry.trouble = { failure, era: this.#era, backoffMs, untilMs: nowMs + backoffMs };
  }

  /** Other servers are asked from now on: the failures of the old ones say nothing about them. */
  forgive(): void {
    this.#era += 1;
  }

  /** Forgets a name and all its types. */
  forget(name: NameKey): void {
    this.#dropAllBut(name, undefined);
  }

  clear(): void {
    this.#byName.clear();
    this.#recency.clear();
    this.#size = 0;
  }

  #entry(name: NameKey, type: number): CacheEntry | undefined {
    let entry = this.#byName.get(name);
    while (entry !== undefined && entry.type !== type) entry = entry.sibling;
    return entry;
  }

  #staleEntry(name: NameKey, type: number, nowMs: number): CacheEntry | undefined {
    const entry = this.#entry(name, type);
    if (entry?.found?.kind !== 'records') return undefined;
    return nowMs < entry.found.expiresAtMs + this.#settings.staleMaxAgeMs ? entry : undefined;
  }

  /**
   * RFC 2308 §5 has NXDOMAIN hold for all types. Not for a name of which another type is known:
   * servers exist that say so for every type that they do not have (RFC 4074 §4.2), and it would
   * take good A records away. Nor behind an alias, where it is the target that does not exist.
   */
  #isOfWholeName(name: NameKey, type: number, answer: Answer | Negative, nowMs: number): boolean {
    if (answer.kind !== 'nxdomain' || answer.canonical !== name) return false;
    for (let entry = this.#byName.get(name); entry !== undefined; entry = entry.sibling) {
      const { found } = entry;
      if (entry.type === type || found?.kind !== 'records') continue;
      if (nowMs < found.expiresAtMs) return false;
    }
    return true;
  }

  /** Twice the last one, unless that is over since long. */
  #nextBackoff(name: NameKey, type: number, nowMs: number): number {
    const trouble = this.#entry(name, type)?.trouble;
    const repeats = trouble?.era === this.#era && nowMs < trouble.untilMs + RECHECK_MS;
    const backoffMs = repeats ? trouble.backoffMs * 2 : this.#settings.failureMs;
    return Math.min(backoffMs, FAILURE_MS_MAX);
  }

  /** The entry for something new, made when there is none. `isNew`: nor of another type. */
  #place(name: NameKey, type: number, isNew: boolean): CacheEntry {
    const known = isNew ? undefined : this.#entry(name, type);
    if (known !== undefined) {
      this.#recency.touch(known);
      return known;
    }
    const entry = this.#vacant(name, type);
    const first = isNew ? undefined : this.#byName.get(name);
    if (first === undefined) {
      this.#byName.set(name, entry);
    } else {
      first.alone = false;
      entry.alone = false;
      entry.sibling = first.sibling;
      first.sibling = entry;
    }
    this.#recency.add(entry);
    this.#size += 1;
    return entry;
  }

  /** An entry for something new; at the bound, the one that was not used for longest. */
  #vacant(name: NameKey, type: number): CacheEntry {
    const { oldest } = this.#recency;
    if (oldest === undefined || this.#size < this.#settings.cacheEntries) {
      return new CacheEntry(name, type);
    }
    if (oldest.alone) {
      this.#byName.delete(oldest.name);
      this.#leave(oldest);
    } else {
      this.#drop(oldest.name, oldest.type);
    }
    oldest.renew(name, type);
    return oldest;
  }

  #drop(name: NameKey, type: number): void {
    let before: CacheEntry | undefined;
    let entry = this.#byName.get(name);
    while (entry !== undefined && entry.type !== type) {
      before = entry;
      entry = entry.sibling;
    }
    if (entry === undefined) return;
    if (before !== undefined) before.sibling = entry.sibling;
    else if (entry.sibling !== undefined) this.#byName.set(name, entry.sibling);
    else this.#byName.delete(name);
    this.#leave(entry);
  }

  /** It is not in the map any more. */
  #leave(entry: CacheEntry): void {
    this.#recency.remove(entry);
    this.#size -= 1;
  }

  #dropAllBut(name: NameKey, type: number | undefined): void {
    let entry = this.#byName.get(name);
    while (entry !== undefined) {
      const next = entry.sibling;
      if (entry.type !== type) this.#drop(name, entry.type);
      entry = next;
    }
  }
}
