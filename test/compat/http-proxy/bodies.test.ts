import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createProxyServer } from '../../../src/compat/http-proxy/index.ts';
import { ask, raw, textOf, until, World } from './world.ts';

const worldOf = (t: ExecutionContext) => new World(t, createProxyServer);

/** A server that answers with whatever `answer` writes, once a request's head is there. */
async function rawTarget(
  world: World,
  answer: (socket: Socket, request: string) => void,
): Promise<string> {
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => answer(socket, data.toString('latin1')));
  });
  return `http://127.0.0.1:${await world.open(server)}`;
}

test('the body of a chunked DELETE cannot become a request of its own', async (t) => {
  const world = worldOf(t);
  const requests: string[] = [];
  const target = await world.serve(async (req, res) => {
    requests.push(`${req.method} ${req.url} ${await textOf(req)}`);
    res.end();
  });
  const body = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const head =
    'DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';
  await raw(await world.proxy({ target }), head + chunk);
  t.deepEqual(requests, [`DELETE / ${body}`]);
});

test('an upload of 20 MiB arrives unharmed, with a length and in chunks', async (t) => {
  const world = worldOf(t);
  const target = await world.serve(async (req, res) => {
    const hash = createHash('sha256');
    for await (const data of req) hash.update(data);
    res.end(hash.digest('hex'));
  });
  const proxy = await world.proxy({ target });
  const body = randomBytes(20 << 20);
  const expected = createHash('sha256').update(body).digest('hex');
  for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }] as const) {
    t.is((await ask(proxy, '/', { method: 'POST', headers, body })).body, expected);
  }
});

test('a client that does not read holds the target back', async (t) => {
  const world = worldOf(t);
  let sent = 0;
  const target = await world.serve((_req, res) => {
    const piece = Buffer.alloc(64 << 10);
    const more = () => {
      while (sent < 256 << 20) {
        sent += piece.length;
        if (!res.write(piece)) return;
      }
      res.end();
    };
    res.on('drain', more);
    more();
  });
  const { hostname, port } = new URL(await world.proxy({ target }));
  const client = connect(Number(port), hostname);
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(client, 'readable'); // The first bytes are there, and nobody takes them.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  t.true(sent < 32 << 20, `${sent} bytes were taken`);
  client.destroy();
});

test('a target that does not read holds the client back', async (t) => {
  const world = worldOf(t);
  const server = createServer(() => {}); // The body is never read.
  const target = `http://127.0.0.1:${await world.open(server)}`;
  t.teardown(() => server.closeAllConnections());
  const { hostname, port } = new URL(await world.proxy({ target }));
  const client = connect(Number(port), hostname);
  const piece = Buffer.alloc(64 << 10);
  let sent = 0;
  const more = () => {
    while (sent < 256 << 20) {
      sent += piece.length;
      if (!client.write(piece)) return;
    }
  };
  client.on('drain', more);
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${256 << 20}\r\n\r\n`);
  more();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  t.true(sent < 32 << 20, `${sent} bytes were taken`);
  client.destroy();
});

test('clients that leave in any phase leave nothing open behind', async (t) => {
  const world = worldOf(t);
  const open = new Set<Socket>();
  const server = createServer((req, res) => {
    if (req.url === '/body') res.write('part');
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  t.teardown(() => server.closeAllConnections());
  const proxy = world.create({ target: `http://127.0.0.1:${await world.open(server)}` });
  let left = 0;
  proxy.on('econnreset', () => {
    left += 1;
  });
  const { hostname, port } = new URL(await world.front(proxy));
  const heads = [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart',
    'GET /body HTTP/1.1\r\nHost: a\r\n\r\n',
  ];
  for (let round = 0; round < 20; round += 1) {
    const clients = heads.map((head) => {
      const client: Socket = connect(Number(port), hostname);
      client.on('error', () => {});
      client.write(head);
      return client;
    });
    await once(clients[2] as Socket, 'data');
    for (const client of clients) client.destroy();
  }
  await until(() => open.size === 0 && proxy.connections.open === 0);
  t.is(proxy.connections.idle, 0);
  t.is(left, 60);
});

