import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { worldTest } from '../proxy/framework/world.ts';
import { ask } from './node-client.ts';
import { describing, hashOf, MIB, nodeUpstream, unlikeBytes } from './node-upstream.ts';
import { proxyTo } from './proxy-to.ts';

const LARGE = unlikeBytes(3 * MIB);

worldTest("Node's agent keeps four connections for 200 requests", async (t, world) => {
  const { url, server } = await nodeUpstream(t, describing);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const proxy = await proxyTo(world, url);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => {
      const post = { method: 'POST', body: Buffer.from(String(i)) };
      return ask(`${proxy}/${i}`, { agent, ...(i % 2 === 1 && post) });
    }),
  );
  agent.destroy();
  const asked = answers.map(({ body }) => JSON.parse(String(body)));
  t.deepEqual(
    asked.map(({ method, url: path, bytes }) => [method, path, bytes]),
    asked.map((_, i) => (i % 2 === 0 ? ['GET', `/${i}`, 0] : ['POST', `/${i}`, `${i}`.length])),
  );
  t.is(new Set(answers.map(({ localPort }) => localPort)).size, 4);
  t.true(connections <= 4, `${connections} to the server`);
});

worldTest('requests sent in one write are answered in their order', async (t, world) => {
  const { url } = await nodeUpstream(t, async (request, response) => {
    const body = await text(request);
    // The later ones would be ready first.
    await setTimeout(request.url === '/0' ? 30 : 1);
    if (Number(request.url?.slice(1)) % 3 === 0) response.write(`${request.method} `);
    response.end(`${request.url} ${body};`);
  });
  const socket = connect(Number(new URL(await proxyTo(world, url)).port), '127.0.0.1');
  const wanted: string[] = [];
  let sent = '';
  for (let i = 0; i < 40; i += 1) {
    const body = i % 2 === 0 ? '' : `body ${i}`;
    const last = i === 39 ? 'Connection: close\r\n' : '';
    const framing = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    const method = body === '' ? 'GET' : 'PUT';
    sent += `${method} /${i} HTTP/1.1\r\nHost: a\r\n${framing}${last}\r\n${body}`;
    wanted.push(`/${i} ${body};`);
  }
  socket.write(sent);
  const all = await text(socket);
  t.is(all.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 40);
  t.deepEqual(all.match(/\/\d+ [^;]*;/g), wanted);
});

/** Every way in which Node's server ends a message: path, what it does, what must come. */
const ENDINGS: readonly (readonly [
  path: string,
  answer: (response: ServerResponse) => void,
  status: number,
  body: Buffer,
])[] = [
  ['/length', (r) => r.setHeader('content-length', LARGE.length).end(LARGE), 200, LARGE],
  ['/chunked', chunked, 200, LARGE],
  ['/close', (r) => r.setHeader('connection', 'close').end(LARGE), 200, LARGE],
  ['/until-close', untilClose, 200, LARGE],
  ['/empty', (r) => r.end(), 200, Buffer.alloc(0)],
  ['/204', (r) => r.writeHead(204).end(), 204, Buffer.alloc(0)],
  ['/304', (r) => r.writeHead(304, { etag: '"a"' }).end(), 304, Buffer.alloc(0)],
  ['/404', (r) => r.writeHead(404).end('nothing'), 404, Buffer.from('nothing')],
  ['/trailers', withTrailers, 200, Buffer.from('before the trailers')],
];

function chunked(response: ServerResponse): void {
  for (let at = 0; at < LARGE.length; at += 50_000) response.write(LARGE.subarray(at, at + 50_000));
  response.end();
}

function untilClose(response: ServerResponse): void {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  chunked(response);
}

function withTrailers(response: ServerResponse): void {
  if (response.req.method === 'HEAD') return void response.end(); // Node allows none there.
  response.setHeader('trailer', 'x-sum');
  response.write('before the trailers');
  response.addTrailers({ 'x-sum': '1' });
  response.end();
}

worldTest("whatever way Node's server ends a message, all of it comes", async (t, world) => {
  const { url } = await nodeUpstream(t, (request, response) => {
    ENDINGS.find(([path]) => path === request.url)?.[1](response);
  });
  const proxy = await proxyTo(world, url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 2; round += 1) {
    for (const [path, , status, body] of ENDINGS) {
      const answer = await ask(`${proxy}${path}`, { agent });
      t.is(answer.status, status, path);
      t.true(answer.body.equals(body), `${path}: ${answer.body.length} of ${body.length} bytes`);
      const head = await ask(`${proxy}${path}`, { agent, method: 'HEAD' });
      t.deepEqual([head.status, head.body.length], [status, 0], path);
    }
  }
  agent.destroy();
});

