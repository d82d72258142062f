import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ServerConnection } from '../../src/http/server-connection.ts';
import {
  type Lookup,
  type ProxyConfig,
  proxyConfig,
  ReverseProxy,
  type UpstreamConfig,
  type UpstreamTimeouts,
} from '../../src/proxy/index.ts';
import { type OpenRealPort, REAL_PORTS } from '../support/real-ports.ts';
import { Peer, type Seen } from './peer.ts';
import { type Script, Upstream } from './upstream.ts';

export type SiteConfig = Partial<Omit<ProxyConfig, 'upstream'>> & {
  readonly upstream?: Partial<UpstreamConfig>;
  readonly lookup?: Lookup;
};

/** Deadlines that no test meets by accident, however busy the machine is. */
export const PATIENT: UpstreamTimeouts = {
  connectMs: 30_000,
  sendMs: 30_000,
  readMs: 30_000,
  idleMs: 60_000,
};

/** The one deadline that a test waits for. What has to happen before it may take as long. */
export const SOON_MS = 1_000;

/** How often a test begins again where the machine was too busy for `SOON_MS`. */
const TRIES_MAX = 8;

const PATIENCE_MS = 20_000;

/** Proxies on real sockets, and what they talk to. At the end nothing of it may be left. */
export class Site {
  readonly uncaught: unknown[] = [];
  readonly port: ProactorPort;
  readonly lines: string[] = [];
  readonly upstreams: Upstream[] = [];
  readonly peers: Set<Peer> = new Set();
  readonly proxies: ReverseProxy[] = [];
  /** The newest client connection that has made a request. */
  newest: ServerConnection | undefined;
  begun = 0;
  released = 0;
  /** Where the proxies listen, in the order of their start. */
  readonly boundPorts: number[] = [];

  constructor(open: OpenRealPort) {
    this.port = open({ uncaught: (error) => this.uncaught.push(error) });
  }

  get proxy(): ReverseProxy {
    return this.proxies[0] as ReverseProxy;
  }

  async upstream(script: Script): Promise<Endpoint> {
    const upstream = await Upstream.start(script);
    this.upstreams.push(upstream);
    return upstream.endpoint;
  }

  /** Starts a proxy before `script`, or before the servers of `config`. */
  async start(script: Script | readonly Endpoint[], config: SiteConfig = {}): Promise<void> {
    const servers = typeof script === 'function' ? [await this.upstream(script)] : script;
    const { lookup, upstream, ...rest } = config;
    const group = { authority: 'backend.test', servers, timeouts: PATIENT, ...upstream };
    const log = {
      write: (lines: string) => this.lines.push(...lines.trimEnd().split('\n')),
      wallMs: () => Date.now(),
    };
    const parts = lookup === undefined ? { log } : { log, lookup };
    const proxy = new ReverseProxy(this.port, proxyConfig({ ...rest, upstream: group }), parts);
    this.#countSessions(proxy);
    this.proxies.push(proxy);
    const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
    this.boundPorts.push((await proxy.listen(any)).port);
  }

  /** Connections that the first upstream has seen. */
  get seen(): number {
    return this.upstreams[0]?.connections ?? 0;
  }

  get boundPort(): number {
    return this.boundPorts[0] as number;
  }

  /** A client of the first proxy, or of another. */
  async client(proxy = 0): Promise<Peer> {
    const peer = await Peer.connect(this.boundPorts[proxy] as number);
    this.peers.add(peer);
    void peer.closed.then(() => this.peers.delete(peer));
    return peer;
  }

  /** One request on a connection of its own. */
  async ask(text: string): Promise<Seen> {
    const client = await this.client();
    client.write(text);
    const seen = await client.response(text.startsWith('HEAD '));
    client.leave();
    return seen;
  }

  /** The statuses of the access log, in order, once there are `count` lines. */
  async statuses(count: number): Promise<string[]> {
    await eventually(() => {
      for (const proxy of this.proxies) proxy.log?.flush();
      return this.lines.length >= count;
    });
    return this.lines.map((line) => /" (\d{3}) \d+ "/.exec(line)?.[1] ?? line);
  }

  /** Ends everything; then nothing may be left. */
  async end(t: ExecutionContext): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    for (const proxy of this.proxies) await proxy.close({ drainMs: 100 });
    const left = () => this.port.openSockets;
    const idle = await eventually(() => left() === 0 && this.begun === this.released);
    const what = `${left()} sockets, ${this.begun} sessions begun, ${this.released} released`;
    t.true(idle, `nothing is left: ${what}`);
    for (const { target, connections, activities } of this.proxies) {
      const { client } = target;
      t.is(client.buffers.lent, 0, 'no buffer is lent');
      t.is(client.parsers.lent, 0, 'no parser of responses is lent');
      t.is(activities.lent, 0, 'no activity is lent');
      t.is(connections, 0);
    }
    for (const upstream of this.upstreams) upstream.end();
    this.port.close();
    t.deepEqual(this.uncaught, []);
  }

  #countSessions(proxy: ReverseProxy): void {
    const request = proxy.request.bind(proxy);
    const release = proxy.release.bind(proxy);
    proxy.request = (connection) => {
      this.begun += 1;
      this.newest = connection;
      return request(connection);
    };
    proxy.release = (session) => {
      this.released += 1;
      release(session);
    };
  }
}

/**
 * Declares a test for each adapter, with a site of its own, which must be as good as new when the
 * test has ended.
 */
export function siteTest(
  title: string,
  body: (t: ExecutionContext, site: Site) => Promise<void>,
  declare: typeof test | typeof test.serial = test,
): void {
  for (const [name, open] of Object.entries(REAL_PORTS)) {
    declare(`${title} (${name})`, async (t) => {
      t.timeout(50_000, 'the test has not ended');
      const site = new Site(open);
      try {
        await body(t, site);
      } finally {
        await site.end(t);
      }
    });
  }
}

/** Waits until `predicate` holds; `false`: it did not within the patience of a test. */
export async function eventually(predicate: () => boolean): Promise<boolean> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!predicate()) {
    if (performance.now() > endMs) return false;
    await setTimeout(2);
  }
  return true;
}

/**
 * What `attempt` comes to. Where the proxy waits for a short time only, a server that is late by
 * accident looks like one that is silent: then there is another attempt.
 */
export async function inTime<Result>(
  attempt: () => Promise<Result>,
  isLate: (result: Result) => boolean,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const result = await attempt();
    if (!isLate(result) || tries === TRIES_MAX) return result;
  }
}
