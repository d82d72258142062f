import { networkOf } from '../../net/network.ts';
import type { IpKey } from './ip-key.ts';
import { type Prefix, PrefixTrie } from './prefix-trie.ts';

/** Values of networks of both families: an address has that of the smallest network around it. */
export class AddressTable<Value> {
  readonly #ipv4: PrefixTrie<Value>;
  readonly #ipv6: PrefixTrie<Value>;

  /**
   * Networks as text (`10.0.0.0/8`), and of IPv4 as prefixes; the last one of a network counts.
   * Throws for what is none.
   */
  constructor(
    networks: Iterable<readonly [string, Value]>,
    prefixes: readonly Prefix<Value>[] = [],
  ) {
    const ipv4: Prefix<Value>[] = [...prefixes];
    const ipv6: Prefix<Value>[] = [];
    for (const [text, value] of networks) {
      const { family, words, length } = networkOf(text);
      (family === 'ipv4' ? ipv4 : ipv6).push({ words, length, value });
    }
    this.#ipv4 = new PrefixTrie(1, ipv4);
    this.#ipv6 = new PrefixTrie(4, ipv6);
  }

  /** Unix sockets and what is no address have no value. */
  find({ family, words }: IpKey): Value | undefined {
    if (family === 'ipv4') return this.#ipv4.find(words);
    return family === 'ipv6' ? this.#ipv6.find(words) : undefined;
  }
}

/** Addresses of names, as they were found before the configuration began to work. */
type Hosts = ReadonlyMap<string, readonly string[]>;

/** Who is trusted: networks, names, and `unix:` for everything that comes over a unix socket. */
export class AddressSet {
  readonly #table: AddressTable<true>;
  readonly #unix: boolean;

  /** Throws for what is neither a network nor a name that `hosts` knows. */
  constructor(from: readonly string[], hosts?: Hosts) {
    this.#unix = from.includes('unix:');
    const networks = from
      .filter((text) => text !== 'unix:')
      .flatMap((text) => hosts?.get(text) ?? [text]);
    this.#table = new AddressTable(networks.map((text) => [text, true]));
  }

  has(key: IpKey): boolean {
    return key.family === 'unix' ? this.#unix : this.#table.find(key) === true;
  }
}
