import { ipv4Number } from '../../net/ipv4-number.ts';
import type { GeoRange } from '../conf/lookup-conf.ts';
import { AddressTable } from './address-table.ts';
import type { IpKey } from './ip-key.ts';
import type { Prefix } from './prefix-trie.ts';

/** What unix sockets, and what is no address at all, are looked up as. */
const NO_ADDRESS = 0xffff_ffff;

/** Values by address, as `geo` has them. */
export class GeoTable {
  readonly #table: AddressTable<string>;
  readonly #fallback: string;
  readonly #ipv4Only: boolean;

  /** By network as text, or by range. `fallback`: for all other addresses. */
  constructor(
    networks: Iterable<readonly [string, string]>,
    fallback: string,
    ranges?: readonly GeoRange[],
  ) {
    const prefixes: Prefix<string>[] = [];
    for (const range of ranges ?? []) addPrefixes(range, prefixes);
    this.#table = new AddressTable(networks, prefixes);
    this.#fallback = fallback;
    this.#ipv4Only = ranges !== undefined;
  }

  /** The key is changed where it is no address. */
  find(key: IpKey): string {
    const isAddress = key.family === 'ipv4' || (key.family === 'ipv6' && !this.#ipv4Only);
    if (!isAddress) {
      key.family = 'ipv4';
      key.words[0] = NO_ADDRESS;
    }
    return this.#table.find(key) ?? this.#fallback;
  }
}

/** Adds the networks that together are a range. Throws for what is none. */
export function addPrefixes({ from, to, value }: GeoRange, prefixes: Prefix<string>[]): void {
  let first = numberOf(from);
  const last = numberOf(to);
  while (first <= last) {
    // The largest network that begins here and does not go beyond the end.
    let length = 32;
    while (length > 0) {
      const size = 2 ** (33 - length);
      if (first % size !== 0 || first + size - 1 > last) break;
      length -= 1;
    }
    prefixes.push({ words: [first], length, value });
    first += 2 ** (32 - length);
  }
}

function numberOf(text: string): number {
  const number = ipv4Number(text);
  if (number < 0) throw new Error(`invalid address "${text}"`);
  return number;
}
