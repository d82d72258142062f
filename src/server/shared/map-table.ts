/** A key of a map: a text without regard to case, or a regular expression. */
export type MapKey = string | RegExp;

/** What was found, and what a regular expression has captured. */
export type MapMatch<Value> = {
  readonly value: Value;
  readonly captures: RegExpExecArray | undefined;
};

/**
 * Values by text, without regard to case, as `map` has them. With `hostnames` also `*.example.org`,
 * `.example.org` and `www.example.*`. In this order: the text itself, the longest mask in front,
 * the longest one behind, the first regular expression.
 */
export class MapTable<Value> {
  readonly #hostnames: boolean;
  readonly #texts = new Map<string, MapMatch<Value>>();
  /** `.example.org`, which names below it end with. */
  readonly #suffixes = new Map<string, MapMatch<Value>>();
  /** `www.example.`, which names begin with. */
  readonly #prefixes = new Map<string, MapMatch<Value>>();
  readonly #regexes: (readonly [RegExp, Value])[] = [];

  /** Throws for a key that is there twice, or that is no name where `hostnames`. */
  constructor(entries: Iterable<readonly [MapKey, Value]>, hostnames = false) {
    this.#hostnames = hostnames;
    for (const [key, value] of entries) {
      if (typeof key !== 'string') this.#regexes.push([key, value]);
      else if (hostnames) this.#addName(key.toLowerCase(), value);
      else this.#put(this.#texts, key.toLowerCase(), key, value);
    }
  }

  /** `undefined`: nothing fits. */
  find(text: string): MapMatch<Value> | undefined {
    const bare = this.#hostnames && text.endsWith('.') ? text.slice(0, -1) : text;
    const lower = bare.toLowerCase();
    return this.#texts.get(lower) ?? this.#byMask(lower) ?? this.#byRegex(bare);
  }

  #byMask(name: string): MapMatch<Value> | undefined {
    if (this.#suffixes.size > 0) {
      for (let at = name.indexOf('.', 1); at > 0; at = name.indexOf('.', at + 1)) {
        const found = this.#suffixes.get(name.slice(at));
        if (found !== undefined) return found;
      }
    }
    if (this.#prefixes.size === 0) return undefined;
    for (let at = name.lastIndexOf('.'); at > 0; at = name.lastIndexOf('.', at - 1)) {
      const found = at + 1 < name.length ? this.#prefixes.get(name.slice(0, at + 1)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #byRegex(text: string): MapMatch<Value> | undefined {
    for (const [regex, value] of this.#regexes) {
      const captures = regex.exec(text);
      if (captures !== null) return { value, captures };
    }
    return undefined;
  }

  #addName(name: string, value: Value): void {
    const stars = name.split('*').length - 1;
    if (name.includes('..') || stars > 1) throw invalid(name);
    if (name.startsWith('*.') && name.length > 2) {
      this.#put(this.#suffixes, name.slice(1), name, value);
    } else if (name.endsWith('.*') && name.length > 2) {
      this.#put(this.#prefixes, name.slice(0, -1), name, value);
    } else if (stars > 0) throw invalid(name);
    else if (name.startsWith('.') && name.length > 1) {
      this.#put(this.#texts, name.slice(1), name, value);
      this.#put(this.#suffixes, name, name, value);
    } else this.#put(this.#texts, name, name, value);
  }

  #put(to: Map<string, MapMatch<Value>>, key: string, written: string, value: Value): void {
    if (to.has(key)) throw new Error(`conflicting parameter "${written}"`);
    to.set(key, { value, captures: undefined });
  }
}

function invalid(name: string): Error {
  return new Error(`invalid hostname or wildcard "${name}"`);
}
