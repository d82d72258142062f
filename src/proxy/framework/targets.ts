import { upstreamConfig } from '../upstream/index.ts';
import { signatureOf, type UpstreamConfig } from '../upstream/upstream-config.ts';
import { type TargetParts, UpstreamTarget } from '../upstream-target.ts';
import type { Peer, Upstream } from './peers.ts';
import { parseTarget } from './target-url.ts';
import { groupOf, type HashOf } from './upstream.ts';

/** Destinations that requests have named and that are still known: the oldest makes room. */
export const TARGETS_MAX = 1000;

const HTTP_PORT = 80;

/** Where a request goes: the servers, and what the path's prefix is replaced by. */
export type Resolved = {
  readonly target: UpstreamTarget;
  readonly uri: string | undefined;
  /** What a group that balances by a hash takes as its key. */
  readonly hashOf: HashOf | undefined;
};

/** The destinations of one generation, made when they are first needed. */
export class Targets {
  readonly #parts: TargetParts;
  /** Groups of the generation before, by name, that nobody has asked for yet. */
  readonly #inherited = new Map<string, UpstreamTarget>();
  readonly #groups = new Map<Upstream, Resolved>();
  /** The groups are another generation's. */
  #left = false;
  /** By text, the one named last at the end. */
  readonly #named = new Map<string, Resolved>();

  constructor(parts: TargetParts, previous?: Targets) {
    this.#parts = parts;
    previous?.bequeath(this.#inherited);
  }

  /** Throws `TypeError` for what is no destination. */
  resolve(choice: Peer | Upstream | string): Resolved {
    if (typeof choice === 'string') return this.#byName(choice, () => this.#ofUrl(choice));
    if ('host' in choice) return this.#byName(keyOf(choice), () => this.#ofPeer(choice));
    return this.#ofGroup(choice);
  }

  /** Hands the groups over to the next generation, which closes them. */
  bequeath(heirs: Map<string, UpstreamTarget>): void {
    for (const [{ name }, { target }] of this.#groups) heirs.set(name, target);
    for (const target of this.#inherited.values()) target.close();
    this.#inherited.clear();
    this.#left = true;
  }

  close(): void {
    if (!this.#left) for (const { target } of this.#groups.values()) target.close();
    for (const target of this.#inherited.values()) target.close();
    this.#inherited.clear();
    for (const { target } of this.#named.values()) target.close();
    this.#groups.clear();
    this.#named.clear();
  }

  #byName(name: string, make: () => Resolved): Resolved {
    const known = this.#named.get(name);
    if (known !== undefined) {
      // Moved to the end; a proxy of few destinations has nothing to move.
      if (this.#named.size > 1) {
        this.#named.delete(name);
        this.#named.set(name, known);
      }
      known.target.keepFresh();
      return known;
    }
    if (this.#named.size === TARGETS_MAX) this.#dropOldest();
    const made = make();
    this.#named.set(name, made);
    return made;
  }

  #dropOldest(): void {
    for (const [name, { target }] of this.#named) {
      target.close();
      this.#named.delete(name);
      return;
    }
  }

  #ofUrl(url: string): Resolved {
    const { authority, uri } = parseTarget(url);
    const config = upstreamConfig(authority, { servers: [authority], resolve: false });
    return { target: new UpstreamTarget(this.#parts, config, authority), uri, hashOf: undefined };
  }

  #ofPeer({ host, port, socketPath, localAddress, timeouts, poolKey }: Peer): Resolved {
    const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    const authority = port === HTTP_PORT ? name : `${name}:${port}`;
    const config = upstreamConfig(authority, {
      servers: [socketPath === undefined ? authority : `unix:${socketPath}`],
      ...(timeouts && { timeouts }),
      resolve: false,
      destination: { ...(localAddress && { localAddress }), ...(poolKey && { poolKey }) },
    });
    const target = new UpstreamTarget(this.#parts, config, authority);
    return { target, uri: undefined, hashOf: undefined };
  }

  #ofGroup(upstream: Upstream): Resolved {
    let resolved = this.#groups.get(upstream);
    if (resolved === undefined) {
      const { config, hashOf } = groupOf(upstream);
      const target = this.#inherit(upstream.name, config) ?? this.#make(upstream.name, config);
      resolved = { target, uri: undefined, hashOf };
      this.#groups.set(upstream, resolved);
    }
    resolved.target.keepFresh();
    return resolved;
  }

  /** A group of this name and with the same options goes on with what it knew. */
  #inherit(name: string, config: UpstreamConfig): UpstreamTarget | undefined {
    const target = this.#inherited.get(name);
    if (target === undefined) return undefined;
    this.#inherited.delete(name);
    if (signatureOf(target.group.config) === signatureOf(config)) return target;
    target.close();
    return undefined;
  }

  #make(name: string, config: UpstreamConfig): UpstreamTarget {
    return new UpstreamTarget(this.#parts, config, name);
  }
}

/** Everything that distinguishes connections to one peer from those to another. */
function keyOf(peer: Peer): string {
  const { host, port, socketPath, localAddress, timeouts, poolKey } = peer;
  return JSON.stringify([host, port, socketPath, localAddress, timeouts, poolKey]);
}
