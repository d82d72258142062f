import { SimProactor, SimWorld, type WorldOptions } from '../../adapters/sim/index.ts';
import type { SimHost } from '../../adapters/sim/sim-host.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { timerOperation } from '../../src/core/operations.ts';
import { connect, type Listener, listen, type Stream } from '../../src/net/index.ts';
import { type Lookup, proxyConfig, ReverseProxy } from '../../src/proxy/index.ts';

const CLIENT = '10.0.0.1';
const PROXY = '10.0.0.2';
export const UPSTREAM = '10.0.0.3';
const PORT = 80;

/** Where a client of the simulated world finds the proxy. */
export const PROXY_ENDPOINT: Endpoint = at(PROXY);

/** Deadlines in virtual time. */
export const TIMEOUTS = { connectMs: 1_000, sendMs: 2_000, readMs: 2_000, idleMs: 10_000 };
/** A client waits longer than the proxy may take. */
const PATIENCE_MS = 20_000;

/** What a client makes of an answer: its status and body, or that it was cut. */
export type Outcome = { readonly status: number; readonly body: string } | 'cut';

/** A client, a proxy and a server, each on a host of its own, in one simulated world. */
export class SimSite {
  readonly uncaught: unknown[] = [];
  readonly lines: string[] = [];
  readonly world: SimWorld;
  readonly hosts: { readonly client: SimHost; readonly proxy: SimHost; readonly upstream: SimHost };
  readonly client: SimProactor;
  readonly port: SimProactor;
  readonly server: SimProactor;
  readonly proxy: ReverseProxy;
  begun = 0;
  released = 0;
  #listener: Listener | undefined;

  /** With `lookup`, the upstream is a name, and otherwise an address. `makeProxy`: another proxy. */
  constructor(
    options: WorldOptions,
    lookup?: Lookup,
    makeProxy?: (port: SimProactor) => ReverseProxy,
  ) {
    this.world = new SimWorld({ ...options, onUncaught: (error) => this.uncaught.push(error) });
    this.hosts = {
      client: this.world.host('client', CLIENT),
      proxy: this.world.host('proxy', PROXY),
      upstream: this.world.host('upstream', UPSTREAM),
    };
    this.client = new SimProactor(this.hosts.client);
    this.port = new SimProactor(this.hosts.proxy);
    this.server = new SimProactor(this.hosts.upstream);
    const name = { name: 'backend.test', port: PORT };
    const servers = lookup === undefined ? [at(UPSTREAM)] : name;
    const config = proxyConfig({ upstream: { authority: 'x', servers, timeouts: TIMEOUTS } });
    const log = { write: (text: string) => this.lines.push(text), wallMs: () => 0 };
    const parts = { log, ...(lookup && { lookup }) };
    this.proxy = makeProxy?.(this.port) ?? new ReverseProxy(this.port, config, parts);
    this.#countSessions();
  }

  /** Runs `body`, then closes everything; virtual time passes meanwhile. */
  async run(body: () => Promise<void>): Promise<void> {
    await this.world.drive(body());
    await this.world.drive(this.proxy.close({ drainMs: 1_000 }));
    await this.world.drive(new Promise<void>((resolve) => this.client.close(resolve)));
    await this.world.drive(new Promise<void>((resolve) => this.server.close(resolve)));
    this.world.advance(PATIENCE_MS);
  }

  /** What is left of the proxy, as text; empty when it is nothing. */
  get left(): string {
    const { buffers, bulk, parsers } = this.proxy.target.client;
    const counts: Readonly<Record<string, number>> = {
      sockets: this.port.openSockets,
      connections: this.proxy.connections,
      sessions: this.begun - this.released,
      buffers: buffers.lent,
      'bulk chunks': bulk?.lent ?? 0,
      parsers: parsers.lent,
      activities: this.proxy.activities.lent,
      errors: this.uncaught.length,
    };
    const left = Object.entries(counts).filter(([, count]) => count !== 0);
    return left.map(([name, count]) => `${count} ${name}`).join(', ') + this.uncaught.join(' ');
  }

  /** Listens on both hosts; `serve` speaks for each connection of the server. */
  async start(serve: (stream: Stream) => Promise<void>): Promise<void> {
    this.#listener = await listen(this.server, at(UPSTREAM));
    void this.#serveAll(this.#listener, serve);
    await this.proxy.listen(at(PROXY));
  }

  /** Resolves when so much virtual time has passed. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = this.world.nowMs() + ms;
      this.client.submit(timer);
    });
  }

  /** One request on a connection of its own. */
  async ask(text: string): Promise<Outcome> {
    let stream: Stream | undefined;
    try {
      stream = await connect(this.client, at(PROXY), { timeoutMs: PATIENCE_MS });
      await stream.send(text);
      return await answerOf(stream);
    } catch {
      return 'cut';
    } finally {
      await stream?.close({ how: 'reset' }).catch(() => {});
    }
  }

  /** One request whose client goes, with RST, once it has this many bytes of the answer. */
  async leaveAfter(text: string, bytes: number): Promise<void> {
    const stream = await connect(this.client, at(PROXY), { timeoutMs: PATIENCE_MS });
    await stream.send(text);
    for (let had = 0; had < bytes; ) {
      const data = await stream.recv({ timeoutMs: PATIENCE_MS });
      if (data === undefined) break;
      had += data.length;
    }
    await stream.close({ how: 'reset' });
  }

  async #serveAll(listener: Listener, serve: (stream: Stream) => Promise<void>): Promise<void> {
    try {
      for await (const stream of listener) {
        void serve(stream)
          .catch(() => {})
          .then(() => stream.close({ how: 'reset' }))
          .catch(() => {});
      }
    } catch {
      // The server's own faults are no concern of the proxy's: it is down.
    }
  }

  #countSessions(): void {
    const request = this.proxy.request.bind(this.proxy);
    const release = this.proxy.release.bind(this.proxy);
    this.proxy.request = (connection) => {
      this.begun += 1;
      return request(connection);
    };
    this.proxy.release = (session) => {
      this.released += 1;
      release(session);
    };
  }
}

/** Reads until `text` matches; the match's end is where the next message begins. */
export async function readUntil(stream: Stream, ends: RegExp): Promise<string> {
  let text = '';
  while (!ends.test(text)) {
    const data = await stream.recv({ timeoutMs: PATIENCE_MS });
    if (data === undefined) throw new Error(`the end came after ${JSON.stringify(text)}`);
    text += Buffer.from(data).toString('latin1');
  }
  return text;
}

async function answerOf(stream: Stream): Promise<Outcome> {
  const text = await readUntil(stream, /\r\n\r\n/);
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  const length = /\r\nContent-Length: (\d+)\r\n/.exec(text)?.[1];
  let body = text.slice(headEnd);
  const wanted = length === undefined ? /(^|\r\n)0\r\n\r\n$/ : new RegExp(`^.{${length}}$`, 's');
  if (!wanted.test(body)) body += await readRest(stream, body, wanted);
  return { status: Number(text.slice(9, 12)), body };
}

const ANYTHING = /./s;

async function readRest(stream: Stream, had: string, wanted: RegExp): Promise<string> {
  let rest = '';
  while (!wanted.test(had + rest)) rest += await readUntil(stream, ANYTHING);
  return rest;
}

function at(address: string): Endpoint {
  return { family: 'ipv4', address, port: PORT };
}