test('an answer that is cut is seen to be cut', async (t) => {
  const world = worldOf(t);
  const target = await rawTarget(world, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy());
  });
  await t.throwsAsync(ask(await world.proxy({ target })), { code: 'ECONNRESET' });
});

test('an answer with two lengths is refused and not forwarded', async (t) => {
  const world = worldOf(t);
  const target = await rawTarget(world, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab');
  });
  const proxy = world.create({ target });
  let cause: unknown;
  proxy.on('error', (error, _req, res) => {
    cause = error.cause;
    if ('setHeader' in res) res.writeHead(502).end();
  });
  t.is((await ask(await world.front(proxy))).status, 502);
  t.like(cause, { name: 'ProxyError', type: 'ProtocolError', source: 'upstream' });
});

test('a kept connection that proves dead is replaced, and the client sees nothing of it', async (t) => {
  const world = worldOf(t);
  let answered = 0;
  const target = await rawTarget(world, (socket) => {
    answered += 1;
    // The second request on a connection meets its end.
    if (answered === 2) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const proxy = await world.proxy({ target });
  t.is((await ask(proxy)).body, 'ok');
  t.is((await ask(proxy)).body, 'ok');
  t.is(answered, 3);
});

test('a request that may not be repeated is not', async (t) => {
  const world = worldOf(t);
  let answered = 0;
  const target = await rawTarget(world, (socket) => {
    answered += 1;
    if (answered === 2) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const proxy = await world.proxy({ target });
  await ask(proxy);
  t.is((await ask(proxy, '/', { method: 'POST' })).status, 502);
  t.is(answered, 2);
});

test('an answer that comes before the whole request passes, and the client may go on', async (t) => {
  const world = worldOf(t);
  const target = await rawTarget(world, (socket, text) => {
    if (text.startsWith('POST')) socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno');
  });
  const { hostname, port } = new URL(await world.proxy({ target }));
  const client = connect(Number(port), hostname);
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048580\r\n\r\nhalf');
  const [answer] = await once(client, 'data');
  t.regex(String(answer), /^HTTP\/1.1 403 No/);
  client.write(Buffer.alloc(1 << 20));
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  t.regex(await textOf(client), /HTTP\/1.1 403 No/);
});

test('an answer that nobody reads holds no connection', async (t) => {
  const world = worldOf(t);
  const target = await world.serve((_req, res) => res.end(Buffer.alloc(1 << 20)));
  const proxy = world.create({ target, selfHandleResponse: true });
  proxy.on('proxyRes', (_proxyRes, _req, res) => void res.end('own'));
  t.is((await ask(await world.front(proxy))).body, 'own');
  await until(() => proxy.connections.open === 0);
  t.pass();
});

test('a response that a handler destroys ends the request to the target', async (t) => {
  const world = worldOf(t);
  let left = false;
  const target = await world.serve((req, res) => {
    req.socket.once('close', () => {
      left = true;
    });
    res.write('endless');
  });
  const proxy = world.create({ target, selfHandleResponse: true });
  proxy.on('proxyRes', (proxyRes, _req, res) => {
    proxyRes.once('data', () => {
      proxyRes.destroy();
      res.end('own');
    });
  });
  t.is((await ask(await world.front(proxy))).body, 'own');
  await until(() => left);
  t.pass();
});

test('a request that is given up ends with FIN, which is no error to the target', async (t) => {
  const world = worldOf(t);
  const seen: string[] = [];
  const server = createNetServer((socket) => {
    socket.on('error', () => seen.push('error')).on('end', () => seen.push('end'));
    socket.resume();
  });
  const target = `http://127.0.0.1:${await world.open(server)}`;
  t.is((await ask(await world.proxy({ target, proxyTimeout: 50 }))).status, 502);
  await until(() => seen.length > 0);
  t.deepEqual(seen, ['end']);
});

test('whoever handles a response may handle its end, too', async (t) => {
  const world = worldOf(t);
  const target = await rawTarget(world, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', () => socket.destroy());
  });
  const proxy = world.create({ target, selfHandleResponse: true });
  proxy.on('proxyRes', (proxyRes, _req, res) => {
    proxyRes.on('error', () => res.writeHead(502).end('cut')).resume();
  });
  const { status, body } = await ask(await world.front(proxy));
  t.deepEqual([status, body], [502, 'cut']);
});
