/** The entity tag of a file, and the field line that says it. */
export type Etag = {
  readonly mtime: number;
  readonly size: number;
  readonly text: string;
  readonly line: string;
};

/** Tags that are kept: files are asked for again and again. */
const KEPT = 256;
const kept: (Etag | undefined)[] = new Array<Etag | undefined>(KEPT).fill(undefined);

/** Tells versions of a file apart by the time of its last change, in seconds, and its size. */
export function etagOf(mtime: number, size: number): Etag {
  const at = (mtime ^ size) & (KEPT - 1);
  const known = kept[at];
  if (known !== undefined && known.mtime === mtime && known.size === size) return known;
  const text = `"${mtime.toString(16)}-${size.toString(16)}"`;
  const etag = { mtime, size, text, line: `ETag: ${text}\r\n` };
  kept[at] = etag;
  return etag;
}
