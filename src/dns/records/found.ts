import type { Failure } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { AnyData } from '../wire/record-type.ts';
import type { Waiter } from './waiter.ts';

/** Where something known comes from. */
export type FoundSource = 'cache' | 'stale' | 'network';

/** Records of one name and type, the chain of aliases followed to its end. */
export type FoundRecords = {
  readonly kind: 'records';
  readonly source: FoundSource;
  readonly canonical: NameKey;
  readonly data: readonly AnyData[];
  /** On the port's clock, in milliseconds; of stale records 30 s from now. */
  readonly expiresAtMs: number;
  readonly authenticated: boolean;
};

/** The name does not exist, or has nothing of the type. */
export type FoundNothing = {
  readonly kind: 'nxdomain' | 'nodata';
  readonly source: FoundSource;
  readonly canonical: NameKey;
  readonly expiresAtMs: number;
  readonly authenticated: boolean;
};

export type Found = FoundRecords | FoundNothing | Failure;

/** One caller's wait. */
export interface Search {
  /** The caller has gone; its callback does not run. The last one to leave ends the query. */
  cancel(): void;
}

/** How a caller looks: `use` what is kept, `refresh` it from the network (joins a query under way). */
export type SearchMode = 'use' | 'refresh';

/** Records by name and type: cached, coalesced, stale when the servers are down. */
export interface RecordSource {
  /** What is kept and still good, now; counts as a hit and may start a prefetch. Allocates nothing. */
  peek(name: NameKey, type: number): FoundRecords | FoundNothing | undefined;

  /**
   * `onEnd` runs once, never inside this call: by `deadlineMs` at the latest, then with the failure
   * `ETIMEOUT` (or what is stale, earlier).
   */
  find(
    name: NameKey,
    type: number,
    deadlineMs: number,
    mode: SearchMode,
    onEnd: (found: Found) => void,
  ): Search;

  /**
   * The same for a waiter that is an object already: what is known at once, and it is not told; or
   * `undefined`, and it is, unless it leaves.
   */
  seek(name: NameKey, type: number, waiter: Waiter, nowMs: number): Found | undefined;

  /** The waiter has gone. */
  leave(waiter: Waiter): void;

  /** Forgets a name, all its types, or everything. Queries under way are not touched. */
  flush(name?: NameKey): void;
}
