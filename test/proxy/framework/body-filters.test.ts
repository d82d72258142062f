import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { definePlugin, defineProxy, reply } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import { eventually } from '../site.ts';
import { answering, ok } from '../upstream.ts';
import { type AnyPhases, chunked, Gate, nodeTest, post, request, worldTest } from './world.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const upper = (chunk: Uint8Array | undefined) =>
  chunk && Buffer.from(text(chunk).toUpperCase(), 'latin1');

const upperLater = async (chunk: Uint8Array | undefined) => {
  await setImmediate();
  return upper(chunk);
};

/** Holds everything back until the end, and gives it reversed. */
function reversing(): AnyPhases['responseBodyFilter'] {
  let held = '';
  return (_s, chunk, end) => {
    held += chunk === undefined ? '' : text(chunk);
    return end ? [Buffer.from([...held].reverse().join('')), Buffer.alloc(0)] : [];
  };
}

/** What filters do → what becomes of 'hello' + ' world'. */
const FILTERS: Readonly<Record<string, readonly [() => AnyPhases['responseBodyFilter'], string]>> =
  {
    nothing: [() => () => undefined, 'hello world'],
    'a new chunk': [() => (_s, chunk) => upper(chunk), 'HELLO WORLD'],
    'a promise of one': [() => (_s, chunk) => upperLater(chunk), 'HELLO WORLD'],
    'a list, empty chunks in it': [
      () => (_s, chunk) => chunk && [Buffer.from('<'), Buffer.alloc(0), chunk, Buffer.from('>')],
      '<hello>< world>',
    ],
    'something at the end': [
      () => (_s, _chunk, end) => (end ? Buffer.from('!') : undefined),
      'hello world!',
    ],
    'nothing before the end': [reversing, 'dlrow olleh'],
    'nothing at all': [() => () => [], ''],
  };

for (const [name, [make, wanted]] of Object.entries(FILTERS)) {
  worldTest(`a response body filter that gives ${name}`, async (t, world) => {
    const url = await world.upstream(async (peer) => {
      while ((await peer.head()) !== undefined) {
        peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
        await setImmediate();
        peer.write('6\r\n world\r\n0\r\n\r\n');
      }
    });
    await world.listen(
      defineProxy({ upstreamPeer: () => url, responseBodyFilter: make() as never }),
    );
    const { body, head } = await world.get('/');
    t.regex(
      text(body),
      name.startsWith('a list') ? /^<hello.* world>$/ : new RegExp(`^${wanted}$`),
    );
    t.is(fieldOf(head, 'content-length'), undefined);
  });

  worldTest(`a request body filter that gives ${name}`, async (t, world) => {
    const { url, recorder } = await world.recorder();
    await world.listen(
      defineProxy({ upstreamPeer: () => url, requestBodyFilter: make() as never }),
    );
    await world.ask(chunked('/', 'hello', ' world'));
    const [got] = recorder.requests;
    t.regex(
      got?.body ?? '',
      name.startsWith('a list') ? /^<hello.* world>$/ : new RegExp(`^${wanted}$`),
    );
    t.true(got?.fields.includes('Transfer-Encoding: chunked'));
  });
}

nodeTest(
  'several filters: each sees what the one before it made, and one end',
  async (t, world) => {
    const seen: string[] = [];
    const tag = (name: string, later: boolean): AnyPhases => ({
      responseBodyFilter: (_s, chunk, end) => {
        seen.push(`${name} ${chunk === undefined ? '-' : text(chunk)} ${end}`);
        const made = chunk === undefined ? undefined : Buffer.concat([chunk, Buffer.from(name)]);
        return later ? setImmediate(made) : made;
      },
    });
    const url = await world.upstream(answering(() => ok('x')));
    await world.listen(
      defineProxy({ upstreamPeer: () => url, ...tag('a', true) })
        .use(definePlugin({ name: 'b', phases: tag('b', false) }))
        .route('/', tag('c', true)),
    );
    t.is(text((await world.get('/')).body), 'xcba');
    t.deepEqual(seen, [
      'c x false',
      'b xc false',
      'a xcb false',
      'c - true',
      'b - true',
      'a - true',
    ]);
  },
);

