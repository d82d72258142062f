import { ipv4Text } from '../net/ipv4-number.ts';
import type { GeoRange } from '../server/conf/lookup-conf.ts';

/** Addresses as numbers, both included. */
type Segment = { first: number; last: number; value: string };

/** What stood in the way of a range: the same one before, or one that it only meets in part. */
export type RangeConflict =
  | { readonly kind: 'duplicate'; readonly old: string }
  | { readonly kind: 'overlap'; readonly with: string };

/** Segments are kept apart by the upper half of their addresses, as nginx does: so it judges overlaps. */
const CHUNK = 0x1_0000;

/**
 * Ranges of IPv4 addresses as they are written one after the other: a range may lie within one that
 * was there before, which it cuts, but not across its border.
 */
export class GeoRanges {
  /** By upper half; sorted, and without overlaps. */
  readonly #chunks = new Map<number, Segment[]>();

  add(first: number, last: number, value: string): RangeConflict | undefined {
    // Most ranges are small.
    const isOnePart = Math.floor(first / CHUNK) === Math.floor(last / CHUNK);
    if (isOnePart) return this.#addPart({ first, last, value });
    let conflict: RangeConflict | undefined;
    for (const part of parts(first, last)) {
      const found = this.#addPart({ ...part, value });
      if (found?.kind === 'overlap') return found;
      conflict ??= found;
    }
    return conflict;
  }

  /** `false`: at least a part of it was not there as a range of its own. */
  delete(first: number, last: number): boolean {
    let isWhole = true;
    for (const part of parts(first, last)) {
      const chunk = this.#chunkOf(part.first);
      const index = chunk.findIndex((one) => one.first === part.first && one.last === part.last);
      if (index >= 0) chunk.splice(index, 1);
      else isWhole = false;
    }
    return isWhole;
  }

  /** All of them in order; those that touch and have the same value are one. */
  all(): readonly GeoRange[] {
    const joined: Segment[] = [];
    const chunks = [...this.#chunks].sort(([one], [other]) => one - other);
    for (const [, segments] of chunks) {
      for (const segment of segments) {
        const previous = joined.at(-1);
        const touches = previous?.last === segment.first - 1 && previous.value === segment.value;
        if (touches && previous !== undefined) previous.last = segment.last;
        else joined.push({ ...segment });
      }
    }
    return joined.map(({ first, last, value }) => ({
      from: ipv4Text(first),
      to: ipv4Text(last),
      value,
    }));
  }

  #chunkOf(address: number): Segment[] {
    const number = Math.floor(address / CHUNK);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = [];
      this.#chunks.set(number, chunk);
    }
    return chunk;
  }

  #addPart(part: Segment): RangeConflict | undefined {
    const chunk = this.#chunkOf(part.first);
    // Most files are sorted: the place is looked for from the end.
    let index = chunk.length;
    while (index > 0 && (chunk[index - 1] as Segment).first > part.last) index -= 1;
    const known = chunk[index - 1];
    if (known === undefined || known.last < part.first) {
      chunk.splice(index, 0, part);
      return undefined;
    }
    const { first, last, value } = known;
    if (part.first === first && part.last === last) {
      known.value = part.value;
      return { kind: 'duplicate', old: value };
    }
    if (part.first < first || part.last > last) {
      return { kind: 'overlap', with: `${ipv4Text(first)}-${ipv4Text(last)}` };
    }
    const pieces: Segment[] = [part];
    if (first < part.first) pieces.unshift({ first, last: part.first - 1, value });
    if (part.last < last) pieces.push({ first: part.last + 1, last, value });
    chunk.splice(index - 1, 1, ...pieces);
    return undefined;
  }
}

function* parts(first: number, last: number): Generator<{ first: number; last: number }> {
  for (let at = first; at <= last; ) {
    const end = Math.min(last, Math.floor(at / CHUNK) * CHUNK + CHUNK - 1);
    yield { first: at, last: end };
    at = end + 1;
  }
}
