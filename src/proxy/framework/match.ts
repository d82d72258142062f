/** Which requests a route is for. What is left out matches everything. */
export interface Match {
  /** A name without its port: `example.org`, `*.example.org`, or an expression. */
  readonly host?: string | RegExp;
  /** A prefix of the path, or an expression. */
  readonly path?: string | RegExp;
  /** The whole path. */
  readonly exact?: string;
  readonly method?: readonly string[];
  /** Fields that must be there, with these values. */
  readonly header?: Readonly<Record<string, string | RegExp>>;
}

/** The path of what has none. */
const NO_PATH = '*';

/** What of a request routes are chosen by. */
export interface Routable {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: { get(name: string): string | undefined };
}

/** A match of a nested route: what the routes around it match must be so, too. */
export type NestedMatch = Match & { readonly also?: readonly Match[] };

type Entry<R> = { readonly match: NestedMatch; readonly route: R };

/** The routes for one host, or for all. */
class Locations<R> {
  readonly #exact = new Map<string, Entry<R>[]>();
  /** Longest first. */
  readonly #prefixes: (Entry<R> & { readonly prefix: string })[] = [];
  readonly #expressions: (Entry<R> & { readonly expression: RegExp })[] = [];

  add(match: NestedMatch, route: R): void {
    const { exact, path = '/' } = match;
    if (exact !== undefined) {
      const same = this.#exact.get(exact) ?? [];
      same.push({ match, route });
      this.#exact.set(exact, same);
    } else if (typeof path === 'string') {
      const at = this.#prefixes.findIndex(({ prefix }) => prefix.length < path.length);
      const entry = { match, route, prefix: path };
      if (at < 0) this.#prefixes.push(entry);
      else this.#prefixes.splice(at, 0, entry);
    } else this.#expressions.push({ match, route, expression: stateless(path) });
  }

  /** As nginx chooses a location: the whole path, or the first expression, or the longest prefix. */
  find(request: Routable): R | undefined {
    const { path } = request;
    const exact = this.#exact.get(path);
    if (exact !== undefined) {
      for (const { match, route } of exact) if (narrows(match, request)) return route;
    }
    for (const { match, route, expression } of this.#expressions) {
      if (expression.test(path) && narrows(match, request)) return route;
    }
    for (const { match, route, prefix } of this.#prefixes) {
      if (isUnder(prefix, match, path) && narrows(match, request)) return route;
    }
    return undefined;
  }

  /** Adds the methods with which a request for the same would find a route. */
  addMethods(request: Routable, methods: Set<string>): void {
    const { path } = request;
    for (const { match } of this.#exact.get(path) ?? []) addMethods(match, request, methods);
    for (const { match, expression } of this.#expressions) {
      if (expression.test(path)) addMethods(match, request, methods);
    }
    for (const { match, prefix } of this.#prefixes) {
      if (isUnder(prefix, match, path)) addMethods(match, request, methods);
    }
  }
}

/** Chooses a route: by the host first, then by the path; methods and fields narrow a match. */
export class RouteTable<R> {
  readonly #named = new Map<string, Locations<R>>();
  /** `.example.org` for `*.example.org`, longest first. */
  readonly #wildcards: { readonly suffix: string; readonly locations: Locations<R> }[] = [];
  readonly #expressions: { readonly host: RegExp; readonly locations: Locations<R> }[] = [];
  readonly #any = new Locations<R>();

  add(match: NestedMatch, route: R): void {
    this.#locationsOf(match.host).add(match, route);
  }

  find(request: Routable): R | undefined {
    if (this.#named.size + this.#wildcards.length + this.#expressions.length > 0) {
      const found = this.#findByHost(hostOf(request.authority), request);
      if (found !== undefined) return found;
    }
    return this.#any.find(request);
  }

  /** The methods with which a request for the same would find a route, for one that finds none. */
  methodsFor(request: Routable): readonly string[] {
    const host = hostOf(request.authority);
    const methods = new Set<string>();
    this.#named.get(host)?.addMethods(request, methods);
    for (const { suffix, locations } of this.#wildcards) {
      if (host.endsWith(suffix)) locations.addMethods(request, methods);
    }
    for (const { host: expression, locations } of this.#expressions) {
      if (expression.test(host)) locations.addMethods(request, methods);
    }
    this.#any.addMethods(request, methods);
    return [...methods];
  }

  #findByHost(host: string, request: Routable): R | undefined {
    const named = this.#named.get(host)?.find(request);
    if (named !== undefined) return named;
    for (const { suffix, locations } of this.#wildcards) {
      const found = host.endsWith(suffix) ? locations.find(request) : undefined;
      if (found !== undefined) return found;
    }
    for (const { host: expression, locations } of this.#expressions) {
      const found = expression.test(host) ? locations.find(request) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #locationsOf(host: Match['host']): Locations<R> {
    if (host === undefined) return this.#any;
    const locations = new Locations<R>();
    if (typeof host !== 'string') {
      const known = this.#expressions.find((one) => String(one.host) === String(stateless(host)));
      if (known !== undefined) return known.locations;
      this.#expressions.push({ host: stateless(host), locations });
      return locations;
    }
    const name = host.toLowerCase();
    if (!name.startsWith('*.')) {
      const known = this.#named.get(name);
      if (known !== undefined) return known;
      this.#named.set(name, locations);
      return locations;
    }
    const suffix = name.slice(1);
    const known = this.#wildcards.find((one) => one.suffix === suffix);
    if (known !== undefined) return known.locations;
    this.#wildcards.push({ suffix, locations });
    this.#wildcards.sort((a, b) => b.suffix.length - a.suffix.length);
    return locations;
  }
}

/** The host of an authority, in lower case, without port and without the root's dot. */
function hostOf(authority: string): string {
  const end = authority.endsWith(']') ? -1 : authority.lastIndexOf(':');
  const host = (end < 0 ? authority : authority.slice(0, end)).toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/** `OPTIONS *` and CONNECT have no path: only a route that asks for none can be for them. */
function isUnder(prefix: string, match: NestedMatch, path: string): boolean {
  return path.startsWith(prefix) || (path === NO_PATH && match.path === undefined);
}

function addMethods(match: NestedMatch, request: Routable, methods: Set<string>): void {
  const { path, authority, headers } = request;
  for (const { method: named = [] } of [match, ...(match.also ?? [])]) {
    for (const method of named) {
      if (narrows(match, { method, path, authority, headers })) methods.add(method);
    }
  }
}

function narrows({ method, header, also }: NestedMatch, request: Routable): boolean {
  if (also?.some((outer) => !isOnPath(outer, request.path) || !narrows(outer, request))) {
    return false;
  }
  if (method !== undefined && !method.includes(request.method)) return false;
  if (header === undefined) return true;
  for (const [name, wanted] of Object.entries(header)) {
    const value = request.headers.get(name);
    if (value === undefined) return false;
    if (typeof wanted === 'string' ? value !== wanted : !stateless(wanted).test(value))
      return false;
  }
  return true;
}

function isOnPath({ exact, path }: Match, asked: string): boolean {
  if (exact !== undefined) return asked === exact;
  if (path === undefined) return true;
  return typeof path === 'string' ? asked.startsWith(path) : stateless(path).test(asked);
}

/** An expression that begins at the start with every test. */
function stateless(expression: RegExp): RegExp {
  if (!expression.global && !expression.sticky) return expression;
  return new RegExp(expression.source, expression.flags.replaceAll(/[gy]/g, ''));
}
