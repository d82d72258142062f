import { SimProactor, SimRandom, SimWorld } from '../../../adapters/sim/index.ts';
import { BufferPool } from '../../../src/core/buffer-pool.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import type { ClientShared } from '../../../src/http/client-options.ts';
import { ParserPool } from '../../../src/http/parser-pool.ts';
import { type Listener, listen, type Stream } from '../../../src/net/index.ts';
import {
  ActiveChecks,
  type HealthOptions,
  type Poolable,
  UpstreamGroup,
  type UpstreamServer,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';

const PROXY = '10.0.0.1';
const SERVER = '10.0.0.2';

/** How a server takes a check. */
export type Serve = (stream: Stream, request: string) => Promise<void>;

/** What the connections of checks share. */
export function clientOf(port: ProactorPort): ClientShared {
  const timeouts = { readMs: 60_000, sendMs: 60_000, idleMs: 60_000 };
  const parsers = new ParserPool('response');
  return { port, buffers: new BufferPool(), bulk: undefined, parsers, timeouts };
}

/** A group with active checks, its proxy and one server on hosts of a simulated world. */
export class SimHealth {
  readonly world: SimWorld;
  readonly port: SimProactor;
  readonly server: SimProactor;
  readonly events: string[] = [];
  readonly group: UpstreamGroup;
  readonly checks: ActiveChecks<Poolable>;
  readonly client: ClientShared;
  /** When each check reached the server, in milliseconds. */
  readonly reached: number[] = [];
  readonly requests: string[] = [];
  #listener: Listener | undefined;

  constructor(health: HealthOptions, servers: readonly (string | UpstreamServer)[] = []) {
    this.world = new SimWorld({ seed: 'health' });
    this.port = new SimProactor(this.world.host('proxy', PROXY));
    this.server = new SimProactor(this.world.host('server', SERVER));
    this.client = clientOf(this.port);
    const all = [`${SERVER}:80`, ...servers];
    this.group = new UpstreamGroup(upstreamConfig('u', { servers: all, health }), {
      clock: this.port.loop,
      random: new SimRandom('choices'),
      observer: (_, peer, event) => {
        this.events.push(`${event} ${peer.index} after ${this.reached.length}`);
      },
    });
    this.checks = new ActiveChecks(this.group, this.client, new SimRandom('checks'));
  }

  /** The server listens, and takes each check as `serve` says. */
  async listen(serve: Serve): Promise<void> {
    const endpoint: Endpoint = { family: 'ipv4', address: SERVER, port: 80 };
    this.#listener = await this.world.drive(listen(this.server, endpoint));
    void this.#serveAll(this.#listener, serve);
  }

  /** The server's port is closed from now on. */
  async deafen(): Promise<void> {
    await this.world.drive((this.#listener as Listener).close());
  }

  /** Lets time pass, promises of the server included. */
  async pass(ms: number): Promise<void> {
    await this.world.drive(
      new Promise<void>((resolve) => {
        const timer = timerOperation(() => resolve());
        timer.atMs = this.server.loop.nowMs() + ms;
        this.server.submit(timer);
      }),
    );
  }

  async #serveAll(listener: Listener, serve: Serve): Promise<void> {
    try {
      for await (const stream of listener) {
        this.reached.push(this.world.nowMs());
        void this.#serveOne(stream, serve);
      }
    } catch {
      // The listener was closed.
    }
  }

  async #serveOne(stream: Stream, serve: Serve): Promise<void> {
    try {
      const data = await stream.recv();
      const request = data === undefined ? '' : Buffer.from(data).toString('latin1');
      if (request !== '') this.requests.push(request);
      await serve(stream, request);
      await stream.close();
    } catch {
      await stream.close({ how: 'reset' }).catch(() => {}); // The check has ended it.
    }
  }
}
