/** Longer datagrams are rare: answers over UDP are asked to have 1232 bytes at most. */
const VIEW_BYTES_MAX = 2_048;

/**
 * Views of what a port lends, kept to be used again: it lends the start of the same buffer time and
 * again, and a view costs more than to read a short answer.
 */
export class LentViews {
  #data: Uint8Array | undefined;
  readonly #views: (Uint8Array | undefined)[] = [];

  /** `bytes` bytes of `data` from `offset` on. */
  of(data: Uint8Array, offset: number, bytes: number): Uint8Array {
    // Some adapters lend a view of nothing but the datagram.
    if (offset === 0 && bytes === data.length) return data;
    if (offset !== 0 || bytes > VIEW_BYTES_MAX) return data.subarray(offset, offset + bytes);
    if (data !== this.#data) {
      this.#data = data;
      this.#views.length = 0;
    }
    let view = this.#views[bytes];
    if (view === undefined) {
      view = data.subarray(0, bytes);
      this.#views[bytes] = view;
    }
    return view;
  }
}
