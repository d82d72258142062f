import test from 'ava';
import fc from 'fast-check';
import { type Prefix, PrefixTrie } from '../../../src/server/shared/prefix-trie.ts';

/** The longest prefix that fits, by looking at all of them. */
function slow(prefixes: readonly Prefix<number>[], address: Uint32Array): number | undefined {
  let best: Prefix<number> | undefined;
  for (const prefix of prefixes) {
    if (best !== undefined && prefix.length < best.length) continue;
    if (covers(prefix, address)) best = prefix;
  }
  return best?.value;
}

function covers({ words, length }: Prefix<number>, address: Uint32Array): boolean {
  for (let bit = 0; bit < length; bit += 1) {
    const at = (word: number | undefined): number => ((word as number) >>> (31 - (bit % 32))) & 1;
    if (at(words[bit >> 5]) !== at(address[bit >> 5])) return false;
  }
  return true;
}

/** Addresses that are near one another: else no prefix would cover any. */
const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.integer({ min: 0, max: 15 }).map((low) => 0x0a00_0000 + low * 0x0101),
  fc.constantFrom(0, 0xffff_ffff, 0x8000_0000),
);

function lawFor(wordCount: 1 | 4) {
  const words = fc
    .array(word, { minLength: wordCount, maxLength: wordCount })
    .map((list) => Uint32Array.from(list));
  const prefix = fc.record({ words, length: fc.integer({ min: 0, max: wordCount * 32 }) });
  return fc.property(
    fc.array(prefix, { maxLength: 80 }),
    fc.array(words, { maxLength: 40 }),
    (drawn, addresses) => {
      const prefixes = drawn.map((one, value) => ({ ...one, value }));
      const trie = new PrefixTrie(wordCount, prefixes);
      for (const address of [...addresses, ...prefixes.map((one) => one.words)]) {
        if (trie.find(address) !== slow(prefixes, address)) return false;
      }
      return true;
    },
  );
}

test('a trie of IPv4 prefixes finds what a look at all of them finds', (t) => {
  fc.assert(lawFor(1), { numRuns: 500 });
  t.pass();
});

test('a trie of IPv6 prefixes finds what a look at all of them finds', (t) => {
  fc.assert(lawFor(4), { numRuns: 300 });
  t.pass();
});

test('a trie without prefixes has no value for any address', (t) => {
  t.is(new PrefixTrie(1, []).find(Uint32Array.of(1)), undefined);
});

test('sixty thousand networks are found again', (t) => {
  const prefixes = Array.from({ length: 60_000 }, (_, value) => ({
    words: Uint32Array.of(value * 0x1_0000 + (value % 7) * 256),
    length: 24,
    value,
  }));
  const trie = new PrefixTrie(1, prefixes);
  t.is(trie.size, 60_000);
  for (const { words, value } of prefixes) {
    if (trie.find(Uint32Array.of((words[0] as number) + 255)) !== value) t.fail(String(value));
  }
  t.is(trie.find(Uint32Array.of(0xffff_ff00)), undefined);
});
