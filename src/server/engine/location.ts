import type { ServerTimeouts } from '../../http/server-options.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { FilePath } from './file-path.ts';
import type { Handler, HeaderFilter, Logger } from './verdict.ts';

/** A location as it runs: its settings, and what modules have put into its phases. */
export class Location {
  readonly conf: LocationConf;
  /** Runs on entering it: `rewrite`, `set`, `if`, `return`. */
  rewrite: Handler | undefined;
  readonly preAccess: Handler[] = [];
  readonly access: Handler[] = [];
  readonly preContent: Handler[] = [];
  /** Makes the answer, alone: `proxy_pass`, `stub_status`. */
  handler: Handler | undefined;
  /** `handler` serves everything below a path: without its last slash, that is moved permanently. */
  autoRedirect = false;
  /** Tried in order where there is no `handler`. */
  readonly content: Handler[] = [];
  readonly headerFilters: HeaderFilter[] = [];
  readonly loggers: Logger[] = [];
  /** What modules keep for this location, by module. */
  readonly parts: Map<symbol, unknown> = new Map<symbol, unknown>();
  readonly tree: LocationTree;
  /** Where files are, once somebody wants to know. */
  filePath: FilePath | undefined;
  /** Its error log has messages of the lowest level. */
  takesDebug = false;
  /** What its connections wait for, once it is known. */
  times: ServerTimeouts | undefined;
  /** The same for other methods than `limit_except` allows. */
  limited: { readonly methods: ReadonlySet<string>; readonly location: Location } | undefined;

  /** `make`: makes a location of each nested one. */
  constructor(conf: LocationConf, make: (conf: LocationConf) => Location) {
    this.conf = conf;
    this.tree = new LocationTree(conf.locations.map(make));
  }
}

/** Is told what the regular expression of a location has captured. */
export interface CaptureTaker {
  captured(captures: RegExpExecArray): void;
}

/** What a search has found: whether it is final, or regular expressions may still overrule it. */
class Match {
  readonly location: Location;
  readonly isFinal: boolean;

  constructor(location: Location, isFinal: boolean) {
    this.location = location;
    this.isFinal = isFinal;
  }
}

/** Locations of one level: exact ones, prefixes, and regular expressions in their order. */
export class LocationTree {
  readonly #exact = new Map<string, Match>();
  readonly #prefixes = new Map<string, Match>();
  /** Lengths of prefixes that occur, the longest first. */
  readonly #lengths: readonly number[];
  readonly #regexes: readonly Location[];
  readonly #named = new Map<string, Location>();
  /** Some location here or below redirects by itself; known once modules have seen them all. */
  #redirects: boolean | undefined;

  constructor(locations: readonly Location[]) {
    const regexes: Location[] = [];
    const lengths = new Set<number>();
    for (const location of locations) {
      const { match, text } = location.conf;
      if (match === 'exact') this.#exact.set(text, new Match(location, true));
      else if (match === 'regex') regexes.push(location);
      else if (match === 'named') this.#named.set(text, location);
      else {
        this.#prefixes.set(text, new Match(location, false));
        lengths.add(text.length);
      }
    }
    this.#regexes = regexes;
    this.#lengths = [...lengths].sort((a, b) => b - a);
  }

  named(name: string): Location | undefined {
    return this.#named.get(name);
  }

  find(uri: string, taker: CaptureTaker): Location | undefined {
    return this.#find(uri, taker)?.location;
  }

  /** The location that `uri` would be in with a slash behind it, where that redirects by itself. */
  withSlash(uri: string): Location | undefined {
    if (!this.#mayRedirect()) return undefined;
    const match = this.#prefixes.get(`${uri}/`) ?? this.#exact.get(`${uri}/`);
    if (match?.location.autoRedirect) return match.location;
    return this.#longestPrefix(uri)?.location.tree.withSlash(uri);
  }

  #mayRedirect(): boolean {
    this.#redirects ??= [...this.#exact.values(), ...this.#prefixes.values()].some(
      ({ location: { autoRedirect, tree } }) => autoRedirect || tree.#mayRedirect(),
    );
    return this.#redirects;
  }

  #find(uri: string, taker: CaptureTaker): Match | undefined {
    const exact = this.#exact.get(uri);
    if (exact !== undefined) return exact;
    const prefix = this.#longestPrefix(uri);
    let best: Match | undefined;
    if (prefix !== undefined) {
      const nested = prefix.location.tree.#find(uri, taker);
      if (nested?.isFinal) return nested;
      best = nested ?? prefix;
      if (prefix.location.conf.match === 'prefix-final') return best;
    }
    for (const location of this.#regexes) {
      const captures = location.conf.regex?.exec(uri);
      if (captures === null || captures === undefined) continue;
      taker.captured(captures);
      const nested = location.tree.#find(uri, taker);
      return new Match(nested?.location ?? location, true);
    }
    return best;
  }

  #longestPrefix(uri: string): Match | undefined {
    for (const length of this.#lengths) {
      if (length > uri.length) continue;
      const match = this.#prefixes.get(length === uri.length ? uri : uri.slice(0, length));
      if (match !== undefined) return match;
    }
    return undefined;
  }
}
