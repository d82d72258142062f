import type { Destination, PoolKey } from './pool-key.ts';
import type { Poolable, UpstreamPool } from './upstream-pool.ts';

/** Destinations that were named at run time and still have a key. */
export const TARGETS_MAX: number = 1000;

/** Keys of destinations that requests name: the one unused for longest makes room. */
export class TargetKeys<Connection extends Poolable> {
  readonly #pool: UpstreamPool<Connection>;
  readonly #max: number;
  /** By name, the one used last at the end. */
  readonly #keys = new Map<string, PoolKey>();

  constructor(pool: UpstreamPool<Connection>, max: number = TARGETS_MAX) {
    this.#pool = pool;
    this.#max = max;
  }

  get size(): number {
    return this.#keys.size;
  }

  keyOf(destination: Destination): PoolKey {
    const key = this.#pool.open(destination);
    if (this.#keys.delete(key.text)) this.#pool.close(key); // It is held once already.
    this.#keys.set(key.text, key);
    if (this.#keys.size > this.#max) this.#dropOldest();
    return key;
  }

  /** Gives up all keys, and with them the idle connections. */
  clear(): void {
    for (const key of this.#keys.values()) this.#pool.close(key);
    this.#keys.clear();
  }

  #dropOldest(): void {
    for (const [text, key] of this.#keys) {
      this.#keys.delete(text);
      this.#pool.close(key);
      return;
    }
  }
}
