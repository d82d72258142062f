import type { TimerOperation } from '../core/operation.ts';
import { timerOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { type AddressSet, HOSTS_TTL_S } from './address-set.ts';
import { DnsError } from './dns-error.ts';
import type { Search } from './records/found.ts';
import type { ServiceFound } from './service-search.ts';
import { errorIn, stateOfService, stateOfSet, type WatchState } from './watch-state.ts';
import type { Watcher } from './watcher.ts';

/** After an error it is asked again, first after this time; each further error doubles it. */
export const RETRY_MS: number = 1_000;
export const RETRY_MS_MAX: number = 30_000;

/** How one refresh looks. The first takes what is known; the others ask, and have time. */
export type Refresh = (
  isFirst: boolean,
  onEnd: (end: AddressSet | ServiceFound | DnsError) => void,
) => Search | undefined;

/** Between refreshes, in milliseconds. */
export type Interval = { readonly minMs: number; readonly maxMs: number };

/** One name with its watchers: they share its refreshes, at the shortest interval of all. */
export class SharedWatch {
  readonly name: string;
  readonly #port: ProactorPort;
  readonly #refresh: Refresh;
  readonly #watchers = new Map<Watcher, Interval>();
  readonly #onPortClosed: () => void;
  #state: WatchState | undefined;
  #emptySinceMs: number | undefined;
  #failures = 0;
  #refreshes = 0;
  #timer: TimerOperation | undefined;
  #search: Search | undefined;
  #searching = false;

  constructor(port: ProactorPort, name: string, refresh: Refresh, onPortClosed: () => void) {
    this.#port = port;
    this.name = name;
    this.#refresh = refresh;
    this.#onPortClosed = onPortClosed;
  }

  get size(): number {
    return this.#watchers.size;
  }

  join(watcher: Watcher, interval: Interval): void {
    this.#watchers.set(watcher, interval);
    if (this.#state !== undefined) watcher.offer(this.#state);
    if (this.#emptySinceMs !== undefined) this.#tellEmpty(watcher, this.#emptySinceMs);
    if (this.#refreshes === 0) this.#look();
    // It may want to look sooner than those before it.
    else if (this.#timer !== undefined) this.#lookIn(this.#timer.atMs - this.#port.loop.nowMs());
  }

  /** `true`: nobody watches any more. */
  leave(watcher: Watcher): boolean {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return false;
    this.#forgetTimer();
    this.#search?.cancel();
    return true;
  }

  endAll(): void {
    for (const watcher of [...this.#watchers.keys()]) watcher.end();
  }

  #look(): void {
    const isFirst = this.#refreshes === 0;
    this.#refreshes += 1;
    this.#searching = true;
    const search = this.#refresh(isFirst, (end) => {
      this.#searching = false;
      this.#search = undefined;
      if (this.#watchers.size === 0) return;
      if (end instanceof DnsError) this.#failed(end);
      else this.#found(end);
    });
    if (this.#searching) this.#search = search;
  }

  #found(found: AddressSet | ServiceFound): void {
    const before = this.#state;
    const state =
      'failed' in found ? stateOfService(this.name, found, before) : stateOfSet(found, before);
    this.#state = state;
    this.#emptySinceMs = undefined;
    for (const watcher of this.#watchers.keys()) watcher.offer(state);
    const error = errorIn(found);
    if (error === undefined) {
      this.#failures = 0;
      this.#lookIn(this.#goodForMs(state.set));
      return;
    }
    // Part of it is missing. Of a first look that only means that it was given early.
    this.#failures += 1;
    if (this.#refreshes > 1) this.#tell(error);
    this.#lookIn(this.#retryMs());
  }

  #failed(error: DnsError): void {
    if (error.code === 'ECANCELLED') {
      this.#onPortClosed();
      return;
    }
    this.#failures += 1;
    const nowMs = this.#port.loop.nowMs();
    if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') {
      this.#emptySinceMs ??= nowMs;
      for (const watcher of this.#watchers.keys()) this.#tellEmpty(watcher, this.#emptySinceMs);
    }
    this.#tell(error);
    this.#lookIn(this.#retryMs());
  }

  #tell(error: DnsError): void {
    for (const watcher of this.#watchers.keys()) watcher.fail(error, this.#failures);
  }

  #tellEmpty(watcher: Watcher, sinceMs: number): void {
    const nowMs = this.#port.loop.nowMs();
    watcher.empty(nowMs - sinceMs, nowMs);
  }

  #goodForMs({ expiresAt, source }: AddressSet): number {
    if (source === 'hosts') return HOSTS_TTL_S * 1_000;
    return expiresAt - this.#port.loop.nowMs();
  }

  /** Doubling; and a look when the first watcher gives a name up that has no address any more. */
  #retryMs(): number {
    const retryMs = Math.min(RETRY_MS * 2 ** Math.min(this.#failures - 1, 16), RETRY_MS_MAX);
    if (this.#emptySinceMs === undefined) return retryMs;
    const forMs = this.#port.loop.nowMs() - this.#emptySinceMs;
    let nextMs = retryMs;
    for (const { holds, options } of this.#watchers.keys()) {
      const leftMs = options.holdMs - forMs;
      if (holds && leftMs > 0) nextMs = Math.min(nextMs, leftMs);
    }
    return nextMs;
  }

  #lookIn(ms: number): void {
    this.#forgetTimer();
    const isRetry = this.#failures > 0;
    let minMs = Number.POSITIVE_INFINITY;
    let maxMs = Number.POSITIVE_INFINITY;
    for (const interval of this.#watchers.values()) {
      minMs = Math.min(minMs, interval.minMs);
      maxMs = Math.min(maxMs, interval.maxMs);
    }
    const timer = timerOperation(({ status }) => {
      if (this.#timer !== timer) return;
      this.#timer = undefined;
      if (status === 'done') this.#look();
      else this.#onPortClosed();
    });
    const waitMs = Math.min(isRetry ? ms : Math.max(ms, minMs), maxMs);
    timer.atMs = this.#port.loop.nowMs() + Math.max(waitMs, 0);
    this.#timer = timer;
    this.#port.submit(timer);
  }

  #forgetTimer(): void {
    const timer = this.#timer;
    this.#timer = undefined;
    if (timer !== undefined) this.#port.cancel(timer);
  }
}
