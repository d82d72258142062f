import test, { type ExecutionContext } from 'ava';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import type {
  ListenOptions,
  ProxyBuilder,
  Running,
  SessionBase,
} from '../../../src/proxy/framework/index.ts';
import type { ProxyError } from '../../../src/proxy/proxy-error.ts';
import { type OpenRealPort, REAL_PORTS } from '../../support/real-ports.ts';
import { Peer } from '../peer.ts';
import { eventually } from '../site.ts';
import { type Script, Upstream } from '../upstream.ts';
import { lentByPools } from './lent.ts';

/** What the logging phase has seen of one exchange. */
export type Logged = Pick<SessionBase, 'kind' | 'bytes' | 'attempts'> & {
  readonly status: number | undefined;
  readonly error: ProxyError | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: a proxy of whatever context.
export type AnyProxy = ProxyBuilder<any>;

/** A proxy with phases on real sockets, and raw peers on both sides of it. */
export class TunnelSite {
  readonly uncaught: unknown[] = [];
  readonly thrown: unknown[] = [];
  readonly port: ProactorPort;
  readonly upstreams: Upstream[] = [];
  readonly peers: Set<Peer> = new Set();
  readonly logged: Logged[] = [];
  readonly #running: Running[] = [];

  constructor(open: OpenRealPort) {
    this.port = open({ uncaught: (error) => this.uncaught.push(error) });
  }

  /** Starts a server; says its URL. */
  async upstream(script: Script): Promise<string> {
    const upstream = await Upstream.start(script);
    this.upstreams.push(upstream);
    return `http://127.0.0.1:${upstream.endpoint.port}`;
  }

  /** Connections that the first server has seen. */
  get seen(): number {
    return this.upstreams[0]?.connections ?? 0;
  }

  /** The newest connection to the first server, once there are `count`. */
  async server(count = 1): Promise<Peer> {
    await eventually(() => this.seen >= count);
    return this.upstreams[0]?.peers[count - 1] as Peer;
  }

  async start(proxy: AnyProxy, options: Partial<ListenOptions> = {}): Promise<void> {
    const logs = this.logging(proxy);
    const onError = (error: unknown) => this.thrown.push(error);
    const where = { port: 0, host: '127.0.0.1', core: this.port, onError };
    this.#running.push(await logs.listen({ ...where, ...options }));
  }

  /** The same proxy, which also tells this site of what it logs. */
  logging(proxy: AnyProxy): AnyProxy {
    return proxy.phases({
      logging: ({ kind, bytes, attempts, res }, error) => {
        this.logged.push({ kind, bytes, attempts, status: res?.status, error });
      },
    });
  }

  get running(): Running {
    return this.#running[0] as Running;
  }

  get boundPort(): number {
    return this.running.address.port;
  }

  async client(): Promise<Peer> {
    const peer = await Peer.connect(this.boundPort);
    this.peers.add(peer);
    void peer.closed.then(() => this.peers.delete(peer));
    return peer;
  }

  /** What was logged, once it is `count` exchanges. */
  async logs(count: number): Promise<readonly Logged[]> {
    await eventually(() => this.logged.length >= count);
    return this.logged;
  }

  async end(t: ExecutionContext): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    for (const running of this.#running) await running.close({ drainMs: 100 });
    const idle = await eventually(() => this.port.openSockets === 0);
    t.true(idle, `nothing is left: ${this.port.openSockets} sockets`);
    for (const upstream of this.upstreams) upstream.end();
    this.port.close();
    t.deepEqual(this.uncaught, []);
    t.deepEqual(this.thrown, []);
  }
}

/** Declares a test for each adapter, with a site of its own, of which nothing may be left. */
export function tunnelTest(
  title: string,
  body: (t: ExecutionContext, site: TunnelSite) => Promise<void>,
): void {
  for (const [name, open] of Object.entries(REAL_PORTS)) {
    test.serial(`${title} (${name})`, async (t) => {
      t.timeout(50_000, 'the test has not ended');
      const site = new TunnelSite(open);
      try {
        await body(t, site);
      } finally {
        await site.end(t);
      }
      t.true(await eventually(() => lentByPools() === ''), `lent: ${lentByPools()}`);
    });
  }
}

/** A request for an upgrade, without a body. */
export function upgrade(protocol = 'websocket', ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return (
    `GET /chat?room=1 HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\n` +
    `Upgrade: ${protocol}\r\n${more}\r\n`
  );
}

/** A server's consent to one. */
export function switching(protocol = 'websocket', ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return (
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n' +
    `Upgrade: ${protocol}\r\n${more}\r\n`
  );
}

/** Consents to every upgrade, and then sends back what comes, and FIN after FIN. */
export async function echo(peer: Peer): Promise<void> {
  if ((await peer.head()) === undefined) return;
  peer.write(switching());
  for (;;) {
    const data = await peer.take(1);
    if (data.length === 0) break;
    peer.write(data);
  }
  if (peer.ended === 'fin') peer.finish();
}
