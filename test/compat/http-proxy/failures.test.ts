import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { ServerOptions } from '../../../src/compat/http-proxy/index.ts';
import { declareRules, type Rule } from './rule.ts';
import { ask, echoed, until, type World } from './world.ts';

/** What the error event tells, and what its handler's answer becomes. */
const failureRule = (
  title: string,
  target: (world: World) => Promise<string>,
  options: ServerOptions,
  expected: string,
): Rule => ({
  title,
  run: async (world) => {
    const proxy = world.create({ ...options, target: await target(world) });
    let told = '';
    proxy.on('error', (error, req, res, to) => {
      told = `${(error as NodeJS.ErrnoException).code} ${req.url} ${to !== undefined}`;
      (res as ServerResponse).writeHead(500).end('handled');
    });
    const { status, body } = await ask(await world.front(proxy), '/x');
    return [told.replace(/HPE_\w+/, 'HPE'), status, body];
  },
  expected: [expected, 500, 'handled'],
});

const FAILURES: readonly Rule[] = [
  failureRule(
    'a refused connection is ECONNREFUSED',
    async () => 'http://127.0.0.1:1',
    {},
    'ECONNREFUSED /x true',
  ),
  failureRule(
    'a target that hangs up before it answers is ECONNRESET',
    (world) => world.serve((req) => req.socket.destroy()),
    {},
    'ECONNRESET /x true',
  ),
  failureRule(
    'proxyTimeout ends a request that nobody answers',
    (world) => world.serve(() => {}),
    { proxyTimeout: 50 },
    'ECONNRESET /x true',
  ),
  failureRule(
    'an answer that is no HTTP is a parse error',
    (world) => world.serve((req) => void req.socket.end('nonsense\r\n\r\n')),
    {},
    'HPE /x true',
  ),
  {
    title: 'a callback is told instead of the event',
    run: async (world) => {
      const proxy = world.create({ target: 'http://127.0.0.1:1' });
      let emitted = 0;
      proxy.on('error', () => {
        emitted += 1;
      });
      const base = await world.serve((req, res) =>
        proxy.web(req, res, (error, _req, to) => {
          (to as ServerResponse).end((error as NodeJS.ErrnoException).code);
        }),
      );
      return [(await ask(base)).body, emitted];
    },
    expected: ['ECONNREFUSED', 0],
  },
  {
    title: 'a proxy without a target says so',
    run: async (world) => {
      const proxy = world.create();
      let message = '';
      proxy.on('error', (error) => {
        message = error.message;
      });
      const base = await world.serve((req, res) => {
        proxy.web(req, res);
        res.end();
      });
      await ask(base);
      return message;
    },
    expected: 'Must provide a proper URL as target',
  },
  {
    title: 'a client that leaves is econnreset and no error, and the target hears of it',
    run: async (world) => {
      const seen: string[] = [];
      const target = await world.serve((req) => {
        seen.push('asked');
        req.socket.once('close', () => seen.push('target left'));
      });
      const proxy = world.create({ target });
      proxy.on('error', () => seen.push('error'));
      proxy.once('econnreset', (error) => seen.push((error as NodeJS.ErrnoException).code ?? ''));
      const { hostname, port } = new URL(await world.front(proxy));
      const client = connect(Number(port), hostname);
      client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart');
      await until(() => seen.includes('asked'));
      client.destroy();
      await until(() => seen.length === 3);
      return seen.toSorted();
    },
    expected: ['ECONNRESET', 'asked', 'target left'],
  },
  {
    title: 'timeout ends an idle client',
    run: async (world) => {
      const target = await world.serve(() => {});
      const proxy = world.create({ target, timeout: 50 });
      proxy.on('error', () => {}).on('econnreset', () => {});
      const failure = await ask(await world.front(proxy)).catch((error) => error.code);
      return failure;
    },
    expected: 'ECONNRESET',
  },
  {
    title: 'listen serves, and close stops it',
    run: async (world) => {
      const proxy = world.create({ target: await world.echo() });
      proxy.listen(0, '127.0.0.1');
      const server = proxy._server;
      if (server === undefined) throw new Error('no server');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const { url } = await echoed(`http://127.0.0.1:${port}`, '/x');
      await new Promise<void>((resolve) => proxy.close(() => resolve()));
      const failure = await ask(`http://127.0.0.1:${port}`).catch((error) => error.code);
      return [url, failure];
    },
    expected: ['/x', 'ECONNREFUSED'],
  },
];

declareRules(FAILURES);
