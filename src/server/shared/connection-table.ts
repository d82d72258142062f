/** Memory of a slab allocator: pieces are powers of two. */
export const COUNT_BYTES_MIN: number = 64;
const ENTRY_BYTES = 36;

/** Bytes that an entry counts for: what it takes in nginx's zones, so that sizes mean the same. */
export function countBytesOf(key: string): number {
  let bytes = COUNT_BYTES_MIN;
  while (bytes < ENTRY_BYTES + key.length) bytes *= 2;
  return bytes;
}

/** One request or connection that is counted, until it is over. */
export interface Held {
  release(): void;
}

/** Keys and how many requests or connections of each there are: in this process, or in several. */
export interface Counts {
  readonly bytesMax: number;
  /** One more; the caller releases it. `limited`: there are `max`; `full`: no room for a new key. */
  enter(key: string, max: number): Held | 'limited' | 'full';
}

/** What one key has under way. */
export class ConnectionCount implements Held {
  readonly key: string;
  readonly #table: ConnectionTable;
  count = 1;

  constructor(table: ConnectionTable, key: string) {
    this.#table = table;
    this.key = key;
  }

  /** One of them is over. */
  release(): void {
    this.count -= 1;
    if (this.count === 0) this.#table.forget(this);
  }
}

/** The counts of this process alone. Bounded by bytes. */
export class ConnectionTable implements Counts {
  readonly bytesMax: number;
  readonly #counts = new Map<string, ConnectionCount>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get size(): number {
    return this.#counts.size;
  }

  enter(key: string, max: number): Held | 'limited' | 'full' {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      if (known.count >= max) return 'limited';
      known.count += 1;
      return known;
    }
    const bytes = countBytesOf(key);
    if (this.#bytes + bytes > this.bytesMax) return 'full';
    const count = new ConnectionCount(this, key);
    this.#counts.set(key, count);
    this.#bytes += bytes;
    return count;
  }

  /** For counts: nothing is left of this one. */
  forget({ key }: ConnectionCount): void {
    this.#counts.delete(key);
    this.#bytes -= countBytesOf(key);
  }
}
