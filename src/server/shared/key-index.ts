import { sipHash } from './sip-hash.ts';
import { HEAD, type ZoneMemory } from './zone-memory.ts';

/** Words that each entry begins with; a kind's own follow. */
export const ENTRY = { hash: 0, next: 4, bytes: 5, words: 6 } as const;
const HASH_WORDS = 4;
const WORD_BYTES = 4;

/** How entries lie in memory. */
export type EntryLayout = {
  /** Of one entry, a multiple of two. */
  readonly words: number;
  readonly capacity: number;
  /** Bytes that all entries together may count for. */
  readonly bytesMax: number;
};

/** Bytes of memory that a zone with such entries takes. */
export function memoryBytes({ words, capacity }: EntryLayout): number {
  return WORD_BYTES * (HEAD.words + bucketsOf(capacity) + words * capacity);
}

/**
 * Entries in shared memory, found by the hash of their key: buckets with chains. An entry is named
 * by where its words begin; 0 is none. All but `aim` is for who has the zone's lock.
 */
export class KeyIndex {
  readonly words: Int32Array;
  readonly layout: EntryLayout;
  readonly #secret: Int32Array;
  readonly #hash = new Int32Array(HASH_WORDS);
  readonly #mask: number;
  readonly #entriesAt: number;

  /** Memory that is too small is the caller's mistake: `RangeError`. */
  constructor({ buffer }: ZoneMemory, layout: EntryLayout) {
    if (buffer.byteLength < memoryBytes(layout)) throw new RangeError('too little memory');
    this.words = new Int32Array(buffer);
    this.layout = layout;
    this.#secret = this.words.slice(HEAD.secret, HEAD.secret + HASH_WORDS);
    const buckets = bucketsOf(layout.capacity);
    this.#mask = buckets - 1;
    this.#entriesAt = HEAD.words + buckets;
  }

  get size(): number {
    return this.words[HEAD.size] as number;
  }

  /** The key that is meant from now on. */
  aim(key: string): void {
    sipHash(key, this.#secret, this.#hash);
  }

  /** The entry of the key, or 0. */
  find(): number {
    const { words } = this;
    const hash = this.#hash;
    const first = hash[0] as number;
    let entry = words[HEAD.words + (first & this.#mask)] as number;
    for (let left = this.layout.capacity; entry !== 0 && left > 0; left -= 1) {
      const isIt =
        words[entry] === first &&
        words[entry + 1] === hash[1] &&
        words[entry + 2] === hash[2] &&
        words[entry + 3] === hash[3];
      if (isIt) return entry;
      entry = words[entry + ENTRY.next] as number;
    }
    return 0;
  }

  /** A new entry of the key, its own words all zeros; 0: there is no room. */
  add(bytes: number): number {
    const { words, layout } = this;
    if ((words[HEAD.bytes] as number) + bytes > layout.bytesMax) return 0;
    let entry = words[HEAD.free] as number;
    if (entry !== 0) words[HEAD.free] = words[entry + ENTRY.next] as number;
    else {
      const fresh = words[HEAD.fresh] as number;
      if (fresh >= layout.capacity) return 0;
      words[HEAD.fresh] = fresh + 1;
      entry = this.at(fresh);
    }
    words.set(this.#hash, entry);
    words.fill(0, entry + ENTRY.words, entry + layout.words);
    words[entry + ENTRY.bytes] = bytes;
    this.#chain(entry);
    words[HEAD.bytes] = (words[HEAD.bytes] as number) + bytes;
    words[HEAD.size] = (words[HEAD.size] as number) + 1;
    return entry;
  }

  remove(entry: number): void {
    const { words } = this;
    let at = this.#bucketOf(entry);
    for (let left = this.layout.capacity; words[at] !== entry && left > 0; left -= 1) {
      at = (words[at] as number) + ENTRY.next;
    }
    words[at] = words[entry + ENTRY.next] as number;
    words[HEAD.bytes] = (words[HEAD.bytes] as number) - (words[entry + ENTRY.bytes] as number);
    words[HEAD.size] = (words[HEAD.size] as number) - 1;
    words[entry + ENTRY.bytes] = 0;
    words[entry + ENTRY.next] = words[HEAD.free] as number;
    words[HEAD.free] = entry;
  }

  /** Where the entry of this number lies, from 0. */
  at(number: number): number {
    return this.#entriesAt + number * this.layout.words;
  }

  /** Entries that were ever used; those that are free count for 0 bytes. */
  get fresh(): number {
    return this.words[HEAD.fresh] as number;
  }

  isUsed(entry: number): boolean {
    return this.words[entry + ENTRY.bytes] !== 0;
  }

  /** Forgets all entries. */
  clear(): void {
    const { words } = this;
    words.fill(0, HEAD.words, this.#entriesAt);
    for (const at of [HEAD.bytes, HEAD.fresh, HEAD.free, HEAD.newest, HEAD.oldest, HEAD.size]) {
      words[at] = 0;
    }
  }

  /** Chains all entries anew: a process was cut off in the midst of a change. */
  rebuild(): void {
    const { words } = this;
    const { fresh } = this;
    words.fill(0, HEAD.words, this.#entriesAt);
    let [bytes, size, free] = [0, 0, 0];
    for (let number = 0; number < fresh; number += 1) {
      const entry = this.at(number);
      if (this.isUsed(entry)) {
        bytes += words[entry + ENTRY.bytes] as number;
        size += 1;
        this.#chain(entry);
      } else {
        words[entry + ENTRY.next] = free;
        free = entry;
      }
    }
    words[HEAD.bytes] = bytes;
    words[HEAD.size] = size;
    words[HEAD.free] = free;
  }

  #bucketOf(entry: number): number {
    return HEAD.words + ((this.words[entry + ENTRY.hash] as number) & this.#mask);
  }

  #chain(entry: number): void {
    const bucket = this.#bucketOf(entry);
    this.words[entry + ENTRY.next] = this.words[bucket] as number;
    this.words[bucket] = entry;
  }
}

function bucketsOf(capacity: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(capacity)));
}
