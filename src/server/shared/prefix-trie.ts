/** What is looked for: the first `length` bits of `words`, of which there are one or four. */
export type Prefix<Value> = {
  readonly words: ArrayLike<number>;
  readonly length: number;
  readonly value: Value;
};

/** Share of the slots of a node that must be in use for it to branch by one bit more. */
const FILL = 0.5;
/** Most bits that one node branches by: a million slots. */
const BRANCH_BITS_MAX = 20;
const WORD_BITS = 32;
const NONE = -1;

/**
 * The longest of many prefixes that an address begins with: a path- and level-compressed trie
 * (Nilsson and Karlsson, "IP-address lookup using LC-tries", 1999). Made once, then only read.
 *
 *   node: skip bits that all below have in common, take `branch` bits as the number of a child;
 *   leaf: an entry; it is compared whole, as skipped bits were not looked at. Where it does not
 *         match, the shorter prefixes around it are tried, the longest first.
 */
export class PrefixTrie<Value> {
  /** Of each entry, in sorted order: a prefix stands before all that begin with it. */
  readonly values: Value[] = [];
  /** Of each entry: the longest shorter prefix that it begins with, or -1. */
  readonly parents: Int32Array;
  readonly #wordCount: number;
  readonly #words: Uint32Array;
  readonly #lengths: Uint8Array;
  /** Entries that no other one begins with: they are the leaves. */
  readonly #leaves: Int32Array;
  // Of each node: bits to skip, bits to branch by (0: it is a leaf), first child or entry.
  #skips: Uint8Array = new Uint8Array(16);
  #branches: Uint8Array = new Uint8Array(16);
  #children: Int32Array = new Int32Array(16);
  #nodeCount = 0;

  /** `wordCount`: 1 for IPv4, 4 for IPv6. Of equal prefixes the last one counts. */
  constructor(wordCount: 1 | 4, prefixes: readonly Prefix<Value>[]) {
    this.#wordCount = wordCount;
    const sorted = sortedPrefixes(wordCount, prefixes);
    this.#words = sorted.words;
    this.#lengths = sorted.lengths;
    this.parents = new Int32Array(sorted.lengths.length).fill(NONE);
    for (const from of sorted.order) this.values.push((prefixes[from] as Prefix<Value>).value);
    this.#leaves = this.#findParents();
    if (this.size > 0) this.#build(0, this.#leaves.length, 0, this.#newNodes(1));
  }

  get size(): number {
    return this.values.length;
  }

  /** The value of the longest prefix that `address` begins with. */
  find(address: Uint32Array): Value | undefined {
    const entry = this.match(address);
    return entry === NONE ? undefined : this.values[entry];
  }

  /** The same as a number of an entry, -1 for none. */
  match(address: Uint32Array): number {
    if (this.#nodeCount === 0) return NONE;
    let node = 0;
    let at = 0;
    for (;;) {
      const branch = this.#branches[node] as number;
      const child = this.#children[node] as number;
      if (branch === 0) return this.#matchUp(child, address);
      at += this.#skips[node] as number;
      node = child + bitsAt(address, 0, at, branch);
      at += branch;
    }
  }

  /** The entry itself, or the longest one around it that matches. */
  #matchUp(from: number, address: Uint32Array): number {
    let entry = from;
    while (entry !== NONE && !this.#beginsWith(address, 0, entry, this.#lengthOf(entry))) {
      entry = this.parents[entry] as number;
    }
    return entry;
  }

