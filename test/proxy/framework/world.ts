import test, { type ExecutionContext } from 'ava';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import type { ProxyBuilder } from '../../../src/proxy/framework/define-proxy.ts';
import type { Phases } from '../../../src/proxy/framework/index.ts';
import { type ListenOptions, PhasedProxy, Running } from '../../../src/proxy/framework/running.ts';
import { type OpenRealPort, REAL_PORTS } from '../../support/real-ports.ts';
import { Peer, type Seen } from '../peer.ts';
import { Recorder } from '../recorder.ts';
import { eventually } from '../site.ts';
import { type Script, Upstream } from '../upstream.ts';

export type Options = Partial<Omit<ListenOptions, 'core' | 'port' | 'host'>>;

/** What a test defines: a context of any kind. */
// biome-ignore lint/suspicious/noExplicitAny: tests read what their own plugins have put there.
export type AnyProxy = ProxyBuilder<any>;
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type AnyPhases = Phases<any>;

/** A proxy with phases on real sockets, what it talks to, and what it must leave behind: nothing. */
export class World {
  readonly port: ProactorPort;
  readonly uncaught: unknown[] = [];
  /** What handlers threw in `logging`. */
  readonly errors: unknown[] = [];
  readonly upstreams: Upstream[] = [];
  readonly peers: Peer[] = [];
  readonly proxies: { proxy: PhasedProxy; running: Running }[] = [];
  begun = 0;
  released = 0;

  constructor(open: OpenRealPort) {
    this.port = open({ uncaught: (error) => this.uncaught.push(error) });
  }

  /** Starts a server; gives its URL. */
  async upstream(script: Script): Promise<string> {
    const upstream = await Upstream.start(script);
    this.upstreams.push(upstream);
    return `http://127.0.0.1:${upstream.endpoint.port}`;
  }

  /** A server that answers everything and keeps what it was asked. */
  async recorder(): Promise<{ url: string; recorder: Recorder }> {
    const recorder = new Recorder();
    return { url: await this.upstream(recorder.script), recorder };
  }

  async listen(proxy: AnyProxy, options: Options = {}): Promise<Running> {
    const given = { onError: (error: unknown) => this.errors.push(error), ...options, port: 0 };
    const phased = new PhasedProxy(this.port, proxy.definition, given, options);
    this.#countSessions(phased);
    const bound = await phased.listen({ family: 'ipv4', address: '127.0.0.1', port: 0 });
    const running = new Running(phased, bound);
    this.proxies.push({ proxy: phased, running });
    return running;
  }

  get running(): Running {
    return (this.proxies[0] as (typeof this.proxies)[0]).running;
  }

  get proxy(): PhasedProxy {
    return (this.proxies[0] as (typeof this.proxies)[0]).proxy;
  }

  async client(): Promise<Peer> {
    const peer = await Peer.connect(this.running.address.port);
    this.peers.push(peer);
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

  get(path: string, fields = ''): Promise<Seen> {
    return this.ask(request('GET', path, fields));
  }

  /** Resolves once every exchange that was begun has ended. */
  async settled(): Promise<boolean> {
    return eventually(() => this.begun === this.released);
  }

  async end(t: ExecutionContext): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    for (const { running } of this.proxies) await running.close({ drainMs: 100 });
    for (const upstream of this.upstreams) upstream.end();
    const idle = await eventually(
      () => this.port.openSockets === 0 && this.begun === this.released,
    );
    t.true(idle, `${this.port.openSockets} sockets, ${this.begun} begun, ${this.released} ended`);
    for (const { proxy } of this.proxies) {
      t.is(proxy.target.client.buffers.lent, 0, 'no buffer is lent');
      t.is(proxy.target.client.parsers.lent, 0, 'no parser of responses is lent');
      t.is(proxy.activities.lent, 0, 'no activity is lent');
      t.is(proxy.generation.sessions, 0, 'the generation has no session');
    }
    this.port.close();
    t.deepEqual(this.uncaught, []);
  }

  #countSessions(proxy: PhasedProxy): void {
    const request = proxy.request.bind(proxy);
    const release = proxy.release.bind(proxy);
    proxy.request = (connection) => {
      this.begun += 1;
      return request(connection);
    };
    proxy.release = (session) => {
      this.released += 1;
      release(session);
    };
  }
}

export function request(method: string, path: string, fields = '', body = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n${body}`;
}

export function post(path: string, body: string, fields = ''): string {
  return request('POST', path, `Content-Length: ${body.length}\r\n${fields}`, body);
}

export function chunked(path: string, ...chunks: string[]): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return request('POST', path, 'Transfer-Encoding: chunked\r\n', `${body}0\r\n\r\n`);
}

/** A promise that a test settles when it likes. */
export class Gate {
  readonly opened: Promise<void>;
  /** Somebody waits, or has waited. */
  readonly reached: Promise<void>;
  #open: () => void = () => {};
  #reach: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  pass(): Promise<void> {
    this.#reach();
    return this.opened;
  }

  open(): void {
    this.#open();
  }
}

/** Longer for those who run what takes long. */
const PATIENCE_MS = process.env.SLUICE_LONG === undefined ? 50_000 : 600_000;

/** Declares a test for each adapter, or for `node` alone where no socket matters. */
export function worldTest(
  title: string,
  body: (t: ExecutionContext, world: World) => Promise<void>,
  names: readonly string[] = Object.keys(REAL_PORTS),
  declare: typeof test | typeof test.serial = test,
): void {
  for (const name of names) {
    const open = REAL_PORTS[name] as OpenRealPort;
    declare(`${title} (${name})`, async (t) => {
      t.timeout(PATIENCE_MS, 'the test has not ended');
      const world = new World(open);
      try {
        await body(t, world);
      } finally {
        await world.end(t);
      }
    });
  }
}

/** For what no adapter changes. */
export function nodeTest(
  title: string,
  body: (t: ExecutionContext, world: World) => Promise<void>,
): void {
  worldTest(title, body, ['node']);
}
