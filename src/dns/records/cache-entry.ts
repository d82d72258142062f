import type { Failure } from '../transport/exchange.ts';
import type { NameKey } from '../wire/name.ts';
import type { FoundNothing, FoundRecords } from './found.ts';

/** The type of an entry that says that a name does not exist, whatever it is asked for. */
export const WHOLE_NAME = 0;

/** The last thing that went wrong with an entry, and for how long that is remembered. */
export type Trouble = {
  /** `undefined`: an answer without proof of how long it holds, kept as briefly as a failure. */
  readonly failure: Failure | undefined;
  /** Which servers failed: see `RecordCache.forgive`. */
  readonly era: number;
  readonly backoffMs: number;
  readonly untilMs: number;
};

/** What is known of one name and type. What it gives out never changes: it is replaced whole. */
export class CacheEntry {
  readonly name: NameKey;
  readonly type: number;
  found: FoundRecords | FoundNothing | undefined;
  /** Aliases between the name and the records. */
  links = 0;
  /** From here on a hit asks anew, once; `Infinity` when one has. */
  prefetchAtMs: number = Number.POSITIVE_INFINITY;
  trouble: Trouble | undefined;
  /** The next entry of the same name. */
  sibling: CacheEntry | undefined;
  /** Neighbours in the order of use. */
  newer: CacheEntry | undefined;
  older: CacheEntry | undefined;

  constructor(name: NameKey, type: number) {
    this.name = name;
    this.type = type;
  }
}