  #lengthOf(entry: number): number {
    return this.#lengths[entry] as number;
  }

  /** Are the first `length` bits of the words from `from` on those of the entry? */
  #beginsWith(words: Uint32Array, from: number, entry: number, length: number): boolean {
    const base = entry * this.#wordCount;
    for (let at = 0, rest = length; rest > 0; at += 1, rest -= WORD_BITS) {
      const differ = ((words[from + at] as number) ^ (this.#words[base + at] as number)) >>> 0;
      if (rest >= WORD_BITS ? differ !== 0 : differ >>> (WORD_BITS - rest) !== 0) return false;
    }
    return true;
  }

  #findParents(): Int32Array {
    const leaves: number[] = [];
    const around: number[] = [];
    const count = this.#lengths.length;
    for (let entry = 0; entry < count; entry += 1) {
      while (around.length > 0 && !this.#isPrefixOf(around.at(-1) as number, entry)) around.pop();
      this.parents[entry] = around.at(-1) ?? NONE;
      around.push(entry);
      if (entry + 1 === count || !this.#isPrefixOf(entry, entry + 1)) leaves.push(entry);
    }
    return Int32Array.from(leaves);
  }

  #isPrefixOf(shorter: number, longer: number): boolean {
    const length = this.#lengthOf(shorter);
    if (length > this.#lengthOf(longer)) return false;
    return this.#beginsWith(this.#words, longer * this.#wordCount, shorter, length);
  }

  /** Makes the node for the leaves from `first` on, which are equal up to bit `at`. */
  #build(first: number, count: number, at: number, node: number): void {
    if (count === 1) {
      this.#children[node] = this.#leaves[first] as number;
      return;
    }
    const skip = this.#commonBits(first, first + count - 1, at) - at;
    const branch = this.#branchBits(first, count, at + skip);
    const children = this.#newNodes(2 ** branch);
    this.#skips[node] = skip;
    this.#branches[node] = branch;
    this.#children[node] = children;
    let from = first;
    for (let slot = 0; slot < 2 ** branch; slot += 1) {
      let to = from;
      while (to < first + count && this.#leafBits(to, at + skip, branch) === slot) to += 1;
      const child = children + slot;
      if (to > from) this.#build(from, to - from, at + skip + branch, child);
      else {
        // The leaves on both sides of the gap, where they are below this node.
        const before = from > first ? (this.#leaves[from - 1] as number) : NONE;
        const behind = from < first + count ? (this.#leaves[from] as number) : NONE;
        this.#children[child] = this.#around(before, behind, slot, at + skip, branch);
      }
      from = to;
    }
  }

  /** For a slot without leaves: the longest prefix that covers it. */
  #around(before: number, behind: number, slot: number, at: number, branch: number): number {
    const one = this.#covering(before, slot, at, branch);
    const other = this.#covering(behind, slot, at, branch);
    if (one === NONE || other === NONE) return one === NONE ? other : one;
    return this.#lengthOf(one) >= this.#lengthOf(other) ? one : other;
  }

  /** The longest prefix around `leaf`, itself included, that all addresses of the slot have. */
  #covering(leaf: number, slot: number, at: number, branch: number): number {
    for (let entry = leaf; entry !== NONE; entry = this.parents[entry] as number) {
      const length = this.#lengthOf(entry);
      if (length > at + branch) continue;
      const known = Math.max(0, length - at);
      const base = entry * this.#wordCount;
      if (known === 0 || bitsAt(this.#words, base, at, known) === slot >>> (branch - known)) {
        return entry;
      }
    }
    return NONE;
  }

  #leafBits(leaf: number, at: number, count: number): number {
    return bitsAt(this.#words, (this.#leaves[leaf] as number) * this.#wordCount, at, count);
  }

  /** The first bit from `at` on in which two leaves differ. */
  #commonBits(one: number, other: number, at: number): number {
    let bit = at;
    while (this.#leafBits(one, bit, 1) === this.#leafBits(other, bit, 1)) bit += 1;
    return bit;
  }

  /** As many bits as still fill enough of the slots that they make. */
  #branchBits(first: number, count: number, at: number): number {
    const bitsMax = Math.min(BRANCH_BITS_MAX, this.#wordCount * WORD_BITS - at);
    let branch = 1;
    while (branch < bitsMax && count >= FILL * 2 ** (branch + 1)) {
      let slots = 1;
      for (let leaf = first + 1; leaf < first + count; leaf += 1) {
        const isNew =
          this.#leafBits(leaf, at, branch + 1) !== this.#leafBits(leaf - 1, at, branch + 1);
        if (isNew) slots += 1;
      }
      if (slots < FILL * 2 ** (branch + 1)) break;
      branch += 1;
    }
    return branch;
  }

  #newNodes(count: number): number {
    const first = this.#nodeCount;
    this.#nodeCount += count;
    if (this.#nodeCount > this.#skips.length) {
      const size = Math.max(this.#nodeCount, this.#skips.length * 2);
      this.#skips = grown(this.#skips, new Uint8Array(size));
      this.#branches = grown(this.#branches, new Uint8Array(size));
      this.#children = grown(this.#children, new Int32Array(size));
    }
    this.#children.fill(NONE, first, this.#nodeCount);
    return first;
  }
}

function grown<Numbers extends Uint8Array | Int32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

/** `count` bits from bit `at` on, of the words that begin at `base`. At most 32, over two words. */
function bitsAt(words: Uint32Array, base: number, at: number, count: number): number {
  const word = base + (at >>> 5);
  const bit = at & 31;
  const first = (words[word] as number) << bit;
  const next = bit === 0 ? 0 : (words[word + 1] ?? 0) >>> (WORD_BITS - bit);
  return ((first | next) >>> 0) >>> (WORD_BITS - count);
}

/** Prefixes in a row: entry by entry their words and lengths, and which one each of them was. */
type Sorted = {
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly order: Uint32Array;
};

/** In order of their bits, shorter ones first; each once, with bits behind its length cleared. */
function sortedPrefixes(wordCount: number, prefixes: readonly Prefix<unknown>[]): Sorted {
  const masked = new Uint32Array(prefixes.length * wordCount);
  for (const [index, { words, length }] of prefixes.entries()) {
    for (let word = 0; word < wordCount; word += 1) {
      const bits = Math.min(WORD_BITS, Math.max(0, length - word * WORD_BITS));
      const mask = bits === 0 ? 0 : -1 << (WORD_BITS - bits);
      masked[index * wordCount + word] = (words[word] as number) & mask;
    }
  }
  const compare = (one: number, other: number): number => {
    for (let word = 0; word < wordCount; word += 1) {
      const a = masked[one * wordCount + word] as number;
      const b = masked[other * wordCount + word] as number;
      if (a !== b) return a < b ? -1 : 1;
    }
    return (prefixes[one] as Prefix<unknown>).length - (prefixes[other] as Prefix<unknown>).length;
  };
  const all = Uint32Array.from(prefixes, (_, index) => index);
  // The sort is stable: of equal ones the last one stands last.
  all.sort(compare);
  const order = all.filter(
    (from, at) => at + 1 === all.length || compare(from, all[at + 1] as number) !== 0,
  );
  const words = new Uint32Array(order.length * wordCount);
  for (const [entry, from] of order.entries()) {
    words.set(masked.subarray(from * wordCount, (from + 1) * wordCount), entry * wordCount);
  }
  const lengths = Uint8Array.from(order, (from) => (prefixes[from] as Prefix<unknown>).length);
  return { words, lengths, order };
}
