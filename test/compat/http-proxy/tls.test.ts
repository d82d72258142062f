import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, Agent as HttpsAgent, request } from 'node:https';
import test from 'ava';
import { selfSigned } from '../../support/certificate.ts';
import { ask, IMPLEMENTATIONS, textOf, World } from './world.ts';

const { key, certificate: cert } = selfSigned('localhost');

async function secureTarget(world: World): Promise<string> {
  const handler: RequestListener = (req, res) => res.end(`secret ${req.url}`);
  const server = createServer({ key, cert }, handler);
  return `https://localhost:${await world.open(server)}`;
}

for (const [name, create] of IMPLEMENTATIONS) {
  test(`secure: false takes any certificate of a target (${name})`, async (t) => {
    const world = new World(t, create);
    const proxy = await world.proxy({ target: await secureTarget(world), secure: false });
    t.is((await ask(proxy, '/x')).body, 'secret /x');
  });

  test(`a certificate that nobody vouches for is an error (${name})`, async (t) => {
    const world = new World(t, create);
    const proxy = world.create({ target: await secureTarget(world) });
    proxy.on('error', (error, _req, res) => {
      if ('setHeader' in res) res.end((error as NodeJS.ErrnoException).code);
    });
    const { body } = await ask(await world.front(proxy));
    t.is(body, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  test(`an authority of the target's own is enough (${name})`, async (t) => {
    const world = new World(t, create);
    const { port } = new URL(await secureTarget(world));
    const target = { protocol: 'https:', host: 'localhost', port, ca: cert };
    const proxy = await world.proxy({ target, changeOrigin: true });
    t.is((await ask(proxy, '/x')).body, 'secret /x');
  });

  test(`a plain agent of node:https says how TLS is done (${name})`, async (t) => {
    const world = new World(t, create);
    const agent = new HttpsAgent({ rejectUnauthorized: false });
    t.teardown(() => agent.destroy());
    const proxy = await world.proxy({ target: await secureTarget(world), agent });
    t.is((await ask(proxy, '/x')).body, 'secret /x');
  });

  test(`ssl serves HTTPS (${name})`, async (t) => {
    const world = new World(t, create);
    const proxy = world.create({ target: await world.echo(), ssl: { key, cert }, xfwd: true });
    proxy.listen(0, '127.0.0.1');
    const server = proxy._server as NonNullable<typeof proxy._server>;
    await once(server, 'listening');
    t.teardown(() => {
      server.closeAllConnections();
      proxy.close();
    });
    const { port } = server.address() as { port: number };
    const options = { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false } as const;
    const [res] = await once(request(options).end(), 'response');
    const { headers } = JSON.parse(await textOf(res));
    t.is(headers['x-forwarded-proto'], 'https');
  });
}

test('a connection over TLS is used again', async (t) => {
  const [[, create] = []] = IMPLEMENTATIONS;
  const world = new World(t, create as NonNullable<typeof create>);
  const proxy = world.create({ target: await secureTarget(world), secure: false });
  const base = await world.front(proxy);
  for (let i = 0; i < 3; i += 1) t.is((await ask(base)).status, 200);
  t.like(proxy.connections.counters, { hits: 2, misses: 1 });
});

test('connections on different terms are not shared', async (t) => {
  const [[, create] = []] = IMPLEMENTATIONS;
  const world = new World(t, create as NonNullable<typeof create>);
  const proxy = world.create({ target: await secureTarget(world) });
  proxy.on('error', (_error, _req, res) => {
    if ('setHeader' in res) res.end('refused');
  });
  const lax = await world.front(proxy, { secure: false });
  const strict = await world.front(proxy);
  t.is((await ask(lax)).body, 'secret /');
  t.is((await ask(strict)).body, 'refused');
});
