const INITIAL_BYTES = 1024;

/**
 * Bytes that came before their time: the beginning of a head, or requests sent ahead. They are
 * `data` from `at` to `end`. Holds no buffer while it is empty. Who adds to it bounds it.
 */
export class Carry {
  data: Uint8Array = NONE;
  at = 0;
  end = 0;

  get bytes(): number {
    return this.end - this.at;
  }

  /** Adds a copy of a lent view. Doubles its room, so that adding byte by byte stays linear. */
  add(data: Uint8Array, from: number, to: number): void {
    const bytes = to - from;
    if (this.end + bytes > this.data.length) this.#grow(bytes);
    this.data.set(data.subarray(from, to), this.end);
    this.end += bytes;
  }

  /** Takes what is before `at` as used. */
  use(at: number): void {
    this.at = at;
    if (at < this.end) return;
    this.data = NONE;
    this.at = 0;
    this.end = 0;
  }

  #grow(bytes: number): void {
    const held = this.bytes;
    const room = Math.max(INITIAL_BYTES, 2 * (held + bytes));
    const grown = new Uint8Array(room);
    grown.set(this.data.subarray(this.at, this.end));
    this.data = grown;
    this.at = 0;
    this.end = held;
  }
}

const NONE = new Uint8Array(0);
