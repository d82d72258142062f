import type { GeoRange } from '../conf/lookup-conf.ts';
import { AddressTable } from './address-table.ts';
import { IpKey } from './ip-key.ts';

/** What unix sockets, and what is no address at all, are looked up as. */
const NO_ADDRESS = 0xffff_ffff;

/** Values by address, as `geo` has them. */
export class GeoTable {
  readonly #table: AddressTable<string>;
  readonly #fallback: string;
  readonly #ipv4Only: boolean;

  /** `networks`: as text, with values. `fallback`: for all other addresses. */
  constructor(networks: Iterable<readonly [string, string]>, fallback: string, ipv4Only = false) {
    this.#table = new AddressTable(networks);
    this.#fallback = fallback;
    this.#ipv4Only = ipv4Only;
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

/**
 * Networks that together are a range. Ranges may lie in one another: the one that is said last is
 * the one that counts.
 */
export function* networksOf({ from, to, value }: GeoRange): Generator<readonly [string, string]> {
  let first = numberOf(from);
  const last = numberOf(to);
  while (first <= last) {
    // The largest network that begins here and does not go beyond the end.
    let bits = 32;
    while (bits > 0 && first % 2 ** (33 - bits) === 0 && first + 2 ** (33 - bits) - 1 <= last) {
      bits -= 1;
    }
    yield [`${textOf(first)}/${bits}`, value];
    first += 2 ** (32 - bits);
  }
}

function numberOf(text: string): number {
  const key = new IpKey().read(text);
  if (key.family !== 'ipv4') throw new Error(`invalid address "${text}"`);
  return key.words[0] as number;
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
