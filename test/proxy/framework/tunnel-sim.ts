import { SimProactor, SimWorld, type WorldOptions } from '../../../adapters/sim/index.ts';
import type { SimHost } from '../../../adapters/sim/sim-host.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import { connect, listen, type Stream } from '../../../src/net/index.ts';
import { defineProxy, forwardProxy } from '../../../src/proxy/framework/index.ts';
import { PhasedProxy } from '../../../src/proxy/framework/running.ts';
import { readUntil } from '../sim-site.ts';
import { lentByPools } from './lent.ts';

const CLIENT = '10.0.0.1';
const PROXY = '10.0.0.2';
const SERVER = '10.0.0.3';
const PORT = 80;
/** In virtual time: how long a tunnel may be silent. Longer than any loss is repaired. */
export const READ_MS: number = 10_000;
const PATIENCE_MS = 20_000;
const TIMEOUTS = { connectMs: 1_000, sendMs: READ_MS, readMs: READ_MS };

/** How a tunnel is asked for. */
export const ASKS: Readonly<Record<'upgrade' | 'connect', string>> = {
  upgrade:
    'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nahead,',
  connect: `CONNECT ${SERVER}:${PORT} HTTP/1.1\r\nHost: a\r\n\r\nahead,`,
};

export type Ask = keyof typeof ASKS;

/** What a client has of a tunnel: the status, and what came through. */
export type TunnelOutcome = {
  readonly status: number;
  readonly data: string;
  readonly cut: boolean;
};

/** A client, a proxy and a server that sends back what comes, each on a simulated host of its own. */
export class TunnelSim {
  readonly uncaught: unknown[] = [];
  readonly world: SimWorld;
  readonly proxyHost: SimHost;
  readonly serverHost: SimHost;
  readonly client: SimProactor;
  readonly port: SimProactor;
  readonly server: SimProactor;
  readonly proxy: PhasedProxy;
  begun = 0;
  released = 0;
  logged = 0;

  constructor(options: WorldOptions) {
    this.world = new SimWorld({ ...options, onUncaught: (error) => this.uncaught.push(error) });
    const clientHost = this.world.host('client', CLIENT);
    this.proxyHost = this.world.host('proxy', PROXY);
    this.serverHost = this.world.host('server', SERVER);
    this.client = new SimProactor(clientHost);
    this.port = new SimProactor(this.proxyHost);
    this.server = new SimProactor(this.serverHost);
    const peer = { host: SERVER, port: PORT, timeouts: TIMEOUTS };
    const { definition } = defineProxy({
      upstreamPeer: ({ kind }) => ({ ...peer, tunnel: kind === 'connect' }),
      logging: ({ req }) => {
        if (req.method === '') return; // Bytes that were meant for a tunnel, and no request.
        this.logged += 1;
      },
    }).use(forwardProxy({ allow: () => true }));
    const onError = (error: unknown) => this.uncaught.push(error);
    this.proxy = new PhasedProxy(this.port, definition, { port: PORT, onError }, undefined);
    this.#countSessions();
  }

  /** Runs `body` with both listeners; then closes everything, and virtual time passes. */
  async run(body: () => Promise<void>): Promise<void> {
    await this.world.drive(this.#serve(body));
    await this.world.drive(this.proxy.close({ drainMs: 1_000 }));
    await this.world.drive(new Promise<void>((resolve) => this.client.close(resolve)));
    await this.world.drive(new Promise<void>((resolve) => this.server.close(resolve)));
    this.world.advance(PATIENCE_MS);
  }

  /** What is left of the proxy, or was not logged once, as text; empty when it is nothing. */
  get left(): string {
    const counts: Readonly<Record<string, number>> = {
      sockets: this.port.openSockets,
      connections: this.proxy.connections,
      sessions: this.begun - this.released,
      'not logged once': this.begun - this.logged,
      errors: this.uncaught.length,
    };
    const left = Object.entries(counts).filter(([, count]) => count !== 0);
    return left.map(([name, count]) => `${count} ${name} `).join('') + lentByPools();
  }

  /** Opens a tunnel, sends through it what the server sends back, and closes it. */
  async ask(ask: Ask, messages: readonly string[]): Promise<TunnelOutcome> {
    let stream: Stream | undefined;
    let status = 0;
    let data = '';
    try {
      stream = await connect(this.client, at(PROXY), { timeoutMs: PATIENCE_MS });
      await stream.send(ASKS[ask]);
      const text = await readUntil(stream, /\r\n\r\n/);
      status = Number(text.slice(9, 12));
      data = text.slice(text.indexOf('\r\n\r\n') + 4);
      for (const message of messages) await stream.send(message);
      await stream.shutdown();
      for (;;) {
        const more = await stream.recv({ timeoutMs: PATIENCE_MS });
        if (more === undefined) return { status, data, cut: false };
        data += Buffer.from(more).toString('latin1');
      }
    } catch {
      return { status, data, cut: true };
    } finally {
      await stream?.close({ how: 'reset' }).catch(() => {});
    }
  }

  /** Asks for a tunnel and says nothing more; how long that lasts, in milliseconds. */
  async keepSilent(ask: Ask): Promise<number> {
    const stream = await connect(this.client, at(PROXY), { timeoutMs: PATIENCE_MS });
    const startMs = this.world.nowMs();
    await stream.send(ASKS[ask]);
    for (let more = true; more; ) more = (await stream.recv()) !== undefined;
    const endMs = this.world.nowMs();
    await stream.close();
    return endMs - startMs;
  }

  /** Asks for a tunnel and leaves, with RST, after so long. */
  async leaveAfter(ask: Ask, ms: number): Promise<void> {
    const stream = await connect(this.client, at(PROXY), { timeoutMs: PATIENCE_MS });
    await stream.send(ASKS[ask]);
    await this.pass(ms);
    await stream.close({ how: 'reset' });
  }

  /** Resolves when so much virtual time has passed. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = this.world.nowMs() + ms;
      this.client.submit(timer);
    });
  }

  async #serve(body: () => Promise<void>): Promise<void> {
    try {
      const listener = await listen(this.server, at(SERVER));
      void (async () => {
        for await (const stream of listener) {
          void echo(stream)
            .catch(() => stream.close({ how: 'reset' }))
            .catch(() => {});
        }
      })().catch(() => {});
      await this.proxy.listen(at(PROXY));
    } catch {
      return; // A fault met a listener: there is no proxy, or no server.
    }
    await body();
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

/** Consents to an upgrade where there is one, and sends back what comes, and FIN after FIN. */
async function echo(stream: Stream): Promise<void> {
  let first = true;
  for (;;) {
    const data = await stream.recv({ timeoutMs: PATIENCE_MS });
    if (data === undefined) break;
    let text = Buffer.from(data).toString('latin1');
    if (first && text.startsWith('GET')) {
      while (!text.includes('\r\n\r\n')) text += await readUntil(stream, /\r\n\r\n/);
      text = text.slice(text.indexOf('\r\n\r\n') + 4);
      const lines = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
      await stream.send(`HTTP/1.1 101 Switching Protocols\r\n${lines}`);
    }
    first = false;
    await stream.send(text);
  }
  await stream.close();
}

function at(address: string): Endpoint {
  return { family: 'ipv4', address, port: PORT };
}
