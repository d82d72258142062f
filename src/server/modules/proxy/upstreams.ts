import type { Endpoint } from '../../../core/endpoint.ts';
import type { Resolver } from '../../../dns/index.ts';
import type { ClientShared } from '../../../http/client-options.ts';
import type { Target } from '../../../proxy/session-shared.ts';
import {
  type BalanceOption,
  type PeerBoard,
  type UpstreamOptions,
  upstreamConfig,
} from '../../../proxy/upstream/index.ts';
import { parseServerUrl } from '../../../proxy/upstream/server-url.ts';
import { UpstreamTarget } from '../../../proxy/upstream-target.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { UpstreamConf } from '../../conf/upstream-conf.ts';
import { hostAddresses } from '../../engine/hosts.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import { followNames } from '../../shared/followed-names.ts';
import { groupServers } from '../../shared/group-servers.ts';
import { addressText } from './address-text.ts';
import { TO_LOOK_UP } from './destination.ts';
import { NamedTarget } from './named-target.ts';
import { type Sticky, stickyFor } from './sticky.ts';

const KEY = Symbol('upstreams');
const PORT = 80;
/** Locations say with each question how long they wait. */
const RESOLVER_MS = 30_000;
/** TTLs are whole seconds, and asking twice in one is of no use. */
const LOOKUP_MS = 1_000;

/** The groups of a site, and servers that stand alone. */
export class Upstreams {
  readonly #site: Site;
  readonly #groups = new Map<string, UpstreamConf>();
  readonly #targets = new Map<string, UpstreamTarget>();
  /** Of addresses that variables have named. */
  readonly #strays = new Map<string, UpstreamTarget>();

  readonly #sticky = new Map<UpstreamTarget, Sticky>();
  /** Of names that variables have named. */
  readonly #named = new Map<Resolver, Map<string, NamedTarget>>();

  constructor(site: Site) {
    this.#site = site;
    site.atEnd.push(() => this.close());
    for (const conf of site.conf.upstreams) {
      this.#groups.set(conf.name, conf);
      this.#boardOf(conf); // Said from the start, whenever the group is used.
    }
    // Names are followed from the start: by the first request they are known.
    for (const conf of site.conf.upstreams) {
      if (conf.servers.some(({ resolve }) => resolve)) {
        this.#targets.set(conf.name, this.#make(conf, conf.name));
      }
    }
  }

  group(name: string): UpstreamConf | undefined {
    return this.#groups.get(name.toLowerCase()) ?? this.#groups.get(name);
  }

  /** `authority`: the name of a group, or an address. `isStray`: a variable has said it. */
  target(authority: string, conf: LocationConf, isStray = false): LocationTarget {
    const group = this.group(authority);
    const targets = group === undefined && isStray ? this.#strays : this.#targets;
    const key = group?.name ?? authority;
    let known = this.#targets.get(key) ?? targets.get(key);
    if (known === undefined) {
      known = group === undefined ? this.#alone(authority) : this.#make(group, authority);
      targets.set(key, known);
    }
    const { balance } = group ?? {};
    const hashKey = balance?.method === 'hash' ? this.#site.template(balance.key) : undefined;
    const target = new LocationTarget(known, conf, hashKey);
    target.sticky = this.#sticky.get(known);
    return target;
  }

