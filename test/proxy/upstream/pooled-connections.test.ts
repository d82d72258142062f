import test from 'ava';
import { SimProactor, SimWorld } from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { connectOperation, timerOperation } from '../../../src/core/operations.ts';
import { ClientConnection } from '../../../src/http/client-connection.ts';
import type { ClientExchange, ClientShared } from '../../../src/http/client-options.ts';
import { listen, type Stream } from '../../../src/net/index.ts';
import { POOL_LIMITS, type PoolKey, UpstreamPool } from '../../../src/proxy/upstream/index.ts';
import { ok } from '../upstream.ts';
import { clientOf } from './sim-health.ts';

const SERVER: Endpoint = { family: 'ipv4', address: '10.0.0.2', port: 80 };
const IDLE_MS = 60_000;

/** A pool of real connections to a server of a simulated world. */
class Site {
  readonly world: SimWorld = new SimWorld({ seed: 'pool' });
  readonly port: SimProactor = new SimProactor(this.world.host('proxy', '10.0.0.1'));
  readonly server: SimProactor = new SimProactor(this.world.host('server', SERVER.address));
  readonly client: ClientShared = clientOf(this.port);
  readonly pool: UpstreamPool<ClientConnection>;
  readonly key: PoolKey;
  readonly streams: Stream[] = [];

  constructor() {
    this.pool = new UpstreamPool<ClientConnection>(POOL_LIMITS, this.port.loop);
    this.key = this.pool.open({ address: SERVER.address, port: SERVER.port });
  }

  async listen(): Promise<void> {
    const listener = await this.world.drive(listen(this.server, SERVER));
    void (async () => {
      for await (const stream of listener) {
        this.streams.push(stream);
        void this.#serve(stream).catch(() => {});
      }
    })().catch(() => {});
  }

  /** One exchange on a connection of the pool, or a new one; it goes back to the pool. */
  async exchange(): Promise<ClientConnection> {
    const connection = this.pool.take(this.key) ?? (await this.#connect());
    await this.world.drive(
      new Promise<void>((resolve, reject) => {
        const exchange: ClientExchange = {
          responseHead: () => {},
          responseBody: () => {},
          responseEnd: resolve,
          responseFailed: () => reject(new Error('no answer')),
          requestLevel: () => {},
        };
        connection.begin(exchange, false);
        connection.outbox.appendText('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      }),
    );
    this.pool.give(this.key, connection);
    return connection;
  }

  async pass(ms: number): Promise<void> {
    await this.world.drive(
      new Promise<void>((resolve) => {
        const timer = timerOperation(() => resolve());
        timer.atMs = this.port.loop.nowMs() + ms;
        this.port.submit(timer);
      }),
    );
  }

  async #serve(stream: Stream): Promise<void> {
    while ((await stream.recv()) !== undefined) await stream.send(ok('fine'));
    await stream.close();
  }

  #connect(): Promise<ClientConnection> {
    return this.world.drive(
      new Promise((resolve) => {
        const connect = connectOperation(SERVER, () => {
          resolve(new ClientConnection(this.client, this.pool, connect.socket));
        });
        this.port.submit(connect);
      }),
    );
  }
}

test('an exchange takes the connection of the one before', async (t) => {
  const site = new Site();
  await site.listen();
  const first = await site.exchange();
  t.is(await site.exchange(), first);
  t.is(first.exchanges, 2);
  t.is(site.streams.length, 1);
});

test('a connection that the server closes while it is idle leaves the pool at once', async (t) => {
  const site = new Site();
  await site.listen();
  const first = await site.exchange();
  await site.world.drive((site.streams[0] as Stream).close());
  await site.pass(100);
  t.is(site.pool.idle, 0);
  t.is(site.pool.counters.lost, 1);
  t.not(await site.exchange(), first);
});

test('a byte that nobody asked for ends an idle connection', async (t) => {
  const site = new Site();
  await site.listen();
  await site.exchange();
  await site.world.drive((site.streams[0] as Stream).send('HTTP/1.1 200 OK\r\n'));
  await site.pass(100);
  t.is(site.pool.idle, 0);
  t.is(site.port.openSockets, 0);
});

test('an idle connection is closed after its time', async (t) => {
  const site = new Site();
  await site.listen();
  await site.exchange();
  await site.pass(IDLE_MS - 1_000);
  t.is(site.pool.idle, 1);
  await site.pass(2_000);
  t.is(site.pool.idle, 0);
  t.is(site.port.openSockets, 0);
});

test('a retired pool leaves no socket', async (t) => {
  const site = new Site();
  await site.listen();
  await site.exchange();
  site.pool.retire();
  await site.pass(100);
  t.is(site.port.openSockets, 0);
});
