import type { ProactorPort } from '../core/proactor.ts';
import { AbortGroups } from './abort-groups.ts';
import { type Interval, type Refresh, SharedWatch } from './shared-watch.ts';
import type { Family } from './special-names.ts';
import { type WatchEvent, Watcher } from './watcher.ts';

/** Iterators that watch at once; one more is a `RangeError`. */
export const WATCHERS_MAX: number = 4_096;

/** How a name is watched. Times are milliseconds. */
export type WatchOptions = {
  /** Ends the iterators. */
  readonly signal?: AbortSignal | undefined;
  readonly family?: 0 | Family;
  /** The name is one of SRV records, and its targets are watched with their addresses. */
  readonly service?: boolean;
  /** Between refreshes, whatever the TTL; default 5,000. Watchers of one name share the shortest. */
  readonly minIntervalMs?: number;
  /** Default 300,000. */
  readonly maxIntervalMs?: number;
  /** `hold`, the default, keeps what there was for `holdMs` when a name has no address any more. */
  readonly onEmpty?: 'hold' | 'emit';
  /** Default 30,000. */
  readonly holdMs?: number;
};

/** How a name is looked up again and again. */
export type RefreshOf = (name: string, family: 0 | Family, service: boolean) => Refresh;

/** Longest wait that may be asked for: a day. */
const MS_MAX = 86_400_000;

/** Who watches which name. */
export class Watches {
  readonly #port: ProactorPort;
  readonly #refreshOf: RefreshOf;
  readonly #shared = new Map<string, SharedWatch>();
  readonly #signals = new AbortGroups();
  #watchers = 0;
  #closed = false;

  constructor(port: ProactorPort, refreshOf: RefreshOf) {
    this.#port = port;
    this.#refreshOf = refreshOf;
  }

  /** Iterators that watch. */
  get size(): number {
    return this.#watchers;
  }

  /** Each iterator is a watcher of its own, from when it is made. */
  watch(name: string, options: WatchOptions): AsyncIterable<WatchEvent, undefined> {
    const interval = intervalOf(options);
    const { holdMs = 30_000 } = options;
    if (!(holdMs >= 0 && holdMs <= MS_MAX)) throw new TypeError(`holdMs: 0 to ${MS_MAX}`);
    return { [Symbol.asyncIterator]: () => this.#start(name, options, interval) };
  }

  /** Ends all iterators; later ones end at once. */
  close(): void {
    this.#closed = true;
    for (const shared of [...this.#shared.values()]) shared.endAll();
  }

  #start(name: string, options: WatchOptions, interval: Interval): Watcher {
    const { signal, family = 0, service = false, onEmpty = 'hold', holdMs = 30_000 } = options;
    if (this.#watchers === WATCHERS_MAX) throw new RangeError(`over ${WATCHERS_MAX} watchers`);
    const key = `${service ? 'service' : family} ${name}`;
    const shared = this.#shared.get(key) ?? this.#made(name, family, service);
    let joined = false;
    const onEnd = (ended: Watcher): void => {
      this.#signals.remove(signal, ended);
      if (!joined) return;
      this.#watchers -= 1;
      if (shared.leave(ended) && this.#shared.get(key) === shared) this.#shared.delete(key);
    };
    const watcher = new Watcher({ name, service, onEmpty, holdMs, onEnd });
    if (this.#closed || signal?.aborted) {
      watcher.end();
      return watcher;
    }
    this.#signals.add(signal, watcher);
    joined = true;
    this.#watchers += 1;
    this.#shared.set(key, shared);
    shared.join(watcher, interval);
    return watcher;
  }

  #made(name: string, family: 0 | Family, service: boolean): SharedWatch {
    const refresh = this.#refreshOf(name, family, service);
    return new SharedWatch(this.#port, name, refresh, () => this.close());
  }
}

function intervalOf({ minIntervalMs = 5_000, maxIntervalMs }: WatchOptions): Interval {
  const maxMs = maxIntervalMs ?? Math.max(minIntervalMs, 300_000);
  if (!(minIntervalMs >= 1 && minIntervalMs <= maxMs && maxMs <= MS_MAX)) {
    throw new TypeError(`minIntervalMs, maxIntervalMs: 1 to ${MS_MAX}, in this order`);
  }
  return { minMs: minIntervalMs, maxMs };
}
