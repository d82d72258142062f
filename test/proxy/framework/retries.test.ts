import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { defineProxy, reply, upstream } from '../../../src/proxy/framework/index.ts';
import type { ProxyError } from '../../../src/proxy/proxy-error.ts';
import { closedPort, ok, type Script } from '../upstream.ts';
import { type AnyPhases, chunked, Gate, nodeTest, post, request, worldTest } from './world.ts';

/** Reads a whole request, and resets instead of an answer. */
const resetting: Script = async (peer) => {
  const head = await peer.head();
  const length = /Content-Length: (\d+)/.exec(head ?? '')?.[1];
  if (length !== undefined) await peer.take(Number(length));
  peer.reset();
};

type Row = {
  readonly ask: string;
  readonly phases?: AnyPhases;
  /** Attempts that are made, and what the client sees. */
  readonly attempts: number;
  readonly status: number;
};

const again: AnyPhases = { errorWhileProxy: () => ({ retry: true }) };
const never: AnyPhases = { errorWhileProxy: () => ({ retry: false }) };
const keep: AnyPhases = {
  requestFilter: async (s) => {
    await s.bufferRequestBody(100);
    return undefined;
  },
};

/** A server that resets every request: who may repeat it, and how often. */
const RESETS: Readonly<Record<string, Row>> = {
  'a GET is repeated': { ask: request('GET', '/'), attempts: 3, status: 502 },
  'a handler may forbid it': { ask: request('GET', '/'), phases: never, attempts: 1, status: 502 },
  'a handler cannot have more tries than there are': {
    ask: request('GET', '/'),
    phases: again,
    attempts: 3,
    status: 502,
  },
  'a handler that says nothing leaves it to the engine': {
    ask: request('GET', '/'),
    phases: { errorWhileProxy: () => undefined },
    attempts: 3,
    status: 502,
  },
  'a POST without a body is not repeated': {
    ask: request('POST', '/', 'Content-Length: 0\r\n'),
    attempts: 1,
    status: 502,
  },
  'a handler may repeat a POST that was not idempotent': {
    ask: request('POST', '/', 'Content-Length: 0\r\n'),
    phases: again,
    attempts: 3,
    status: 502,
  },
  'a body that was sent and not kept is never repeated': {
    ask: post('/', 'hello').replace('POST', 'PUT'),
    phases: again,
    attempts: 1,
    status: 502,
  },
  'a body that a filter holds is never repeated': {
    ask: post('/', 'hello').replace('POST', 'PUT'),
    phases: { ...again, requestBodyFilter: (_s, _chunk, end) => (end ? undefined : []) },
    attempts: 1,
    status: 502,
  },
  'a body that was kept is repeated': {
    ask: post('/', 'hello').replace('POST', 'PUT'),
    phases: keep,
    attempts: 3,
    status: 502,
  },
  'a POST whose body was kept is repeated where a handler says so': {
    ask: post('/', 'hello'),
    phases: { ...keep, ...again },
    attempts: 3,
    status: 502,
  },
  'the method that goes up counts, not the one that came': {
    ask: request('GET', '/'),
    phases: { upstreamRequestFilter: (_s, up) => void Object.assign(up, { method: 'PATCH' }) },
    attempts: 1,
    status: 502,
  },
};

for (const [name, row] of Object.entries(RESETS)) {
  worldTest(`a server that resets: ${name}`, async (t, world) => {
    const url = await world.upstream(resetting);
    let errors = 0;
    let attempts = 0;
    // A group of several servers, so that tries are not bounded by their number.
    const servers = [
      url,
      await world.upstream(resetting),
      await world.upstream(resetting),
      await world.upstream(resetting),
    ];
    const group = upstream('group', { servers });
    await world.listen(
      defineProxy({
        upstreamPeer: () => group,
        logging: (s, error) => {
          attempts = s.attempts;
          errors += error === undefined ? 0 : 1;
        },
      }).route('/', row.phases ?? {}),
    );
    t.is((await world.ask(row.ask)).status, row.status);
    await world.settled();
    t.is(attempts, row.attempts);
    t.is(errors, 1);
  });
}

nodeTest(
  'peers that a handler names anew each time have no more tries, either',
  async (t, world) => {
    const urls: string[] = [];
    for (let i = 0; i < 6; i += 1) urls.push(`http://127.0.0.1:${(await closedPort()).port}`);
    let tried: readonly unknown[] = [];
    await world.listen(
      defineProxy({
        upstreamPeer: (s) => urls[s.attempts] as string,
        failToConnect: () => ({ retry: true }),
        logging: (s) => {
          tried = s.tried;
        },
      }),
    );
    t.is((await world.get('/')).status, 502);
    await world.settled();
    t.is(tried.length, 3);
  },
);