nodeTest('the framing is ours: no length, no digests, a weak tag', async (t, world) => {
  const fields =
    'ETag: "abc"\r\nAccept-Ranges: bytes\r\nContent-MD5: x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX: y\r\n';
  const url = await world.upstream(
    answering((head) => (head.startsWith('HEAD') ? ok('', fields) : ok('body', fields))),
  );
  await world.listen(
    defineProxy({ upstreamPeer: () => url }).route('/filtered', {
      responseBodyFilter: (_s, chunk) => upper(chunk),
    }),
  );
  const filtered = (await world.get('/filtered')).head;
  for (const gone of [
    'content-length',
    'accept-ranges',
    'content-md5',
    'content-digest',
    'repr-digest',
  ]) {
    t.is(fieldOf(filtered, gone), undefined, gone);
  }
  t.is(fieldOf(filtered, 'etag'), 'W/"abc"');
  t.is(fieldOf(filtered, 'transfer-encoding'), 'chunked');
  const head = (await world.ask(request('HEAD', '/filtered'))).head;
  t.is(fieldOf(head, 'content-length'), undefined, 'HEAD says what GET would');
  t.is(fieldOf(head, 'etag'), 'W/"abc"');
  const old = await world.ask('GET /filtered HTTP/1.0\r\nHost: a\r\n\r\n');
  t.is(text(old.body), 'BODY', 'an HTTP/1.0 client reads to the end of the connection');
  t.is(fieldOf(old.head, 'transfer-encoding'), undefined);
});

nodeTest(
  'filters are not called where there is no body, and the end comes once',
  async (t, world) => {
    const calls: string[] = [];
    const url = await world.upstream(
      answering((head) => {
        if (head.startsWith('HEAD')) return ok('', 'X: y\r\n').replace(': 0', ': 7');
        if (head.includes('/204')) return 'HTTP/1.1 204 No Content\r\n\r\n';
        if (head.includes('/304')) return 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n';
        return ok('');
      }),
    );
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        requestBodyFilter: (s, chunk, end) =>
          void calls.push(`up ${s.req.path} ${chunk?.length} ${end}`),
        responseBodyFilter: (s, chunk, end) =>
          void calls.push(`down ${s.req.path} ${chunk?.length} ${end}`),
      }),
    );
    const client = await world.client();
    for (const [method, path] of [
      ['HEAD', '/'],
      ['GET', '/204'],
      ['GET', '/304'],
      ['GET', '/empty'],
    ] as const) {
      client.write(request(method, path));
      await client.response(method === 'HEAD');
    }
    client.write(chunked('/chunked'));
    await client.response();
    t.deepEqual(calls, [
      'down /empty undefined true',
      'up /chunked undefined true',
      'down /chunked undefined true',
    ]);
  },
);

nodeTest('a filter’s chunk stays as it is, for as long as somebody keeps it', async (t, world) => {
  const kept: Uint8Array[] = [];
  const url = await world.upstream(async (peer) => {
    while ((await peer.head()) !== undefined) {
      peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 50; i += 1) {
        peer.write(`5\r\n${String(i).padStart(5)}\r\n`);
        await setImmediate();
      }
      peer.write('0\r\n\r\n');
    }
  });
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      responseBodyFilter: (_s, chunk) => {
        if (chunk !== undefined) kept.push(chunk);
        return undefined;
      },
    }),
  );
  const { body } = await world.get('/');
  t.is(Buffer.concat(kept).toString(), text(body));
});

const FAT = Buffer.alloc(3_000_000, 'fat ');

worldTest(
  'a filter may make much of little: all of it comes, as the client reads',
  async (t, world) => {
    const url = await world.upstream(answering(() => ok('x')));
    await world.listen(
      defineProxy({ upstreamPeer: () => url, responseBodyFilter: (_s, chunk) => chunk && FAT }),
    );
    const { body } = await world.get('/');
    t.true(body.equals(FAT));
    const { url: to, recorder } = await world.recorder();
    await world.listen(
      defineProxy({ upstreamPeer: () => to, requestBodyFilter: (_s, chunk) => chunk && FAT }),
    );
    await world.running.replace(
      defineProxy({ upstreamPeer: () => to, requestBodyFilter: (_s, chunk) => chunk && FAT }),
    );
    await world.ask(post('/', 'x'));
    t.is(recorder.requests[0]?.body.length, FAT.length);
  },
);

worldTest(
  'back-pressure goes through filters: a client that does not read stops the server',
  async (t, world) => {
    let filtered = 0;
    const total = 64 * 1024 * 1024;
    const url = await world.upstream(async (peer) => {
      if ((await peer.head()) === undefined) return;
      peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      for (let sent = 0; sent < total; sent += 1024 * 1024) {
        if (!peer.socket.write(Buffer.alloc(1024 * 1024))) {
          await new Promise((resolve) => peer.socket.once('drain', resolve));
        }
      }
    });
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        responseBodyFilter: async (_s, chunk) => {
          filtered += chunk?.length ?? 0;
          await setImmediate();
          return chunk;
        },
      }),
    );
    const client = await world.client();
    client.socket.pause();
    client.write(request('GET', '/'));
    let before = -1;
    let same = 0;
    await eventually(() => {
      same = filtered > 0 && filtered === before ? same + 1 : 0;
      before = filtered;
      return same === 50;
    });
    t.true(filtered < total / 2, `${filtered} bytes were filtered before the client reads`);
    client.socket.resume();
    t.is((await client.response()).body.length, total);
  },
);

