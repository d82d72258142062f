import type { BalanceOption, PeerBoard } from '../../../proxy/upstream/index.ts';
import { upstreamConfig } from '../../../proxy/upstream/index.ts';
import { parseServerUrl } from '../../../proxy/upstream/server-url.ts';
import { UpstreamTarget } from '../../../proxy/upstream-target.ts';
import type { ResolverConf } from '../../conf/core-conf.ts';
import type { UpstreamConf } from '../../conf/upstream-conf.ts';
import { hostAddresses } from '../../engine/hosts.ts';
import type { Evaluate } from '../../engine/templates.ts';
import { NamedTarget } from '../../modules/proxy/named-target.ts';
import { followNames } from '../../shared/followed-names.ts';
import { groupServers } from '../../shared/group-servers.ts';
import type { StreamSession } from '../stream-session.ts';
import type { StreamSite } from '../stream-site.ts';

/** Addresses and names that variables have named and that are remembered; then all are forgotten. */
export const STRAYS_MAX: number = 1024;
/** Sessions say with each question how long they wait. */
const RESOLVER_MS = 30_000;
/** TTLs are whole seconds, and asking twice in one is of no use. */
const LOOKUP_MS = 1_000;
/** A port is always given. */
const NO_PORT = 0;

/** Which of an attempt's times a group compares: `least_time`. */
export type ComparedTime = 'connect' | 'first-byte' | 'last-byte';

/** A group of servers, or one that stands alone, as sessions use it. */
export type StreamTarget = {
  readonly name: string;
  readonly upstream: UpstreamTarget;
  readonly hashKey: Evaluate<StreamSession> | undefined;
  readonly compared: ComparedTime | undefined;
};

/** Where a name is looked up: `resolver` and `resolver_timeout`. */
export type NameSettings = {
  readonly resolver: ResolverConf | undefined;
  readonly resolverTimeout: number;
};

/** The groups of a site, and servers that stand alone. */
export class StreamTargets {
  readonly #site: StreamSite;
  readonly #groups = new Map<string, UpstreamConf>();
  readonly #targets = new Map<string, StreamTarget>();
  readonly #strays = new Map<string, StreamTarget>();
  readonly #named = new Map<string, NamedTarget>();

  constructor(site: StreamSite) {
    this.#site = site;
    for (const conf of site.conf.upstreams) {
      this.#groups.set(conf.name, conf);
      this.#boardOf(conf); // Said from the start, whenever the group is used.
    }
    site.atEnd.push(() => this.close());
  }

  /** What the configuration names. Throws where it is nothing. */
  fixed(name: string): StreamTarget {
    const key = this.#keyOf(name);
    let known = this.#targets.get(key);
    if (known === undefined) {
      const group = this.#groups.get(key);
      known = group === undefined ? this.#alone(name) : this.#make(group);
      this.#targets.set(key, known);
    }
    return known;
  }

  /**
   * What a variable names: a group, an address, or a name that is to be looked up; otherwise what
   * the error log says.
   */
  stray(name: string, settings: NameSettings): StreamTarget | NamedTarget | string {
    const key = this.#keyOf(name);
    const known = this.#targets.get(key) ?? this.#strays.get(name);
    if (known !== undefined) return known;
    if (this.#groups.has(key)) return this.fixed(name);
    if (!hasPort(name)) return `no port in upstream "${name}"`;
    if (this.#strays.size + this.#named.size >= STRAYS_MAX) this.#forgetStrays();
    try {
      if (parseServerUrl(name).endpoint === undefined) return this.#byName(name, settings);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return `invalid host in upstream "${name}"`;
    }
    const made = this.#alone(name);
    this.#strays.set(name, made);
    return made;
  }

  close(): void {
    this.#forgetStrays();
    for (const { upstream } of this.#targets.values()) upstream.close();
  }

  #forgetStrays(): void {
    for (const { upstream } of this.#strays.values()) upstream.close();
    for (const named of this.#named.values()) named.close();
    this.#strays.clear();
    this.#named.clear();
  }

  /** Names of groups are compared without case. */
  #keyOf(name: string): string {
    const lower = name.toLowerCase();
    return this.#groups.has(lower) ? lower : name;
  }

  #byName(name: string, { resolver: conf, resolverTimeout }: NameSettings): NamedTarget | string {
    const resolver = this.#site.resolvers.of(conf, RESOLVER_MS);
    if (resolver === undefined) {
      return `no resolver defined to resolve ${name.replace(/:\d+$/, '')}`;
    }
    const key = `${conf?.servers.join(' ')} ${resolverTimeout} ${name}`;
    let known = this.#named.get(key);
    if (known === undefined) {
      known = new NamedTarget(this.#site, name, resolver, resolverTimeout);
      this.#named.set(key, known);
    }
    return known;
  }

  #alone(name: string): StreamTarget {
    if (!hasPort(name)) throw new Error(`no port in upstream "${name}"`);
    const { targetParts, environment } = this.#site;
    const servers = hostAddresses(name, environment.hosts, NO_PORT);
    const config = upstreamConfig(name, { servers, keepalive: 0, retry: { tries: 0 } });
    return targetOf(name, new UpstreamTarget(targetParts, config, name));
  }

  #boardOf({ zone }: UpstreamConf): PeerBoard | undefined {
    return zone === undefined ? undefined : this.#site.zones.peers('stream', zone);
  }

  #make(conf: UpstreamConf): StreamTarget {
    const { targetParts, environment, resolvers } = this.#site;
    const { servers, placed } = groupServers(conf, environment.hosts, NO_PORT);
    const resolver = resolvers.of(conf.resolver, conf.resolverTimeout);
    const balance = balanceOf(conf);
    const config = upstreamConfig(conf.name, {
      servers,
      balance,
      keepalive: 0,
      retry: { tries: 0 },
      lookupMs: LOOKUP_MS,
    });
    const board = this.#boardOf(conf);
    const upstream = new UpstreamTarget({ ...targetParts, resolver, board }, config, conf.name);
    followNames('stream', upstream.group, placed, environment.zones?.names);
    return {
      ...targetOf(conf.name, upstream),
      hashKey: conf.balance.method === 'hash' ? this.#site.template(conf.balance.key) : undefined,
      compared:
        conf.balance.method === 'least-time' ? (conf.balance.of as ComparedTime) : undefined,
    };
  }
}

/** What stands alone. */
export function targetOf(name: string, upstream: UpstreamTarget): StreamTarget {
  return { name, upstream, hashKey: undefined, compared: undefined };
}

function hasPort(name: string): boolean {
  return name.startsWith('unix:') || /:\d+$/.test(name);
}

function balanceOf({ balance }: UpstreamConf): BalanceOption {
  switch (balance.method) {
    case 'hash':
      return { hash: balance.key, consistent: balance.consistent };
    case 'least-time':
      return { leastTime: balance.of === 'last-byte' ? 'response' : 'head' };
    default:
      return balance.method;
  }
}
