import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import test from 'ava';
import { WebSocket, WebSocketServer } from 'ws';
import type { ServerOptions } from '../../../src/compat/http-proxy/index.ts';
import { declareRules, type Rule } from './rule.ts';
import { ask, IMPLEMENTATIONS, pick, raw, until, World } from './world.ts';

/** A target that sends every message back, and says what it was asked for. */
async function echoServer(world: World): Promise<{ url: string; asked: IncomingMessage[] }> {
  const server = createServer();
  const asked: IncomingMessage[] = [];
  const sockets = new WebSocketServer({ server, maxPayload: 64 << 20 });
  sockets.on('connection', (socket, req) => {
    asked.push(req);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return { url: `http://127.0.0.1:${await world.open(server)}`, asked };
}

async function opened(base: string, path = '/', protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(base.replace('http', 'ws') + path, protocols);
  await once(socket, 'open');
  return socket;
}

async function replied(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  const reply = once(socket, 'message');
  socket.send(message);
  const [data] = (await reply) as [Buffer];
  return data;
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

const RULES: readonly Rule[] = [
  {
    title: 'messages go both ways, and the closing code comes through',
    run: async (world) => {
      const { url } = await echoServer(world);
      const client = await opened(await world.proxy({ target: url.replace('http', 'ws') }));
      const text = (await replied(client, 'hello')).toString();
      client.close(4001, 'bye');
      const [code] = await once(client, 'close');
      return [text, code];
    },
    expected: ['hello', 4001],
  },
  {
    title: 'a message of 10 MiB comes back unharmed',
    run: async (world) => {
      const { url } = await echoServer(world);
      const client = await opened(await world.proxy({ target: url }));
      const message = randomBytes(10 << 20);
      const same = (await replied(client, message)).equals(message);
      client.terminate();
      return same;
    },
    expected: true,
  },
  {
    title: 'path, subprotocol and forwarding fields arrive',
    run: async (world) => {
      const { url, asked } = await echoServer(world);
      const options: ServerOptions = { target: `${url}/base`, xfwd: true, headers: { 'x-a': '1' } };
      const client = await opened(await world.proxy(options), '/x?y', ['one', 'two']);
      const [req] = asked as [IncomingMessage];
      client.terminate();
      const names = ['sec-websocket-protocol', 'x-forwarded-for', 'x-forwarded-proto', 'x-a'];
      return [client.protocol, req.url, ...pick(req.headers, ...names)];
    },
    expected: ['one', '/base/x?y', 'one,two', '127.0.0.1', 'ws', '1'],
  },
  {
    title: 'proxyReqWs, open and close are told',
    run: async (world) => {
      const { url, asked } = await echoServer(world);
      const proxy = world.create({ target: url });
      const seen: string[] = [];
      proxy.on('proxyReqWs', (proxyReq, req, socket, _options, head) => {
        proxyReq.setHeader('x-set', 'yes');
        seen.push(`proxyReqWs ${req.url} ${socket.readable} ${head.length}`);
      });
      proxy.on('open', (proxySocket) => seen.push(`open ${proxySocket.writable}`));
      proxy.on('close', (proxyRes) => seen.push(`close ${proxyRes.statusCode}`));
      const client = await opened(await world.front(proxy), '/x');
      await replied(client, 'x');
      client.close();
      await until(() => seen.length === 3);
      return [...seen, asked[0]?.headers['x-set']];
    },
    expected: ['proxyReqWs /x true 0', 'open true', 'close 101', 'yes'],
  },
  {
    title: 'listen with ws proxies upgrades',
    run: async (world) => {
      const { url } = await echoServer(world);
      const proxy = world.create({ target: url, ws: true }).listen(0, '127.0.0.1');
      const server = proxy._server as NonNullable<typeof proxy._server>;
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const client = await opened(`http://127.0.0.1:${port}`);
      const text = (await replied(client, 'hello')).toString();
      client.terminate();
      proxy.close();
      return text;
    },
    expected: 'hello',
  },
  {
    title: 'a target that refuses the upgrade is heard',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.writeHead(401, { 'X-Why': 'no', 'Content-Length': 4 }).end('stop');
      });
      const proxy = await world.proxy({ target });
      const answer = await raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
      const [head = '', body] = answer.split('\r\n\r\n');
      return [head.split('\r\n')[0], /x-why: no/i.test(head), body];
    },
    expected: ['HTTP/1.1 401 Unauthorized', true, 'stop'],
  },
  {
    title: 'an upgrade to nothing is an error with the socket, which is ended',
    run: async (world) => {
      const proxy = world.create({ target: 'http://127.0.0.1:1' });
      let told = '';
      proxy.on('error', (error, req, socket) => {
        told = `${(error as NodeJS.ErrnoException).code} ${req.url} ${'write' in socket}`;
      });
      const base = await world.front(proxy);
      const answer = await raw(base, `GET /x HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
      return [told, answer];
    },
    expected: ['ECONNREFUSED /x true', ''],
  },
  {
    title: 'an upgrade to something else than WebSocket is cut',
    run: async (world) => {
      const proxy = await world.proxy({ target: 'http://127.0.0.1:1' });
      const other = UPGRADE.replace('websocket', 'other');
      return raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${other}\r\n`);
    },
    expected: '',
  },
  {
    title: 'what the client sends right behind its upgrade arrives',
    run: async (world) => {
      const server = createServer();
      server.on('upgrade', (_req, socket: Socket, head: Buffer) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n');
        socket.write('Upgrade: websocket\r\n\r\n');
        if (head.length > 0) socket.unshift(head);
        socket.once('data', (data) => socket.end(`got ${data}`));
      });
      const target = `http://127.0.0.1:${await world.open(server)}`;
      const proxy = await world.proxy({ target });
      const answer = await raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\nearly`);
      return answer.slice(answer.indexOf('\r\n\r\n') + 4);
    },
    expected: 'got early',
  },
];

declareRules(RULES);

const [[, create] = []] = IMPLEMENTATIONS;

test('when the client of a tunnel is gone without a word, the target hears of it', async (t) => {
  t.timeout(10_000);
  const world = new World(t, create as NonNullable<typeof create>);
  const server = createServer();
  let target: Socket | undefined;
  server.on('upgrade', (_req, socket: Socket) => {
    target = socket;
    socket.on('error', () => {}).resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n');
    socket.write('Upgrade: websocket\r\n\r\n');
  });
  const proxy = await world.proxy({ target: `http://127.0.0.1:${await world.open(server)}` });
  const { hostname, port } = new URL(proxy);
  const client = connect(Number(port), hostname);
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
  await once(client, 'data');
  client.resetAndDestroy();
  await until(() => target?.destroyed === true || target?.readableEnded === true);
  t.pass();
});

test('a chunked refusal of an upgrade is framed by the end of the connection', async (t) => {
  const world = new World(t, create as NonNullable<typeof create>);
  const target = await world.serve((_req, res) => {
    res.writeHead(403);
    res.write('in ');
    res.end('chunks');
  });
  const proxy = await world.proxy({ target });
  const answer = await raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
  t.notRegex(answer, /transfer-encoding/i);
  t.is(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'in chunks');
});

test('a refusal of an upgrade that is cut is seen to be cut', async (t) => {
  const world = new World(t, create as NonNullable<typeof create>);
  const target = await world.serve((req, res) => {
    res.writeHead(403);
    res.write('in chun', () => req.socket.destroy());
  });
  const proxy = await world.proxy({ target });
  const answer = raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`);
  await t.throwsAsync(answer, { code: 'ECONNRESET' });
});

test('without a listener a failed upgrade ends the client and nothing else', async (t) => {
  const world = new World(t, create as NonNullable<typeof create>);
  const proxy = await world.proxy({ target: 'http://127.0.0.1:1' });
  t.is(await raw(proxy, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`), '');
  t.is((await ask(proxy)).status, 502);
});
