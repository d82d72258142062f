import type { CacheEntry } from './cache-entry.ts';

/**
 * The order in which entries were used last: a list whose links are the entries' own, so that a
 * use moves pointers and allocates nothing.
 *
 *   newest ─older─► entry ─older─► … ─older─► oldest
 */
export class Recency {
  #newest: CacheEntry | undefined;
  #oldest: CacheEntry | undefined;

  get oldest(): CacheEntry | undefined {
    return this.#oldest;
  }

  add(entry: CacheEntry): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  remove(entry: CacheEntry): void {
    const { newer, older } = entry;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    entry.newer = undefined;
    entry.older = undefined;
  }

  touch(entry: CacheEntry): void {
    if (entry === this.#newest) return;
    this.remove(entry);
    this.add(entry);
  }

  clear(): void {
    this.#newest = undefined;
    this.#oldest = undefined;
  }
}
