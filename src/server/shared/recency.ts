import { ENTRY } from './key-index.ts';
import { HEAD } from './zone-memory.ts';

const NEWER = ENTRY.words;
const OLDER = ENTRY.words + 1;
/** Words of each entry that the order takes, behind those that all kinds have. */
export const RECENCY_WORDS = 2;

/** Entries of a zone in the order of their use; for who has the zone's lock. */
export class Recency {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** The entry used longest ago; 0: there is none. */
  get oldest(): number {
    return this.#words[HEAD.oldest] as number;
  }

  /** It was used now. */
  touch(entry: number): void {
    if (entry === this.#words[HEAD.newest]) return;
    this.remove(entry);
    this.add(entry);
  }

  /** A new one, used now. */
  add(entry: number): void {
    const words = this.#words;
    const newest = words[HEAD.newest] as number;
    words[entry + OLDER] = newest;
    words[entry + NEWER] = 0;
    if (newest !== 0) words[newest + NEWER] = entry;
    words[HEAD.newest] = entry;
    if (words[HEAD.oldest] === 0) words[HEAD.oldest] = entry;
  }

  remove(entry: number): void {
    const words = this.#words;
    const newer = words[entry + NEWER] as number;
    const older = words[entry + OLDER] as number;
    if (newer === 0) words[HEAD.newest] = older;
    else words[newer + OLDER] = older;
    if (older === 0) words[HEAD.oldest] = newer;
    else words[older + NEWER] = newer;
  }
}