  /** nginx keeps no connections to servers that no group names. */
  #alone(authority: string): UpstreamTarget {
    const { targetParts, environment } = this.#site;
    const servers = hostAddresses(authority, environment.hosts, PORT);
    const config = upstreamConfig(authority, { servers, keepalive: 0, retry: { tries: 0 } });
    return new UpstreamTarget(targetParts, config, authority);
  }

  #make(conf: UpstreamConf, authority: string): UpstreamTarget {
    const { targetParts, environment, resolvers } = this.#site;
    const { servers, placed } = groupServers(conf, environment.hosts, PORT);
    const resolver = resolvers.of(conf.resolver, conf.resolverTimeout);
    const config = upstreamConfig(conf.name, optionsOf(conf, servers));
    const parts = { ...targetParts, resolver, board: this.#boardOf(conf) };
    const target = new UpstreamTarget(parts, config, authority);
    followNames('http', target.group, placed, environment.zones?.names);
    if (conf.sticky !== undefined) {
      this.#sticky.set(target, stickyFor(conf.sticky, target.group, this.#site));
    }
    return target;
  }

  #boardOf({ zone }: UpstreamConf): PeerBoard | undefined {
    return zone === undefined ? undefined : this.#site.zones.peers('http', zone);
  }

  /** A server by its name, as the resolver of a location knows it; `undefined`: it has none. */
  named(authority: string, conf: LocationConf): NamedTarget | undefined {
    const { resolver: resolverConf, resolverTimeout } = conf;
    const resolver = this.#site.resolvers.of(resolverConf, RESOLVER_MS);
    if (resolver === undefined) return undefined;
    const names = this.#named.get(resolver) ?? new Map<string, NamedTarget>();
    this.#named.set(resolver, names);
    const key = `${resolverTimeout} ${authority}`;
    let known = names.get(key);
    if (known === undefined) {
      known = new NamedTarget(this.#site, authority, resolver, resolverTimeout);
      names.set(key, known);
    }
    return known;
  }

  /** A named server as one location uses it. */
  locationTarget(target: UpstreamTarget, conf: LocationConf): LocationTarget {
    return new LocationTarget(target, conf, undefined);
  }

  /** May a variable name this? 0, `TO_LOOK_UP` for a name, or the status that is answered. */
  refuse(authority: string, url: string, request: Request): number {
    if (this.group(authority) !== undefined || authority.startsWith('unix:')) return 0;
    if (this.#targets.has(authority)) return 0;
    if (authority === '' || authority.startsWith(':')) {
      request.log('error', `no host in upstream "${url.slice('http://'.length)}"`);
      return 500;
    }
    try {
      if (parseServerUrl(authority).endpoint !== undefined) return 0;
    } catch {
      request.log('error', `invalid port in upstream "${authority}"`);
      return 500;
    }
    return TO_LOOK_UP;
  }

  /** Those that nobody uses any more; who still does ends on the connections it has. */
  forgetStrays(): void {
    for (const target of this.#strays.values()) target.close();
    this.#strays.clear();
    for (const names of this.#named.values()) for (const named of names.values()) named.close();
    this.#named.clear();
  }

  close(): void {
    this.forgetStrays();
    for (const target of this.#targets.values()) target.close();
  }
}

/** A group as one location uses it: with the timeouts that hold there. */
export class LocationTarget implements Target {
  readonly group: UpstreamTarget['group'];
  readonly client: ClientShared;
  readonly hostLine: string;
  readonly connectMs: number;
  readonly hashKey: Evaluate | undefined;
  /** How its requests find the same server again. */
  sticky: Sticky | undefined;
  readonly #target: UpstreamTarget;
  /** By index; made anew for another address. */
  readonly #texts: { readonly endpoint: Endpoint; readonly text: string }[] = [];

  constructor(target: UpstreamTarget, conf: LocationConf, hashKey: Evaluate | undefined) {
    this.#target = target;
    this.group = target.group;
    this.hostLine = target.hostLine;
    this.connectMs = conf.proxyConnectTimeout;
    this.hashKey = hashKey;
    const { idleMs } = target.client.timeouts;
    const timeouts = { readMs: conf.proxyReadTimeout, sendMs: conf.proxySendTimeout, idleMs };
    this.client = { ...target.client, timeouts };
  }

  get pool(): UpstreamTarget['pool'] {
    return this.#target.pool;
  }

  /** Is the client's address asked for? */
  get isByClient(): boolean {
    return this.group.config.balance.method === 'ip-hash';
  }

  /** The address of this server, for logs. */
  addressOf(server: number): string {
    const { endpoint } = this.group.peer(server);
    let known = this.#texts[server];
    if (known === undefined || known.endpoint !== endpoint) {
      known = { endpoint, text: addressText(endpoint) };
      this.#texts[server] = known;
    }
    return known.text;
  }

  peerOf(server: number): ReturnType<UpstreamTarget['peerOf']> {
    return this.#target.peerOf(server);
  }

  waitForServers(waiter: Parameters<UpstreamTarget['waitForServers']>[0]): boolean {
    return this.#target.waitForServers(waiter);
  }
}

function optionsOf(conf: UpstreamConf, servers: UpstreamOptions['servers']): UpstreamOptions {
  return {
    servers,
    keepalive: {
      idle: conf.keepalive,
      idlePerPeer: conf.keepalive,
      requests: Math.max(1, conf.keepaliveRequests),
      ageMs: Math.max(1, conf.keepaliveTime),
      idleMs: Math.max(1, conf.keepaliveTimeout),
    },
    retry: { tries: 0 },
    lookupMs: LOOKUP_MS,
    balance: balanceOf(conf),
  };
}

function balanceOf({ balance }: UpstreamConf): BalanceOption {
  switch (balance.method) {
    case 'hash':
      return { hash: balance.key, consistent: balance.consistent };
    case 'least-time':
      return { leastTime: balance.of === 'header' ? 'head' : 'response' };
    default:
      return balance.method;
  }
}

export function upstreamsOf(site: Site): Upstreams {
  let known = site.parts.get(KEY) as Upstreams | undefined;
  if (known === undefined) {
    known = new Upstreams(site);
    site.parts.set(KEY, known);
  }
  return known;
}
