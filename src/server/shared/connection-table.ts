/** Memory of a slab allocator: pieces are powers of two. */
const PIECE_BYTES_MIN = 64;
const ENTRY_BYTES = 36;

function bytesOf(key: string): number {
  let bytes = PIECE_BYTES_MIN;
  while (bytes < ENTRY_BYTES + key.length) bytes *= 2;
  return bytes;
}

/** What one key has under way. */
export class ConnectionCount {
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

/** Keys and how many requests or connections of each there are. Bounded by bytes. */
export class ConnectionTable {
  readonly bytesMax: number;
  readonly #counts = new Map<string, ConnectionCount>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** One more; the caller releases it. `limited`: there are `max`; `full`: no room for a new key. */
  enter(key: string, max: number): ConnectionCount | 'limited' | 'full' {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      if (known.count >= max) return 'limited';
      known.count += 1;
      return known;
    }
    const bytes = bytesOf(key);
    if (this.#bytes + bytes > this.bytesMax) return 'full';
    const count = new ConnectionCount(this, key);
    this.#counts.set(key, count);
    this.#bytes += bytes;
    return count;
  }

  /** For counts: nothing is left of this one. */
  forget({ key }: ConnectionCount): void {
    this.#counts.delete(key);
    this.#bytes -= bytesOf(key);
  }
}
