import { Readable } from 'node:stream';
import { defineProxy, type Reply, reply } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import { eventually } from '../site.ts';
import { type AnyPhases, nodeTest, post, request, worldTest } from './world.ts';

const MIB = 1024 * 1024;
const BIG = Buffer.alloc(3 * MIB, 'the quick brown fox ');

async function* pieces(): AsyncGenerator<Uint8Array | string> {
  for (const piece of ['one ', Buffer.from('two '), '', 'three']) yield piece;
}

/** A reply → the status, the body, and fields that must be there (or not: undefined). */
const REPLIES: Readonly<
  Record<
    string,
    readonly [() => Reply, number, string | Buffer, Readonly<Record<string, string | undefined>>]
  >
> = {
  text: [
    () => reply(200, 'hello'),
    200,
    'hello',
    { 'content-type': 'text/plain; charset=utf-8', 'content-length': '5' },
  ],
  'text with characters': [() => reply(200, 'häß😀'), 200, 'häß😀', { 'content-length': '9' }],
  'text of another kind': [
    () => reply(418, '<b>', { 'Content-Type': 'text/html' }),
    418,
    '<b>',
    { 'content-type': 'text/html' },
  ],
  nothing: [() => reply(200), 200, '', { 'content-length': '0', 'content-type': undefined }],
  'an empty text': [() => reply(200, ''), 200, '', { 'content-length': '0' }],
  JSON: [
    () => reply.json({ a: ['ä'] }, 201),
    201,
    '{"a":["ä"]}',
    { 'content-type': 'application/json' },
  ],
  'a redirect': [() => reply.redirect('/x', 308), 308, '', { location: '/x' }],
  bytes: [
    () => ({ status: 200, body: Uint8Array.of(1, 2, 255) }),
    200,
    Buffer.of(1, 2, 255),
    { 'content-length': '3', 'content-type': undefined },
  ],
  '3 MiB of bytes': [
    () => ({ status: 200, body: BIG }),
    200,
    BIG,
    { 'content-length': String(BIG.length) },
  ],
  '3 MiB of text': [() => reply(200, BIG.toString()), 200, BIG, {}],
  'a stream': [
    () => ({ status: 200, body: pieces() as AsyncIterable<Uint8Array> }),
    200,
    'one two three',
    { 'transfer-encoding': 'chunked', 'content-length': undefined },
  ],
  'a stream of Node’s with one chunk of 3 MiB': [
    () => ({ status: 200, body: Readable.from([BIG]) }),
    200,
    BIG,
    { 'transfer-encoding': 'chunked' },
  ],
  'an empty stream': [() => ({ status: 200, body: Readable.from([]) }), 200, '', {}],
  '204 with a body': [
    () => reply(204, 'dropped'),
    204,
    '',
    { 'content-length': undefined, 'transfer-encoding': undefined },
  ],
  '304 with a stream': [
    () => ({ status: 304, body: Readable.from(['x']), headers: { etag: '"a"' } }),
    304,
    '',
    { 'content-length': undefined, 'transfer-encoding': undefined, etag: '"a"' },
  ],
};

worldTest('every reply is whole for every client, and the connection goes on', async (t, world) => {
  let proxy = defineProxy();
  const paths = Object.keys(REPLIES).map((_, index) => `/${index}`);
  for (const [index, [make]] of Object.values(REPLIES).entries()) {
    proxy = proxy.route({ exact: `/${index}` }, { requestFilter: make });
  }
  await world.listen(proxy);
  const client = await world.client();
  for (const [index, [name, [, status, body, fields]]] of Object.entries(REPLIES).entries()) {
    client.write(request('GET', paths[index] as string));
    const seen = await client.response();
    t.is(seen.status, status, name);
    t.true(seen.body.equals(Buffer.from(body as string)), `${name}: ${seen.body.length} bytes`);
    for (const [field, value] of Object.entries(fields))
      t.is(fieldOf(seen.head, field), value, name);
    t.is(fieldOf(seen.head, 'connection'), undefined, name);
    client.write(request('HEAD', paths[index] as string));
    const head = await client.response(true);
    t.is(head.status, status, `HEAD: ${name}`);
    const old = await world.ask(`GET ${paths[index]} HTTP/1.0\r\nHost: a.test\r\n\r\n`);
    t.true(old.body.equals(Buffer.from(body as string)), `HTTP/1.0: ${name}`);
    t.is(fieldOf(old.head, 'transfer-encoding'), undefined, `HTTP/1.0: ${name}`);
    t.is(fieldOf(old.head, 'connection'), 'close', `HTTP/1.0: ${name}`);
  }
});

worldTest(
  'a client that reads slowly gets all of a long reply, and little of it waits',
  async (t, world) => {
    let taken = 0;
    async function* much(): AsyncGenerator<Uint8Array> {
      for (; taken < 512; taken += 1) yield Buffer.alloc(64 * 1024, taken % 256);
    }
    await world.listen(defineProxy({ requestFilter: () => ({ status: 200, body: much() }) }));
    const client = await world.client();
    client.socket.pause();
    client.write(request('GET', '/'));
    // What the kernels of both sides take is not ours to know; that it stops is.
    let before = -1;
    await eventually(() => {
      const stopped = taken > 0 && taken === before;
      before = taken;
      return stopped;
    });
    t.true(taken < 500, `${taken} of 512 chunks were taken before the client reads`);
    client.socket.resume();
    const { body } = await client.response();
    t.is(body.length, 512 * 64 * 1024);
  },
);