nodeTest('a slow request filter stops the client, and loses nothing', async (t, world) => {
  const { url, recorder } = await world.recorder();
  const gate = new Gate();
  let first = true;
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      async requestBodyFilter(_s, chunk) {
        if (first) {
          first = false;
          await gate.pass();
        }
        return chunk;
      },
    }),
  );
  const body = Buffer.alloc(900_000, 'abcdefg').toString();
  const client = await world.client();
  client.write(post('/', body));
  await gate.reached;
  for (let i = 0; i < 20; i += 1) await setImmediate();
  gate.open();
  t.is((await client.response()).status, 200);
  t.is(recorder.requests[0]?.body, body);
});

nodeTest(
  'a status that has no body drops it, and one that has gets an empty one',
  async (t, world) => {
    const url = await world.upstream(
      answering((head) =>
        head.includes('/none')
          ? 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'
          : ok('body'),
      ),
    );
    const to = (status: number): AnyPhases => ({
      responseFilter: (_s, response) => void Object.assign(response, { status }),
    });
    await world.listen(
      defineProxy({ upstreamPeer: () => url })
        .route('/204', to(204))
        .route('/none', to(200))
        .route('/', {}),
    );
    const client = await world.client();
    client.write(request('GET', '/204'));
    const none = await client.response();
    t.is(none.status, 204);
    t.is(fieldOf(none.head, 'content-length'), undefined);
    client.write(request('GET', '/none'));
    const empty = await client.response();
    t.is(`${empty.status} ${text(empty.body)}`, '200 ');
    t.is(fieldOf(empty.head, 'content-length'), '0');
    client.write(request('GET', '/'));
    t.is(text((await client.response()).body), 'body');
  },
);

nodeTest('a HEAD that goes up as GET, and a GET as HEAD, keep their framing', async (t, world) => {
  const { url, recorder } = await world.recorder();
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      upstreamRequestFilter: (s, up) => {
        up.method = s.req.method === 'HEAD' ? 'GET' : 'HEAD';
      },
    }),
  );
  const client = await world.client();
  client.write(request('HEAD', '/'));
  t.is((await client.response(true)).status, 200);
  client.write(request('GET', '/'));
  t.is(text((await client.response()).body), '');
  client.write(request('HEAD', '/'));
  t.is((await client.response(true)).status, 200);
  t.deepEqual(
    recorder.requests.map(({ first }) => first.split(' ')[0]),
    ['GET', 'HEAD', 'GET'],
  );
});

nodeTest('filters change the body of a reply, too', async (t, world) => {
  await world.listen(
    defineProxy({
      requestFilter: (s) => reply(s.req.path === '/204' ? 204 : 200, 'hello', { etag: '"x"' }),
      responseBodyFilter: (_s, chunk) => upperLater(chunk),
    }),
  );
  const { head, body } = await world.get('/');
  t.is(text(body), 'HELLO');
  t.is(fieldOf(head, 'etag'), 'W/"x"');
  t.is((await world.get('/204')).status, 204);
});

test('what is promised to filters does not depend on where a body is split', async (t) => {
  const { BodyPipe } = await import('../../../src/proxy/framework/body-pipe.ts');
  for (let at = 0; at <= 5; at += 1) {
    const got: string[] = [];
    const loop = { post: () => false } as never;
    const owner = {
      filtered: (bytes: Uint8Array) => got.push(text(bytes)) > 0,
      filteredAll: () => void got.push('end'),
      filterWaits: () => {},
      filterFailed: () => void got.push('failed'),
    };
    const pipe = new BodyPipe(
      [(_s: object, chunk?: Uint8Array) => upper(chunk)] as never,
      {},
      owner,
      loop,
    );
    for (const part of ['hello'.slice(0, at), 'hello'.slice(at)]) {
      if (part !== '') pipe.push(Buffer.from(part));
    }
    pipe.push(undefined);
    t.is(got.join(''), 'HELLOend');
  }
});

test('a line of 4096 chunks waits for a filter; one more is a failure', async (t) => {
  const { BodyPipe, CHUNKS_MAX } = await import('../../../src/proxy/framework/body-pipe.ts');
  const failures: unknown[] = [];
  const owner = {
    filtered: () => true,
    filteredAll: () => {},
    filterWaits: () => {},
    filterFailed: (error: unknown) => void failures.push(error),
  };
  const never = () => new Promise<never>(() => {});
  const pipe = new BodyPipe([never] as never, {}, owner, { post: () => false } as never);
  for (let i = 0; i <= CHUNKS_MAX; i += 1) pipe.push(Buffer.from('x'));
  t.deepEqual(failures, [], 'one is with the filter, and 4096 wait');
  pipe.push(Buffer.from('x'));
  t.regex(String(failures[0]), /over 4096 chunks/);
});