worldTest(
  'interim responses stay here, but for the hints that were asked for',
  async (t, world) => {
    const { url } = await nodeUpstream(t, (_request, response) => {
      response.writeContinue();
      response.writeProcessing();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('final'));
    });
    const plain = await ask(await proxyTo(world, url));
    t.deepEqual([plain.interim, String(plain.body)], [[], 'final']);
    const hinted = await ask(await proxyTo(world, url, { earlyHints: true }));
    t.deepEqual([hinted.interim, String(hinted.body)], [[103], 'final']);
  },
);

worldTest("Node's client that asks before it sends is told to go on", async (t, world) => {
  const { url } = await nodeUpstream(t, describing);
  const headers = { expect: '100-continue', 'content-length': String(LARGE.length) };
  const proxy = await proxyTo(world, url);
  const { body, interim } = await ask(proxy, { method: 'PUT', headers, body: LARGE });
  t.deepEqual(interim, [100]);
  t.like(JSON.parse(String(body)), { bytes: LARGE.length, hash: hashOf(LARGE) });
});

worldTest('each piece of a slow answer comes before the next one is made', async (t, world) => {
  let next: (() => void) | undefined;
  const { url } = await nodeUpstream(t, async (_request, response) => {
    for (let piece = 0; piece < 10; piece += 1) {
      const seen = new Promise<void>((resolve) => {
        next = resolve;
      });
      response.write(`piece ${piece}`);
      await seen;
    }
    response.end();
  });
  const [response] = (await once(get(await proxyTo(world, url)), 'response')) as [IncomingMessage];
  const pieces: string[] = [];
  for await (const piece of response) {
    pieces.push(String(piece));
    next?.();
  }
  t.deepEqual(
    pieces,
    Array.from({ length: 10 }, (_, i) => `piece ${i}`),
  );
});

worldTest('a server that closes idle connections early costs no request', async (t, world) => {
  const { url, server } = await nodeUpstream(t, describing);
  server.keepAliveTimeout = 5;
  const proxy = await proxyTo(world, url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 60; i += 1) {
    t.is((await ask(`${proxy}/${i}`, { agent })).status, 200);
    await setTimeout(i % 10);
  }
  agent.destroy();
});

worldTest('an answer that the server breaks off is seen to be broken', async (t, world) => {
  const { url } = await nodeUpstream(t, (request, response) => {
    if (request.url === '/length') response.setHeader('content-length', 100);
    response.write('part', () => response.destroy());
  });
  const proxy = await proxyTo(world, url);
  for (const path of ['/length', '/chunked']) {
    await t.throwsAsync(ask(`${proxy}${path}`), { code: 'ECONNRESET' });
  }
});

worldTest('fetch sends and gets what it would without a proxy', async (t, world) => {
  const zipped = gzipSync(LARGE);
  const { url } = await nodeUpstream(t, (request, response) => {
    if (request.url === '/echo') request.pipe(response);
    else if (request.url === '/zipped') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(zipped);
    } else if (request.url === '/moved') response.writeHead(302, { location: '/there' }).end();
    else describing(request, response);
  });
  const proxy = await proxyTo(world, url);
  const { length } = LARGE;
  const many = Array.from({ length: 50 }, async (_, i) => (await fetch(`${proxy}/${i}`)).json());
  t.deepEqual(
    (await Promise.all(many)).map((asked) => (asked as { url: string }).url),
    many.map((_, i) => `/${i}`),
  );
  const zippedBody = new Uint8Array(await (await fetch(`${proxy}/zipped`)).arrayBuffer());
  t.is(hashOf(zippedBody), hashOf(LARGE));
  t.like(await (await fetch(`${proxy}/moved`)).json(), { url: '/there' });
  // A stream goes up in chunks, and its echo comes down while it does.
  const body = new Blob([LARGE]).stream();
  const streamed = await fetch(`${proxy}/echo`, { method: 'POST', body, duplex: 'half' });
  t.is(hashOf(new Uint8Array(await streamed.arrayBuffer())), hashOf(LARGE));
  const put = await fetch(`${proxy}/put`, { method: 'PUT', body: LARGE });
  t.like(await put.json(), { method: 'PUT', bytes: length, hash: hashOf(LARGE) });
});

worldTest('fetch that is aborted within a body ends the exchange', async (t, world) => {
  let closed: Promise<unknown[]> | undefined;
  const { url } = await nodeUpstream(t, (_request, response) => {
    closed = once(response, 'close');
    response.write('the beginning');
    const more = setInterval(() => response.write('more'), 5);
    response.on('close', () => clearInterval(more));
  });
  const abort = new AbortController();
  const response = await fetch(await proxyTo(world, url), { signal: abort.signal });
  await response.body?.getReader().read();
  abort.abort();
  await closed;
  t.true(await world.settled());
});