worldTest('a body that is not read does not stand before the next request', async (t, world) => {
  await world.listen(defineProxy({ requestFilter: () => reply(403, 'no') }));
  const client = await world.client();
  client.write(request('POST', '/', 'Content-Length: 1000000\r\n', 'x'.repeat(70_000)));
  const { status, head } = await client.response();
  t.is(status, 403);
  t.is(fieldOf(head, 'connection'), 'close');
});

worldTest(
  'the stream of a reply is told when its client leaves, or does not want it',
  async (t, world) => {
    const told: string[] = [];
    const source = (name: string): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: Buffer.alloc(10_000) }),
        return: async () => {
          told.push(name);
          return { done: true, value: undefined };
        },
      }),
    });
    const stream = (name: string): AnyPhases => ({
      requestFilter: () => ({ status: 200, body: source(name) }),
    });
    await world.listen(
      defineProxy()
        .route('/gone', stream('gone'))
        .route('/head', stream('head'))
        .route('/bad', {
          ...stream('bad'),
          responseFilter: () => {
            throw new Error('no');
          },
        }),
    );
    const client = await world.client();
    client.write(request('GET', '/gone'));
    await client.head();
    client.reset();
    await world.ask(request('HEAD', '/head'));
    await world.get('/bad');
    await world.settled();
    t.deepEqual(told.sort(), ['bad', 'gone', 'head']);
  },
);

for (const [name, body] of Object.entries({
  'that throws': async function* () {
    yield Buffer.from('x');
    throw new Error('no more');
  },
  'of something else': async function* () {
    yield Buffer.from('x');
    yield 42 as unknown as Uint8Array;
  },
})) {
  nodeTest(`a stream ${name} is a visible cut, logged once`, async (t, world) => {
    const logged: unknown[] = [];
    await world.listen(
      defineProxy({
        requestFilter: () => ({ status: 200, body: body() }),
        logging: (s, error) => void logged.push([s.res?.status, error?.type]),
      }),
    );
    const client = await world.client();
    client.write(request('GET', '/'));
    await client.head();
    const { end, data } = await client.rest();
    t.is(end, 'reset');
    t.notRegex(String(data), /0\r\n\r\n$/);
    await world.settled();
    t.deepEqual(logged, [[200, 'Internal']]);
  });
}

nodeTest('a stream that cannot even begin is a visible cut', async (t, world) => {
  const body = {
    [Symbol.asyncIterator]: (): never => {
      throw new Error('no');
    },
  };
  await world.listen(defineProxy({ requestFilter: () => ({ status: 200, body }) }));
  await t.throwsAsync(world.get('/'));
});

nodeTest('response filters change a reply’s status, reason and fields', async (t, world) => {
  await world.listen(
    defineProxy({
      requestFilter: () => reply(200, 'x', { 'x-a': '1', 'Content-Length': '77' }),
      responseFilter: (_s, response) => {
        response.status = 202;
        response.reason = 'Taken';
        response.headers.delete('x-a').set('x-b', '2');
      },
    }),
  );
  const { head, body } = await world.get('/');
  t.regex(head, /^HTTP\/1\.1 202 Taken\r\n/);
  t.is(fieldOf(head, 'x-a'), undefined);
  t.is(fieldOf(head, 'x-b'), '2');
  t.is(fieldOf(head, 'content-length'), '1');
  t.is(String(body), 'x');
});

nodeTest('replies to requests that were sent ahead come in their order', async (t, world) => {
  await world.listen(
    defineProxy({
      async requestFilter(s) {
        if (s.req.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 20));
        return reply(200, s.req.path);
      },
    }),
  );
  const client = await world.client();
  client.write(request('GET', '/slow') + post('/next', 'body') + request('GET', '/last'));
  const bodies: string[] = [];
  for (let i = 0; i < 2; i += 1) bodies.push(String((await client.response()).body));
  t.deepEqual(bodies, ['/slow', '/next']);
});

nodeTest('a reply has a field for each value of a list, and of pairs', async (t, world) => {
  await world.listen(
    defineProxy()
      .route('/list', { requestFilter: () => reply(200, '', { 'Set-Cookie': ['a=1', 'b=2'] }) })
      .route('/pairs', {
        requestFilter: () => {
          const headers = new Headers({ 'Set-Cookie': 'a=1', 'X-Own': 'y' });
          headers.append('Set-Cookie', 'b=2');
          return reply(200, '', headers);
        },
      }),
  );
  for (const path of ['/list', '/pairs']) {
    const { head } = await world.get(path);
    t.regex(head, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/i, path);
    if (path === '/pairs') t.regex(head, /\r\nx-own: y\r\n/i);
  }
});

nodeTest('statuses that are registered have their phrase', async (t, world) => {
  await world.listen(defineProxy({ requestFilter: (s) => reply(Number(s.req.path.slice(1)), '') }));
  for (const [status, phrase] of [
    [201, 'Created'],
    [303, 'See Other'],
    [407, 'Proxy Authentication Required'],
    [422, 'Unprocessable Content'],
    [429, 'Too Many Requests'],
    [511, 'Network Authentication Required'],
  ] as const) {
    const { head } = await world.get(`/${status}`);
    t.true(head.startsWith(`HTTP/1.1 ${status} ${phrase}\r\n`), head);
  }
});
