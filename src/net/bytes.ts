/** A view that a port has lent, or given for good. */
type Lent = {
  readonly data: Uint8Array;
  readonly offset: number;
  readonly bytes: number;
  readonly owned: boolean;
};

/** Bytes that the caller may keep: a copy, unless the port has given them away. */
export function bytesOf(lent: Lent): Uint8Array {
  const view = lent.data.subarray(lent.offset, lent.offset + lent.bytes);
  // A copy of few bytes frees a large buffer that would otherwise live as long as they do.
  return lent.owned && view.length * 2 >= view.buffer.byteLength ? view : Uint8Array.from(view);
}

export function total(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

/** A copy of the first `bytes` of all `buffers` together. */
export function joined(buffers: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const buffer of buffers) {
    const part = buffer.subarray(0, bytes - at);
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Copies what fits of `data` into `buffers` in turn; `rest` is the room that is left. */
export function scatter(
  data: Uint8Array,
  buffers: readonly Uint8Array[],
): { bytes: number; rest: Uint8Array[] } {
  let bytes = 0;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    const part = data.subarray(bytes, bytes + buffer.length);
    buffer.set(part);
    bytes += part.length;
    if (part.length < buffer.length) rest.push(buffer.subarray(part.length));
  }
  return { bytes, rest };
}