nodeTest(
  'a repeated request goes through upstreamPeer, connected and upstreamRequestFilter anew',
  async (t, world) => {
    const bad = await world.upstream(resetting);
    const { url, recorder } = await world.recorder();
    const notes: string[] = [];
    await world.listen(
      defineProxy({
        requestFilter: async (s) => {
          await s.bufferRequestBody(1_000);
          return undefined;
        },
        upstreamPeer: (s) => {
          notes.push(`peer ${s.attempts}`);
          return s.attempts === 0 ? bad : url;
        },
        connected: (_s, { reused }) => void notes.push(`connected ${reused}`),
        upstreamRequestFilter: (s, up) => {
          up.headers.append('x-attempt', String(s.attempts));
        },
        requestBodyFilter: (_s, chunk, end) => {
          notes.push(`body ${chunk?.length} ${end}`);
          return chunk && Buffer.from('<hello>');
        },
        errorWhileProxy: (_s, error) => {
          notes.push(`${error.type} ${error.source} ${error.requestBytesSent > 100}`);
          return { retry: true };
        },
      }),
    );
    t.is((await world.ask(post('/', 'hello'))).status, 200);
    t.deepEqual(notes, [
      'body 5 false',
      'body undefined true',
      'peer 0',
      'connected false',
      'ConnectionClosed upstream true',
      'peer 1',
      'connected false',
    ]);
    t.is(recorder.requests[0]?.body, '<hello>', 'filters see each byte once');
    t.true(recorder.requests[0]?.fields.includes('x-attempt: 2'));
    t.false(recorder.requests[0]?.fields.includes('x-attempt: 1'), 'a fresh copy of the head');
    t.true(recorder.requests[0]?.fields.includes('Content-Length: 7'));
  },
);

nodeTest('delayMs passes before the next attempt', async (t, world) => {
  const { port } = await closedPort();
  const { url } = await world.recorder();
  const at: number[] = [];
  await world.listen(
    defineProxy({
      upstreamPeer: (s) => {
        at.push(performance.now());
        return s.attempts === 0 ? `http://127.0.0.1:${port}` : url;
      },
      failToConnect: () => ({ retry: true, delayMs: 60 }),
    }),
  );
  t.is((await world.get('/')).status, 200);
  t.true((at[1] as number) - (at[0] as number) >= 50);
});

nodeTest('a client that leaves during delayMs ends it', async (t, world) => {
  const { port } = await closedPort();
  const gate = new Gate();
  const logged: unknown[] = [];
  await world.listen(
    defineProxy({
      upstreamPeer: () => `http://127.0.0.1:${port}`,
      failToConnect: () => {
        void gate.pass();
        return { retry: true, delayMs: 60_000 };
      },
      logging: (s, error) => void logged.push([s.attempts, error?.type, error?.source]),
    }),
  );
  const client = await world.client();
  client.write(request('GET', '/'));
  await gate.reached;
  client.reset();
  await world.settled();
  t.deepEqual(logged, [[1, 'ConnectionClosed', 'downstream']]);
});

nodeTest('a reused connection that proves dead costs no try, and says so', async (t, world) => {
  let connections = 0;
  const url = await world.upstream(async (peer) => {
    connections += 1;
    if ((await peer.head()) === undefined) return;
    peer.write(ok('fine'));
    if ((await peer.head()) !== undefined) peer.reset(); // The second request finds it dead.
  });
  const errors: ProxyError[] = [];
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      errorWhileProxy: (_s, error) => void errors.push(error),
    }),
  );
  const client = await world.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(request('GET', '/'));
    t.is((await client.response()).status, 200);
  }
  t.is(connections, 2);
  t.deepEqual(
    errors.map((error) => [error.type, error.reusedConnection, error.retry]),
    [['ConnectionClosed', true, true]],
  );
});

nodeTest('failToProxy answers in place of the plain page', async (t, world) => {
  const { port } = await closedPort();
  await world.listen(
    defineProxy({
      upstreamPeer: () => `http://127.0.0.1:${port}`,
      failToProxy: (s, error) =>
        s.req.path === '/own'
          ? reply(503, `${error.type} ${error.source} ${error.status}`, { 'retry-after': '2' })
          : undefined,
    }),
  );
  const own = await world.get('/own');
  t.is(`${own.status} ${own.body}`, '503 ConnectRefused upstream 502');
  const plain = await world.get('/plain');
  t.is(`${plain.status} ${plain.body}`, '502 502\n');
});

nodeTest('nowhere to go: 502 without routes', async (t, world) => {
  await world.listen(defineProxy());
  t.is((await world.get('/')).status, 502);
});

