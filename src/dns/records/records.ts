import type { ProactorPort } from '../../core/proactor.ts';
import type { Exchanger, Failure } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { Settled } from '../wire/reply.ts';
import { AliasTargets } from './alias-targets.ts';
import { RecordCache } from './cache.ts';
import { type CacheEntry, NEVER } from './cache-entry.ts';
import type { CacheStats } from './cache-stats.ts';
import { Chase } from './chase.ts';
import { Deadlines } from './deadlines.ts';
import { Deliveries } from './deliveries.ts';
import { Flight } from './flight.ts';
import { FlightTable } from './flight-table.ts';
import type {
  Found,
  FoundNothing,
  FoundRecords,
  RecordSource,
  Search,
  SearchMode,
} from './found.ts';
import { failureOf, isOfServers, type Outcome } from './outcome.ts';
import {
  FLIGHTS_MAX,
  type RecordOptions,
  type RecordSettings,
  recordSettings,
  STALE_SHARE,
  WAITERS_MAX,
} from './record-settings.ts';
import { CallbackWaiter, type Waiter, type WaiterHost } from './waiter.ts';

export type { CacheStats };

/**
 * Records by name and type.
 *
 *   find ─► fresh? ──► delivered in the loop
 *             └─► the flight of (name, type), one for all ─► Chase ─► Exchanger
 *                   each waiter: answer, or stale records after a while, or its own deadline
 */
export class Records implements RecordSource, WaiterHost {
  readonly #port: ProactorPort;
  readonly #settings: RecordSettings;
  readonly #cache: RecordCache;
  readonly #targets: AliasTargets;
  readonly #deadlines: Deadlines;
  readonly #deliveries: Deliveries;
  readonly #exchanger: Exchanger;
  readonly #flights: FlightTable;
  #closed = false;
  #hits = 0;
  #misses = 0;
  #stale = 0;
  #negative = 0;

