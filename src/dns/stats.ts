import type { CacheStats } from './records/records.ts';
import type { ServerStats } from './transport/server.ts';

/** How a resolver does: counted from its start, never reset. */
export type ResolverStats = {
  readonly servers: readonly ServerStats[];
  /**
   * By reason: what came and was no answer; `denied` addresses; `badTarget` and `targetsOverBound`,
   * targets of services that were not used.
   */
  readonly drops: Readonly<Record<string, number>>;
  readonly cache: CacheStats;
  /** Questions under way. */
  readonly inFlight: number;
  /** Calls that wait for an answer, and iterators that watch. */
  readonly calls: number;
  readonly watchers: number;
};
