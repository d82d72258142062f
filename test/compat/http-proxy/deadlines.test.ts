import { createServer } from 'node:net';
import { mock } from 'node:test';
import test from 'ava';
import { DIAL_MS, dial } from '../../../src/compat/http-proxy/dial.ts';
import { createProxyServer } from '../../../src/compat/http-proxy/index.ts';
import { raw, World } from './world.ts';

const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Accepts, and says what it is told to; in the end, nothing. */
function silent(world: World, says = ''): Promise<number> {
  return world.open(
    createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .write(says),
    ),
  );
}

test.serial(`a connection that is not there after ${DIAL_MS} ms is given up`, async (t) => {
  const world = new World(t, createProxyServer);
  const port = await silent(world);
  const tls = { rejectUnauthorized: false, servername: '' };
  const where = { hostname: '127.0.0.1', port, socketPath: undefined, localAddress: undefined };
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const errors: unknown[] = [];
  dial(
    { ...where, tls },
    { connected: () => t.fail(), failed: (error) => errors.push(error.code) },
  );
  mock.timers.tick(DIAL_MS - 1);
  t.deepEqual(errors, []);
  mock.timers.tick(1);
  t.deepEqual(errors, ['ETIMEDOUT']);
});

test.serial('a target that does not answer an upgrade in time is given up', async (t) => {
  const world = new World(t, createProxyServer);
  const target = `http://127.0.0.1:${await silent(world)}`;
  const proxy = world.create({ target, proxyTimeout: 50 });
  let code: unknown;
  proxy.on('error', (error) => {
    code = (error as NodeJS.ErrnoException).code;
  });
  t.is(await raw(await world.front(proxy), UPGRADE), '');
  t.is(code, 'ECONNRESET');
});

for (const count of [10, 11]) {
  const outcome = count === 10 ? 'pass' : 'are an error';
  test.serial(`${count} interim answers to an upgrade ${outcome}`, async (t) => {
    const world = new World(t, createProxyServer);
    const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(count);
    const last = 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno';
    const proxy = await world.proxy({
      target: `http://127.0.0.1:${await silent(world, interim + last)}`,
    });
    const answer = await raw(proxy, UPGRADE);
    t.is(answer.startsWith('HTTP/1.1 403 No'), count === 10, answer);
  });
}
