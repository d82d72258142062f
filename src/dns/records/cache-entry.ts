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

/** No answer is to be asked for anew. */
export const NEVER: number = -1;

/**
 * What is known of one name and type. What it gives out never changes: it is replaced whole. The
 * entry itself is used again for another name when its place is needed.
 */
export class CacheEntry {
  name: NameKey;
  type: number;
  found: FoundRecords | FoundNothing | undefined;
  /** Aliases between the name and the records. */
  links = 0;
  /** From here on a hit asks anew, once; `NEVER` when one has. A whole number needs no box. */
  prefetchAtMs: number = NEVER;
  trouble: Trouble | undefined;
  /** There never was another entry of the same name beside it. */
  alone = true;
  /** The next entry of the same name. */
  sibling: CacheEntry | undefined;
  /** Neighbours in the order of use. */
  newer: CacheEntry | undefined;
  older: CacheEntry | undefined;

  constructor(name: NameKey, type: number) {
    this.name = name;
    this.type = type;
  }

  /** It is out of all lists: from now on it is for another name, of which nothing is known. */
  renew(name: NameKey, type: number): void {
    this.name = name;
    this.type = type;
    this.found = undefined;
    this.links = 0;
    this.prefetchAtMs = NEVER;
    this.trouble = undefined;
    this.alone = true;
    this.sibling = undefined;
  }
}