  /** `seed`, 32 bits: by chance, where strangers choose the names. */
  constructor(port: ProactorPort, exchanger: Exchanger, options: RecordOptions = {}, seed = 0) {
    this.#port = port;
    this.#exchanger = exchanger;
    this.#flights = new FlightTable(seed);
    this.#settings = recordSettings(options);
    this.#cache = new RecordCache(this.#settings);
    this.#targets = new AliasTargets(exchanger, this.#cache, port.loop);
    this.#deadlines = new Deadlines(port, {
      due: (waiter) => this.#due(waiter),
      portClosed: () => this.close(),
    });
    this.#deliveries = new Deliveries(port);
  }

  get stats(): CacheStats {
    return {
      entries: this.#cache.size,
      hits: this.#hits,
      misses: this.#misses,
      stale: this.#stale,
      negative: this.#negative,
    };
  }

  /** Questions under way. */
  get flights(): number {
    return this.#flights.size;
  }

  /** Callers who wait for the network. */
  get waiters(): number {
    return this.#deadlines.size;
  }

  /** What it gives stays the same object until another answer has come. */
  peek(name: NameKey, type: number): FoundRecords | FoundNothing | undefined {
    const nowMs = this.#port.loop.nowMs();
    const entry = this.#cache.fresh(name, type, nowMs);
    return entry === undefined ? undefined : this.#hit(entry, nowMs);
  }

  find(
    name: NameKey,
    type: number,
    deadlineMs: number,
    mode: SearchMode,
    onEnd: (found: Found) => void,
  ): Search {
    const waiter = new CallbackWaiter(this, mode, deadlineMs, onEnd);
    const found = this.seek(name, type, waiter, this.#port.loop.nowMs());
    if (found !== undefined) this.#deliveries.add(waiter, found);
    return waiter;
  }

  seek(name: NameKey, type: number, waiter: Waiter, nowMs: number): Found | undefined {
    if (this.#closed) return failureOf('ECANCELLED');
    return this.#atOnce(name, type, waiter, nowMs) ?? this.#wait(name, type, waiter, nowMs);
  }

  flush(name?: NameKey): void {
    if (name === undefined) this.#cache.clear();
    else this.#cache.forget(name);
  }

  /** Other servers are asked from now on: what is kept stays, but for failures of the old ones. */
  serversChanged(): void {
    this.#cache.forgive();
  }

  /** Ends everything: whoever waits is told `ECANCELLED`, as is whoever comes later. */
  close(): void {
    this.#closed = true;
    this.#cache.clear();
    const failure = failureOf('ECANCELLED');
    for (const flight of this.#flights.takeAll()) {
      flight.cancel();
      this.#endAll(flight, failure);
    }
    this.#deadlines.close();
  }

  /** For waiters: one of them has gone. */
  leave(waiter: Waiter): void {
    const { flight } = waiter;
    waiter.gone = true;
    if (flight === undefined) return;
    this.#deadlines.remove(waiter);
    flight.remove(waiter);
    this.#endIfUnwanted(flight);
  }

  // What is known.

  #hit(entry: CacheEntry, nowMs: number): FoundRecords | FoundNothing {
    const found = entry.found as FoundRecords | FoundNothing;
    this.#hits += 1;
    if (found.kind !== 'records') this.#negative += 1;
    if (entry.prefetchAtMs !== NEVER && nowMs >= entry.prefetchAtMs) this.#prefetch(entry, nowMs);
    return found;
  }

  #prefetch(entry: CacheEntry, nowMs: number): void {
    const flight = this.#flightOf(entry.name, entry.type, nowMs, nowMs, false);
    if (flight === undefined) return; // Too many; the next hit tries again.
    flight.goesOn = true;
    entry.prefetchAtMs = NEVER;
  }

  /** An answer that needs no waiting. */
  #atOnce(name: NameKey, type: number, waiter: Waiter, nowMs: number): Found | undefined {
    if (waiter.mode === 'refresh' || !this.#cache.has(name)) return undefined;
    const entry = this.#cache.fresh(name, type, nowMs);
    if (entry !== undefined) return this.#hit(entry, nowMs);
    if (this.#cache.hasStale(name, type, nowMs)) {
      return this.#cache.failedLately(name, type, nowMs)
        ? this.#staleOf(name, type, nowMs)
        : undefined;
    }
    const failure = this.#cache.failure(name, type, nowMs);
    if (failure === undefined) return undefined;
    this.#hits += 1;
    this.#negative += 1;
    return failure;
  }

  #staleOf(name: NameKey, type: number, nowMs: number): FoundRecords | undefined {
    const found = this.#cache.stale(name, type, nowMs);
    if (found !== undefined) this.#stale += 1;
    return found;
  }

  // Waiting for the network.

  /** `undefined`: it waits. */
  #wait(name: NameKey, type: number, waiter: Waiter, nowMs: number): Found | undefined {
    const full = this.#deadlines.size >= WAITERS_MAX;
    const usesKnown = waiter.mode === 'use';
    const { mode, deadlineMs } = waiter;
    const flight = full ? undefined : this.#flightOf(name, type, nowMs, deadlineMs, usesKnown);
    if (flight === undefined) {
      return this.#staleFor(mode, name, type, nowMs) ?? failureOf('ENOSERVER');
    }
    if (usesKnown) this.#misses += 1;
    flight.add(waiter);
    this.#deadlines.add(waiter, this.#firstDueMs(flight, waiter, nowMs), nowMs);
    return undefined;
  }

  /** When something has to happen to a waiter without an answer: its deadline, or stale records. */
  #firstDueMs(flight: Flight, waiter: Waiter, nowMs: number): number {
    const { deadlineMs, mode } = waiter;
    if (mode === 'refresh' || !this.#cache.hasStale(flight.name, flight.type, nowMs)) {
      return deadlineMs;
    }
    const shareMs = nowMs + (deadlineMs - nowMs) * STALE_SHARE;
    return Math.min(flight.startedMs + this.#settings.staleAfterMs, shareMs);
  }

  /** The flight under way, or a new one; `undefined`: there are too many. */
  #flightOf(
    name: NameKey,
    type: number,
    nowMs: number,
    deadlineMs: number,
    usesKnown: boolean,
  ): Flight | undefined {
    const hash = this.#flights.hashOf(name, type);
    const known = this.#flights.get(name, type, hash);
    if (known !== undefined) return known;
    if (this.#flights.size >= FLIGHTS_MAX) return undefined;
    // Longer than the first caller wants: others may come who have more time.
    const endMs = Math.max(deadlineMs, nowMs + this.#settings.timeoutMs);
    const flight = new Flight(name, type, hash, nowMs, endMs, usesKnown);
    this.#flights.add(flight);
    const onEnd = (end: Settled | Failure): void => this.#answered(flight, end);
    flight.exchange = this.#exchanger.ask(flight, endMs, onEnd, nowMs);
    return flight;
  }

  #endIfUnwanted(flight: Flight): void {
    if (flight.first !== undefined || flight.goesOn) return;
    flight.cancel();
    this.#flights.remove(flight);
  }

  #answered(flight: Flight, end: Settled | Failure): void {
    flight.exchange = undefined;
    if (end.kind !== 'alias') {
      this.#landed(flight, end);
      return;
    }
    flight.chase = new Chase(this.#targets, flight, flight.endMs, flight.usesKnown, (outcome) => {
      flight.chase = undefined;
      this.#landed(flight, outcome);
    });
    flight.chase.follow(end);
  }

  #landed(flight: Flight, outcome: Outcome): void {
    const { name, type } = flight;
    this.#flights.remove(flight);
    const nowMs = this.#port.loop.turnMs;
    if (outcome.kind !== 'failure') {
      this.#endAll(flight, this.#cache.keep(name, type, outcome, nowMs));
      return;
    }
    if (isOfServers(outcome)) this.#cache.keepFailure(name, type, outcome, nowMs);
    if (outcome.code === 'ECANCELLED') this.#endAll(flight, outcome);
    else this.#endAll(flight, outcome, (mode) => this.#staleFor(mode, name, type, nowMs));
  }

  #staleFor(mode: SearchMode, name: NameKey, type: number, nowMs: number): Found | undefined {
    return mode === 'use' ? this.#staleOf(name, type, nowMs) : undefined;
  }

  /** `better`: what somebody is told instead. */
  #endAll(flight: Flight, found: Found, better?: (mode: SearchMode) => Found | undefined): void {
    for (let waiter = flight.first; waiter !== undefined; waiter = flight.first) {
      this.#deadlines.remove(waiter);
      flight.remove(waiter);
      this.#deliveries.add(waiter, better?.(waiter.mode) ?? found);
    }
  }

  /** Out of the queue already: stale records, or another wait until the deadline, or the end. */
  #due(waiter: Waiter): void {
    const { flight, mode, deadlineMs } = waiter;
    if (flight === undefined) return;
    const nowMs = this.#port.loop.nowMs();
    const stale = this.#staleFor(mode, flight.name, flight.type, nowMs);
    if (stale === undefined && nowMs < deadlineMs) {
      this.#deadlines.add(waiter, deadlineMs, nowMs);
      return;
    }
    if (stale !== undefined) flight.goesOn = true;
    const found = stale ?? { ...failureOf('ETIMEOUT'), ...flight.soFar(), code: 'ETIMEOUT' };
    flight.remove(waiter);
    this.#endIfUnwanted(flight);
    this.#deliveries.add(waiter, found);
  }
}
