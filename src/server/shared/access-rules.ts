import { networkOf } from '../../net/network.ts';
import type { IpKey } from './ip-key.ts';
import { type Prefix, PrefixTrie } from './prefix-trie.ts';

/** `allow 10.0.0.0/8`, `deny all`, `allow unix:`. */
export type AccessRule = { readonly allow: boolean; readonly from: string };

/** `allow` and `deny` in their order: the first rule that an address is in decides. */
export class AccessRules {
  readonly #rules: readonly AccessRule[];
  readonly #ipv4: PrefixTrie<number>;
  readonly #ipv6: PrefixTrie<number>;
  readonly #unix: AccessRule | undefined;

  /** Throws for what is no network. */
  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules;
    const ipv4: Prefix<number>[] = [];
    const ipv6: Prefix<number>[] = [];
    // From the last to the first: of equal networks the first one counts.
    for (let value = rules.length - 1; value >= 0; value -= 1) {
      const { from } = rules[value] as AccessRule;
      if (from === 'unix:') continue;
      if (from === 'all') {
        ipv4.push({ words: new Uint32Array(1), length: 0, value });
        ipv6.push({ words: new Uint32Array(4), length: 0, value });
        continue;
      }
      const { family, words, length } = networkOf(from);
      (family === 'ipv4' ? ipv4 : ipv6).push({ words, length, value });
    }
    this.#ipv4 = firstOf(new PrefixTrie(1, ipv4));
    this.#ipv6 = firstOf(new PrefixTrie(4, ipv6));
    this.#unix = rules.find(({ from }) => from === 'unix:' || from === 'all');
  }

  /** `undefined`: no rule is about this address. */
  decide({ family, words }: IpKey): AccessRule | undefined {
    if (family === 'unix') return this.#unix;
    const trie = family === 'ipv6' ? this.#ipv6 : this.#ipv4;
    const rule = family === 'none' ? undefined : trie.find(words);
    return rule === undefined ? undefined : this.#rules[rule];
  }
}

/** An address is in all networks around the smallest one: the first of their rules decides. */
function firstOf(trie: PrefixTrie<number>): PrefixTrie<number> {
  const { values, parents } = trie;
  for (let entry = 0; entry < values.length; entry += 1) {
    const around = values[parents[entry] as number];
    values[entry] = Math.min(values[entry] as number, around ?? Number.POSITIVE_INFINITY);
  }
  return trie;
}
