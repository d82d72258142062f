import type { ResolvedAddress } from '../../proxy/upstream/index.ts';

/**
 * Where the servers of groups were when they were last looked up: a new configuration begins with
 * what the previous one knew.
 */
export class KnownNames {
  /** What nobody asks for ends with the configuration that knew it. */
  readonly #inherited: ReadonlyMap<string, readonly ResolvedAddress[]>;
  readonly #known = new Map<string, readonly ResolvedAddress[]>();

  constructor(previous?: KnownNames) {
    this.#inherited = previous === undefined ? new Map() : new Map(previous.#known);
  }

  get(key: string): readonly ResolvedAddress[] | undefined {
    return this.#known.get(key) ?? this.#inherited.get(key);
  }

  set(key: string, addresses: readonly ResolvedAddress[]): void {
    this.#known.set(key, addresses);
  }
}
