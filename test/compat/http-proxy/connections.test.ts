import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createNetServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import theirs from 'http-proxy';
import { DESTINATIONS_MAX } from '../../../src/compat/http-proxy/connections.ts';
import { createProxyServer } from '../../../src/compat/http-proxy/index.ts';
import { ask, textOf, until, World } from './world.ts';

const worldOf = (t: ExecutionContext) => new World(t, createProxyServer);

/** A server that answers with whatever `answer` writes, once a request's head is there. */
async function _rawTarget(
  world: World,
  answer: (socket: Socket, request: string) => void,
): Promise<string> {
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => answer(socket, data.toString('latin1')));
  });
  return `http://127.0.0.1:${await world.open(server)}`;
}

test('connections to a target are used again, and http-proxy opens one for each request', async (t) => {
  const world = worldOf(t);
  const ports = new Set<number | undefined>();
  const target = await world.serve((req, res) => {
    ports.add(req.socket.remotePort);
    res.end('x');
  });
  const proxy = world.create({ target });
  const base = await world.front(proxy);
  for (let i = 0; i < 5; i += 1) await ask(base);
  t.is(ports.size, 1);
  t.like(proxy.connections.counters, { hits: 4, misses: 1 });
  ports.clear();
  const other = await new World(t, theirs.createProxyServer as never).proxy({ target });
  for (let i = 0; i < 5; i += 1) await ask(other);
  t.is(ports.size, 5);
});

test('agent: false opens a connection for each request and says that it closes', async (t) => {
  const world = worldOf(t);
  const seen: string[] = [];
  const target = await world.serve((req, res) => {
    seen.push(`${req.headers.connection} ${req.socket.remotePort}`);
    res.end();
  });
  const proxy = await world.proxy({ target, agent: false });
  await ask(proxy);
  await ask(proxy);
  t.is(new Set(seen).size, 2);
  t.true(seen.every((line) => line.startsWith('close ')));
});

test('the client keeps its connection, whatever the target does with its own', async (t) => {
  const world = worldOf(t);
  const target = await world.serve((_req, res) => {
    res.setHeader('Connection', 'close');
    res.end('x');
  });
  const { hostname, port } = new URL(await world.proxy({ target }));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const sockets = new Set<unknown>();
  for (let i = 0; i < 3; i += 1) {
    const outgoing = request({ hostname, port, agent }).end();
    const [res] = (await once(outgoing, 'response')) as [IncomingMessage];
    sockets.add(outgoing.socket);
    await textOf(res);
  }
  t.is(sockets.size, 1);
});

test('fields for one connection are not forwarded, in either direction', async (t) => {
  const world = worldOf(t);
  const target = await world.serve((req, res) => {
    res.setHeader('Connection', 'x-hop');
    res.setHeader('X-Hop', '1');
    res.setHeader('Keep-Alive', 'timeout=9');
    res.end(JSON.stringify(Object.keys(req.headers)));
  });
  const headers = { Connection: 'close, X-Mine', 'X-Mine': '1', TE: 'trailers', 'X-Kept': '1' };
  const answer = await ask(await world.proxy({ target }), '/', { headers });
  t.deepEqual(JSON.parse(answer.body).toSorted(), ['host', 'x-kept']);
  t.is(answer.headers['x-hop'], undefined);
  t.not(answer.headers['keep-alive'], 'timeout=9');
});

test(`the connections of ${DESTINATIONS_MAX} destinations are kept, of one more not`, async (t) => {
  const world = worldOf(t);
  const target = await world.serve((_req, res) => res.end());
  const proxy = world.create({ target });
  const base = await world.serve((req, res) => {
    // What is asked for on different terms is another destination.
    proxy.web(req, res, { proxyTimeout: 10_000 + Number(req.url?.slice(1)) });
  });
  t.teardown(() => proxy.close());
  const idle = () => proxy.connections.idle;
  for (let i = 0; i < DESTINATIONS_MAX; i += 1) await ask(base, `/${i}`);
  await until(() => proxy.connections.counters?.kept === DESTINATIONS_MAX);
  await ask(base, '/0');
  t.is(proxy.connections.counters?.hits, 1);
  await ask(base, `/${DESTINATIONS_MAX}`);
  await until(() => proxy.connections.counters?.kept === DESTINATIONS_MAX + 2);
  t.is(idle(), DESTINATIONS_MAX);
  await ask(base, '/0');
  t.is(proxy.connections.counters?.hits, 2, 'the one used last stays');
  await ask(base, '/1');
  t.is(proxy.connections.counters?.hits, 2, 'the one used longest ago has gone');
});

test('a front of HTTP/2 works, too', async (t) => {
  const world = worldOf(t);
  const proxy = world.create({ target: await world.echo() });
  t.teardown(() => proxy.close());
  const server = createHttp2Server((req, res) =>
    proxy.web(req as unknown as IncomingMessage, res as unknown as ServerResponse),
  );
  const port = await world.open(server);
  const client = connectHttp2(`http://127.0.0.1:${port}`);
  t.teardown(() => client.destroy());
  const stream = client.request({ ':method': 'POST', ':path': '/x', 'x-one': '1' });
  stream.end('hello');
  const { method, url, headers, body } = JSON.parse(await textOf(stream));
  t.deepEqual([method, url, body], ['POST', '/x', 'hello']);
  t.is(headers.host, `127.0.0.1:${port}`);
  t.is(headers['x-one'], '1');
});

test('a UNIX socket is a target', async (t) => {
  t.teardown(() => {});
  if (process.platform === 'win32') {
    t.log('skipped: no UNIX sockets');
    t.pass();
    return;
  }
  const { mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const directory = await mkdtemp(`${tmpdir()}/sluice-`);
  t.teardown(() => rm(directory, { recursive: true }));
  const socketPath = `${directory}/s`;
  const server = createServer((_req, res) => res.end('by a path'));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  t.is((await ask(await worldOf(t).proxy({ target: { socketPath } }))).body, 'by a path');
});

test('idle connections do not keep a process alive', async (t) => {
  const world = worldOf(t);
  const target = await world.serve((_req, res) => res.end('x'));
  const index = new URL('../../../src/compat/http-proxy/index.js', import.meta.url);
  const program = `
    import { createServer, get } from 'node:http';
    import { createProxyServer } from ${JSON.stringify(index.href)};
    const proxy = createProxyServer({ target: ${JSON.stringify(target)} });
    const server = createServer((req, res) => proxy.web(req, res)).listen(0, '127.0.0.1', () => {
      get({ port: server.address().port, host: '127.0.0.1', agent: false }, (res) => {
        res.resume().on('end', () => { server.close(); console.log(proxy.connections.idle); });
      });
    });`;
  const { execFile } = await import('node:child_process');
  const started = performance.now();
  const args = ['--input-type=module', '-e', program];
  const output = await new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  t.is(output, '1\n');
  t.true(performance.now() - started < 3_500, 'it did not wait for the idle deadline of 4 s');
});