/** How a body comes → what is kept of it. */
for (const [how, ask] of Object.entries({
  'with a length': (body: string) => post('/', body),
  chunked: (body: string) => chunked('/', ...body.split(/(?<=^.{3})/)),
})) {
  worldTest(
    `bufferRequestBody, ${how}: all of it at the limit, 413 one byte past it`,
    async (t, world) => {
      const { url, recorder } = await world.recorder();
      const logged: unknown[] = [];
      await world.listen(
        defineProxy({
          upstreamPeer: () => url,
          async requestFilter(s) {
            const body = await s.bufferRequestBody(10);
            s.vars.body = Buffer.from(body).toString();
            return undefined;
          },
          upstreamRequestFilter: (s, up) => void up.headers.set('x-body', s.vars.body ?? ''),
          logging: (s, error) => void logged.push([s.res?.status, error?.type, error?.source]),
        }),
      );
      t.is((await world.ask(ask('0123456789'))).status, 200);
      const [got] = recorder.requests;
      t.is(got?.body, '0123456789');
      t.true(got?.fields.includes('Content-Length: 10'));
      t.true(got?.fields.includes('x-body: 0123456789'));
      t.is((await world.ask(ask('0123456789a'))).status, 413);
      await world.settled();
      t.deepEqual(logged, [
        [200, undefined, undefined],
        [413, 'BodyTooLarge', 'downstream'],
      ]);
      t.is(recorder.requests.length, 1);
    },
  );
}

nodeTest(
  'a body that is kept comes in many pieces, and goes out as fast as it is taken',
  async (t, world) => {
    const { url, recorder } = await world.recorder();
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        requestFilter: (s) => {
          void s.bufferRequestBody(5_000_000).catch(() => {});
          return undefined; // Nobody waits for it: the engine does.
        },
      }),
      { limits: { bodyBytes: 5_000_000 } },
    );
    const body = Buffer.alloc(4_000_000, 'abcdefghijk').toString();
    const client = await world.client();
    for (const part of [post('/', body).slice(0, 1_000_000), post('/', body).slice(1_000_000)]) {
      client.write(part);
      await setImmediate();
    }
    t.is((await client.response()).status, 200);
    t.is(recorder.requests[0]?.body, body);
  },
);

nodeTest(
  'a handler that takes no notice of a body over its limit gets 413 all the same',
  async (t, world) => {
    const { url, recorder } = await world.recorder();
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        async requestFilter(s) {
          await s.bufferRequestBody(3).catch(() => {});
          return undefined;
        },
      }),
    );
    t.is((await world.ask(post('/', 'hello'))).status, 413);
    t.is(recorder.raw, '');
  },
);

nodeTest(
  'a second handler may ask for the body again, and its own limit holds',
  async (t, world) => {
    await world.listen(
      defineProxy({
        async requestFilter(s) {
          const [one, two] = await Promise.all([s.bufferRequestBody(10), s.bufferRequestBody(10)]);
          const three = await s.bufferRequestBody(4).then(String, (error) => error.type);
          return reply.json([one.length, two.length, three]);
        },
      }),
    );
    t.deepEqual(JSON.parse(String((await world.ask(post('/', 'hello'))).body)), [
      5,
      5,
      'BodyTooLarge',
    ]);
    t.deepEqual(JSON.parse(String((await world.get('/')).body)), [0, 0, '']);
  },
);

nodeTest(
  'a body can be kept as late as in upstreamRequestFilter, and not after that',
  async (t, world) => {
    const { url, recorder } = await world.recorder();
    let late: unknown;
    await world.listen(
      defineProxy({
        upstreamPeer: () => url,
        async upstreamRequestFilter(s, up) {
          up.headers.set('x-length', String((await s.bufferRequestBody(10)).length));
        },
      }).route('/late', {
        async upstreamResponseFilter(s) {
          late = await s.bufferRequestBody(1).catch(String);
          return undefined;
        },
      }),
    );
    t.is((await world.ask(post('/', 'hello'))).status, 200);
    t.is(recorder.requests[0]?.body, 'hello');
    t.true(recorder.requests[0]?.fields.includes('x-length: 5'));
    const client = await world.client();
    client.write(request('GET', '/late'));
    await client.response();
    t.truthy(late !== undefined);
  },
);

test('a promise of a body that nobody waits for is no unhandled rejection', async (t) => {
  const { KeptBody } = await import('../../../src/proxy/framework/kept-body.ts');
  const kept = new KeptBody(1);
  kept.fail(new Error('gone'));
  await t.throwsAsync(kept.whole, { message: 'gone' });
  t.true(kept.failed);
});
