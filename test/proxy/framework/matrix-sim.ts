import {
  SimProactor,
  type SimRandom,
  SimWorld,
  type WorldOptions,
} from '../../../adapters/sim/index.ts';
import type { SimHost } from '../../../adapters/sim/sim-host.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import { connect, listen, type Stream } from '../../../src/net/index.ts';
import { PhasedProxy } from '../../../src/proxy/framework/running.ts';
import { ok } from '../upstream.ts';
import { lentByPools } from './lent.ts';
import type { Row } from './matrix-rows.ts';
import { type Pauses, StreamWire } from './matrix-wire.ts';
import type { AnyProxy, Options } from './world.ts';

const PORT = 80;
const ADDRESSES = { client: '10.0.0.1', proxy: '10.0.0.2', bad: '10.0.0.3', good: '10.0.0.4' };
type Place = keyof typeof ADDRESSES;

/** In virtual time, all deadlines of a site: longer than any loss takes to be repaired. */
export const DEADLINE_MS = 60_000;
/** What packets may add to a deadline, lost ones included. */
export const TRANSIT_MS = 30_000;
/** A packet that was lost has come again by then, and no deadline is met. */
const SETTLE_MS = 20_000;
const AFTER_MS = 300_000;

/** Where both servers of a group are. */
export const SIM_SERVERS: readonly string[] = [
  `http://${ADDRESSES.bad}:${PORT}`,
  `http://${ADDRESSES.good}:${PORT}`,
];

/** A client, a proxy and two servers, on simulated hosts. Everything follows from the seed. */
export class MatrixSim {
  readonly uncaught: unknown[] = [];
  readonly world: SimWorld;
  readonly random: SimRandom;
  readonly hosts: Readonly<Record<Place, SimHost>>;
  readonly ports: Readonly<Record<Place, SimProactor>>;
  readonly #dripMs: number;
  proxy: PhasedProxy | undefined;
  begun = 0;
  released = 0;

  constructor(options: WorldOptions, drips: number) {
    this.world = new SimWorld({ ...options, onUncaught: (error) => this.uncaught.push(error) });
    this.random = this.world.random.fork('matrix');
    const host = (place: Place) => this.world.host(place, ADDRESSES[place]);
    const hosts = {
      client: host('client'),
      proxy: host('proxy'),
      bad: host('bad'),
      good: host('good'),
    };
    this.hosts = hosts;
    this.ports = {
      client: new SimProactor(hosts.client),
      proxy: new SimProactor(hosts.proxy),
      bad: new SimProactor(hosts.bad),
      good: new SimProactor(hosts.good),
    };
    this.#dripMs = (1.2 * DEADLINE_MS) / drips;
  }

  /** Answers for one of the servers. */
  async serve(place: Place, script: (wire: StreamWire) => Promise<void>): Promise<void> {
    const listener = await listen(this.ports[place], at(ADDRESSES[place]));
    const each = async (): Promise<void> => {
      for await (const stream of listener) {
        void script(this.#wire(stream))
          .catch(() => {})
          .then(() => stream.close({ how: 'reset' }))
          .catch(() => {});
      }
    };
    void each().catch(() => {});
  }

  /** Has one server do what the row says, and the other one answer. */
  async serveRow({ act }: Row): Promise<void> {
    if (act === 'is silent to SYN') this.world.partition(this.hosts.proxy, this.hosts.bad);
    if (typeof act === 'function') await this.serve('bad', (wire) => misbehave(wire, act));
    await this.serve('good', answerAll);
  }

  async listen(proxy: AnyProxy, options: Options): Promise<void> {
    const onError = (error: unknown) => this.uncaught.push(error);
    const given = { ...options, port: PORT, onError };
    const phased = new PhasedProxy(this.ports.proxy, proxy.definition, given, undefined);
    this.proxy = phased;
    const request = phased.request.bind(phased);
    const release = phased.release.bind(phased);
    phased.request = (connection) => {
      this.begun += 1;
      return request(connection);
    };
    phased.release = (session) => {
      this.released += 1;
      release(session);
    };
    await phased.listen(at(ADDRESSES.proxy));
  }

  async client(): Promise<StreamWire> {
    return this.#wire(await connect(this.ports.client, at(ADDRESSES.proxy)));
  }

  /** Resolves when so much virtual time has passed. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timerOperation(() => resolve());
      timer.atMs = this.world.nowMs() + ms;
      this.ports.client.submit(timer);
    });
  }

  /** What a handler waits for: nothing, or some time. */
  readonly hesitate = (): Promise<void> => this.pass(this.random.between(0, 20));

  /** Runs `body`, then closes everything; virtual time passes meanwhile. */
  async run(body: () => Promise<void>): Promise<void> {
    await this.world.drive(body());
    if (this.proxy !== undefined) await this.world.drive(this.proxy.close({ drainMs: 1_000 }));
    for (const place of ['client', 'bad', 'good'] as const) {
      await this.world.drive(new Promise<void>((resolve) => this.ports[place].close(resolve)));
    }
    this.world.advance(AFTER_MS);
  }

  /** What is left of the proxy, as text; empty when it is nothing. */
  get left(): string {
    const { proxy } = this.ports;
    const counts: Readonly<Record<string, number>> = {
      sockets: proxy.openSockets,
      timers: proxy.loop.pendingTimers,
      connections: this.proxy?.connections ?? 0,
      sessions: this.begun - this.released,
      generations: this.proxy?.generation.sessions ?? 0,
      errors: this.uncaught.length,
    };
    const left = Object.entries(counts).filter(([, count]) => count !== 0);
    const own = left.map(([name, count]) => `${count} ${name} `).join('');
    return own + lentByPools() + this.uncaught.join(' ');
  }

  #wire(stream: Stream): StreamWire {
    const pauses: Pauses = {
      settle: () => this.pass(SETTLE_MS),
      drip: () => this.pass(this.#dripMs),
    };
    // Sometimes whole, else in two pieces.
    const cut = (length: number): number =>
      this.random.chance(0.3) ? 0 : Math.floor(this.random.between(0, length));
    return new StreamWire(stream, pauses, cut);
  }
}

function at(address: string): Endpoint {
  return { family: 'ipv4', address, port: PORT };
}

async function answerAll(wire: StreamWire): Promise<void> {
  for (let head = await wire.head(); head !== undefined; head = await wire.head()) {
    if (head.includes(' HTTP/1.1')) await wire.write(ok('fine'));
  }
}

/** Does what the row says for the first request, and answers those after it. */
async function misbehave(wire: StreamWire, act: Exclude<Row['act'], string>): Promise<void> {
  for (let head = await wire.head(); head !== undefined; head = await wire.head()) {
    if (head.includes('/next HTTP/1.1')) await wire.write(ok('fine'));
    else if (head.includes(' HTTP/1.1')) {
      await act(wire);
      if (wire.deaf) await wire.stream.peek().then(() => new Promise(() => {}));
    }
  }
}
