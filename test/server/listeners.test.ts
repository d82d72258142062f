import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import type { ListenOperation } from '../../src/core/operation.ts';
import { listenOperation } from '../../src/core/operations.ts';
import { MODULES, Site } from '../../src/server/index.ts';
import { siteOf } from './proxy-kit.ts';
import { environment, exchange, type RunningSite } from './site-kit.ts';

const CONF = `
  server { listen 127.0.0.1:7000; location / { return 200 specific; } }
  server { listen 7000; location / { return 200 every; } }
  server { listen [::1]:7000; location / { return 200 six; } }
  server { listen 127.0.0.1:7001-7002; location / { return 200 range; } }`;

const world = new SimWorld({ seed: 1 });
const port = new SimProactor(world.local);
const sim = {
  name: 'sim',
  port,
  any: { family: 'ipv4', address: '127.0.0.1', port: 0 },
  drive: <Value>(promise: Promise<Value>): Promise<Value> => world.drive(promise),
} as const;

function siteFor(text: string): Site {
  return new Site(siteOf(text), environment(sim, [], new Map()), MODULES);
}

test('the socket for every address of a port is that of single addresses, too', (t) => {
  const site = siteFor(CONF);
  t.deepEqual(
    site.bound.map(({ conf }) => conf.text),
    ['0.0.0.0:7000', '[::1]:7000', '127.0.0.1:7001', '127.0.0.1:7002'],
  );
  t.is(site.listeners.length, 5);
});

test('a single address without one for all has a socket of its own', (t) => {
  const site = siteFor('server { listen 127.0.0.1:7000; } server { listen 7001; }');
  t.is(site.bound.length, 2);
});

test('the address that was connected to chooses among them', async (t) => {
  const site = siteFor(CONF);
  const [every] = site.bound;
  if (every === undefined) throw new Error('no listener');
  const listen = new Promise<ListenOperation>((resolve) => {
    port.submit(listenOperation(every.conf.endpoint, resolve));
  });
  site.serve(every, (await world.drive(listen)).socket);
  const running = { site, endpoint: { family: 'ipv4', address: '127.0.0.1', port: 7000 } };
  const asked = exchange(sim, running as unknown as RunningSite, 'GET / HTTP/1.0\r\n\r\n');
  t.regex(await world.drive(asked), /specific$/);
});
