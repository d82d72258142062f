import type { ClientShared } from '../../../http/client-options.ts';
import type { Target } from '../../../proxy/session-shared.ts';
import { type UpstreamOptions, upstreamConfig } from '../../../proxy/upstream/index.ts';
import { UpstreamTarget } from '../../../proxy/upstream-target.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { UpstreamConf } from '../../conf/upstream-conf.ts';
import type { Site } from '../../engine/site.ts';

const KEY = Symbol('upstreams');
const PORT = 80;

/** The groups of a site, and servers that stand alone. */
export class Upstreams {
  readonly #site: Site;
  readonly #groups = new Map<string, UpstreamConf>();
  readonly #targets = new Map<string, UpstreamTarget>();

  constructor(site: Site) {
    this.#site = site;
    for (const conf of site.conf.upstreams) this.#groups.set(conf.name, conf);
  }

  group(name: string): UpstreamConf | undefined {
    return this.#groups.get(name.toLowerCase()) ?? this.#groups.get(name);
  }

  /** `authority`: the name of a group, or an address. */
  target(authority: string, conf: LocationConf): Target {
    let known = this.#targets.get(authority);
    if (known === undefined) {
      const group = this.group(authority);
      const options = group === undefined ? alone(authority) : optionsOf(group);
      const config = upstreamConfig(authority, options);
      known = new UpstreamTarget(this.#site.targetParts, config, authority);
      this.#targets.set(authority, known);
    }
    return new LocationTarget(known, conf);
  }

  close(): void {
    for (const target of this.#targets.values()) target.close();
  }
}

/** A group as one location uses it: with the timeouts that hold there. */
class LocationTarget implements Target {
  readonly group: UpstreamTarget['group'];
  readonly client: ClientShared;
  readonly hostLine: string;
  readonly #target: UpstreamTarget;

  constructor(target: UpstreamTarget, conf: LocationConf) {
    this.#target = target;
    this.group = target.group;
    this.hostLine = target.hostLine;
    const { idleMs } = target.client.timeouts;
    const timeouts = { readMs: conf.proxyReadTimeout, sendMs: conf.proxySendTimeout, idleMs };
    this.client = { ...target.client, timeouts };
  }

  get pool(): UpstreamTarget['pool'] {
    return this.#target.pool;
  }

  peerOf(server: number): ReturnType<UpstreamTarget['peerOf']> {
    return this.#target.peerOf(server);
  }

  waitForServers(waiter: Parameters<UpstreamTarget['waitForServers']>[0]): boolean {
    return this.#target.waitForServers(waiter);
  }
}

function alone(authority: string): UpstreamOptions {
  const hasPort = authority.startsWith('unix:') || /:\d+$/.test(authority);
  const retry = { tries: 0 };
  return { servers: [hasPort ? authority : `${authority}:${PORT}`], keepalive: 32, retry };
}

function optionsOf({ servers, balance, keepalive }: UpstreamConf): UpstreamOptions {
  return {
    servers: servers.map((server) => ({
      url: server.address,
      weight: server.weight,
      maxConns: server.maxConns,
      maxFails: server.maxFails,
      failTimeoutMs: server.failTimeout,
      backup: server.backup,
      down: server.down,
    })),
    keepalive,
    retry: { tries: 0 },
    ...(balance.method === 'hash'
      ? { balance: { hash: balance.key, consistent: balance.consistent } }
      : balance.method === 'least-time'
        ? { balance: { leastTime: balance.of } }
        : { balance: balance.method }),
  } as UpstreamOptions;
}

export function upstreamsOf(site: Site): Upstreams {
  let known = site.parts.get(KEY) as Upstreams | undefined;
  if (known === undefined) {
    known = new Upstreams(site);
    site.parts.set(KEY, known);
  }
  return known;
}
