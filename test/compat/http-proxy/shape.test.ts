import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type theirs from 'http-proxy';
import httpProxy, {
  createProxy,
  createServer as createProxyAgain,
  createProxyServer,
} from '../../../src/compat/http-proxy/index.ts';
import { ask, echoed, raw, World } from './world.ts';

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

test('all the ways to make a proxy make the same', (t) => {
  const made = [
    createProxy(),
    createProxyServer(),
    createProxyAgain(),
    httpProxy.createProxyServer(),
    new httpProxy.createProxyServer(),
    httpProxy.createServer(),
    httpProxy.createProxy(),
    new httpProxy(),
  ];
  for (const proxy of made) t.true(proxy instanceof httpProxy);
});

test('handlers that are typed for Node and for http-proxy fit', async (t) => {
  const world = worldOf(t);
  const onRequest = (proxyReq: ClientRequest, _req: IncomingMessage, _res: ServerResponse) =>
    void proxyReq.setHeader('x-typed', 'yes');
  const options: theirs.ServerOptions = { target: await world.echo() };
  const proxy = createProxyServer(options).on('proxyReq', onRequest);
  t.is((await echoed(await world.front(proxy))).headers['x-typed'], 'yes');
});

test('without a listener a failure is 502, and the process goes on', async (t) => {
  const world = worldOf(t);
  const proxy = await world.proxy({ target: 'http://127.0.0.1:1' });
  t.is((await ask(proxy)).status, 502);
});

test('a body that is not as long as was said is an error', async (t) => {
  const world = worldOf(t);
  const proxy = world.create({ target: await world.echo() });
  proxy.on('proxyReq', (proxyReq) => void proxyReq.setHeader('content-length', '9'));
  proxy.on('error', (error, _req, res) => {
    if ('setHeader' in res) res.end((error as NodeJS.ErrnoException).code);
  });
  const base = await world.front(proxy);
  for (const body of ['short', 'far too long']) {
    const answer = await ask(base, '/', { method: 'POST', body });
    t.is(answer.body, 'ERR_HTTP_CONTENT_LENGTH_MISMATCH', body);
  }
});

test('a path that would split the request is an error', async (t) => {
  const world = worldOf(t);
  const proxy = world.create({ target: await world.echo() });
  proxy.on('proxyReq', (proxyReq) => {
    proxyReq.path = '/x HTTP/1.1\r\nHost: evil\r\n\r\n';
  });
  proxy.on('error', (error, _req, res) => {
    if ('setHeader' in res) res.end((error as NodeJS.ErrnoException).code);
  });
  t.is((await ask(await world.front(proxy))).body, 'ERR_UNESCAPED_CHARACTERS');
});

test('a handler may give a request up', async (t) => {
  const world = worldOf(t);
  const proxy = world.create({ target: await world.echo() });
  proxy.on('proxyReq', (proxyReq, _req, res) => {
    res.writeHead(403).end('not today');
    proxyReq.destroy();
  });
  const answer = await ask(await world.front(proxy));
  t.deepEqual([answer.status, answer.body], [403, 'not today']);
});

test('what cannot be done as it is asked for is refused', (t) => {
  class OtherAgent extends Agent {}
  t.throws(() => createProxyServer({ followRedirects: true }), { message: /followRedirects/ });
  t.throws(() => createProxyServer({ agent: new OtherAgent() }), { message: /agent/ });
  t.notThrows(() => createProxyServer({ agent: new Agent() }));
  t.throws(() => createProxyServer().before(), { message: /before/ });
  t.throws(() => createProxyServer().after(), { message: /after/ });
});

test('a target that is none is an error, of an upgrade, too', async (t) => {
  const world = worldOf(t);
  const told: string[] = [];
  for (const target of ['null//null', 'http://', { host: '' }, { host: 'a', port: 70_000 }]) {
    const proxy = world.create({ target });
    const base = await world.front(proxy);
    t.is((await ask(base)).status, 502);
    proxy.on('error', (error, _req, res) => {
      told.push(error.name);
      if ('setHeader' in res) res.end('told');
    });
    t.is((await ask(base)).body, 'told');
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    t.is(await raw(base, `GET / HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`), '');
  }
  t.deepEqual(told, Array(8).fill('TypeError'));
});

test('an error that a handler ends the request with is told once', async (t) => {
  const world = worldOf(t);
  const proxy = world.create({ target: await world.echo() });
  const told: string[] = [];
  proxy.on('proxyReq', (proxyReq) => void proxyReq.destroy(new Error('by a handler')));
  proxy.on('error', (error, _req, res) => {
    told.push(error.message);
    if ('setHeader' in res) res.end();
  });
  await ask(await world.front(proxy));
  t.deepEqual(told, ['by a handler']);
});
