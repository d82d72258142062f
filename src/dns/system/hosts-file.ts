import { ipOf } from './ip-text.ts';
import { eachLine } from './text-lines.ts';

/** Names that are kept; those after them are counted. Lists of a whole block service fit. */
export const HOSTS_NAMES_MAX: number = 500_000;
/** Characters that are read. */
export const HOSTS_CHARS_MAX: number = 32 * 1024 * 1024;
/** Addresses of one name and family, and names of one address. */
export const HOSTS_SAME_MAX: number = 64;

const NONE: readonly string[] = [];

/** What the file says about a name: all addresses of all its lines, in the file's order. */
export type HostsEntry = {
  /** The first name of the line that names it first. */
  readonly canonical: string;
  readonly ipv4: readonly string[];
  /** With `%zone` where the file has one. */
  readonly ipv6: readonly string[];
};

type Draft = { -readonly [Key in keyof HostsEntry]: HostsEntry[Key] };

/** A hosts(5) file: looked at, never asked for over the wire. */
export interface HostsFile {
  /** Names of either letter case, with or without the root's dot. */
  find(name: string): HostsEntry | undefined;
  /** The names of an address, in the file's order. */
  namesOf(address: string): readonly string[];
  readonly names: number;
  /** Lines without an address or a name, and what was over a bound. */
  readonly junk: number;
}

/** Reads the text of a hosts file. */
export function parseHosts(text: string): HostsFile {
  const hosts = new Hosts();
  if (text.length > HOSTS_CHARS_MAX) hosts.junk += 1;
  eachLine(text.slice(0, HOSTS_CHARS_MAX), /#/, (words) => hosts.addLine(words));
  return hosts;
}

class Hosts implements HostsFile {
  readonly #entries = new Map<string, Draft>();
  readonly #reverse = new Map<string, string[]>();
  /** Lists of one address: hundreds of thousands of names share those of `0.0.0.0`. */
  readonly #single = new Map<string, readonly string[]>();
  junk = 0;

  get names(): number {
    return this.#entries.size;
  }

  find(name: string): HostsEntry | undefined {
    return this.#entries.get(keyOf(name));
  }

  namesOf(address: string): readonly string[] {
    return this.#reverse.get(ipOf(address)?.address ?? '') ?? NONE;
  }

  addLine(words: readonly string[]): void {
    const ip = ipOf(words[0] as string);
    if (ip === undefined || words.length === 1) {
      this.junk += 1;
      return;
    }
    const { family, address } = ip;
    const canonical = withoutDot(words[1] as string);
    for (let i = 1; i < words.length; i += 1) {
      const name = withoutDot(words[i] as string);
      if (name === '') this.junk += 1;
      else {
        this.#addName(name, canonical === '' ? name : canonical, family, address);
        this.#addReverse(address, name);
      }
    }
  }

  #addName(name: string, canonical: string, family: 'ipv4' | 'ipv6', address: string): void {
    const key = keyOf(name);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size === HOSTS_NAMES_MAX) {
        this.junk += 1;
        return;
      }
      entry = { canonical, ipv4: NONE, ipv6: NONE };
      this.#entries.set(key, entry);
    }
    const known = entry[family];
    if (known.length === 0) entry[family] = this.#singleOf(address);
    else if (known.length === HOSTS_SAME_MAX) this.junk += 1;
    else if (!known.includes(address)) entry[family] = [...known, address];
  }

  #addReverse(address: string, name: string): void {
    const names = this.#reverse.get(address);
    if (names === undefined) {
      if (this.#reverse.size < HOSTS_NAMES_MAX) this.#reverse.set(address, [name]);
    } else if (names.length < HOSTS_SAME_MAX && !names.includes(name)) names.push(name);
  }

  #singleOf(address: string): readonly string[] {
    let list = this.#single.get(address);
    if (list === undefined) {
      list = [address];
      this.#single.set(address, list);
    }
    return list;
  }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function keyOf(name: string): string {
  return withoutDot(name).toLowerCase();
}
