import type { ServerConf } from '../conf/site-conf.ts';
import type { Location } from './location.ts';
import type { Handler } from './verdict.ts';

/** A server as it runs. */
export class VirtualServer {
  readonly conf: ServerConf;
  readonly location: Location;
  /** CONNECT is for one of its locations. */
  takesConnect = false;
  /** Runs before a location is looked for. */
  rewrite: Handler | undefined;

  constructor(conf: ServerConf, location: Location) {
    this.conf = conf;
    this.location = location;
  }
}

/** A name was matched by a regular expression: its captures can be used. */
export type NameMatch = {
  readonly server: VirtualServer;
  readonly captures: RegExpExecArray | undefined;
};

/**
 * The servers of one listening address, by name: an exact one, the longest `*.suffix`, the longest
 * `prefix.*`, the first regular expression, and otherwise the default one.
 */
export class VirtualServers {
  readonly fallback: VirtualServer;
  readonly #exact = new Map<string, NameMatch>();
  readonly #suffixes: (readonly [string, VirtualServer])[] = [];
  readonly #prefixes: (readonly [string, VirtualServer])[] = [];
  readonly #regexes: (readonly [RegExp, VirtualServer])[] = [];

  constructor(servers: readonly VirtualServer[], fallback: VirtualServer) {
    this.fallback = fallback;
    for (const server of servers) this.#add(server);
    this.#suffixes.sort(([a], [b]) => b.length - a.length);
    this.#prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /** `host`: in lower case, without port and without the root's dot; '' where there is none. */
  find(host: string): VirtualServer {
    return this.match(host)?.server ?? this.fallback;
  }

  /** The same with what was captured; `undefined` where no name covers it. */
  match(host: string): NameMatch | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (const [suffix, server] of this.#suffixes) {
      if (host.length > suffix.length && host.endsWith(suffix))
        return { server, captures: undefined };
    }
    for (const [prefix, server] of this.#prefixes) {
      if (host.length > prefix.length && host.startsWith(prefix))
        return { server, captures: undefined };
    }
    for (const [regex, server] of this.#regexes) {
      const captures = regex.exec(host);
      if (captures !== null) return { server, captures };
    }
    return undefined;
  }

  /** The first server of a name has it. */
  #add(server: VirtualServer): void {
    for (const name of server.conf.names) {
      if (name.kind === 'exact') {
        if (!this.#exact.has(name.name)) {
          this.#exact.set(name.name, { server, captures: undefined });
        }
      } else if (name.kind === 'suffix') this.#suffixes.push([name.suffix, server]);
      else if (name.kind === 'prefix') this.#prefixes.push([name.prefix, server]);
      else this.#regexes.push([name.regex, server]);
    }
  }
}
