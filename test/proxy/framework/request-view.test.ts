import test from 'ava';
import { HEAD_LIMITS } from '../../../src/http/head-limits.ts';
import { HeadParser } from '../../../src/http/head-parser.ts';
import type { MessageHead } from '../../../src/http/message-head.ts';
import { readRequest } from '../../../src/http/read-head.ts';
import { defineProxy, reply } from '../../../src/proxy/framework/index.ts';
import { ReceivedRequest } from '../../../src/proxy/framework/received-request.ts';
import { type AnyPhases, nodeTest, request } from './world.ts';

function headOf(text: string): MessageHead {
  const parser = new HeadParser('request', HEAD_LIMITS);
  const bytes = Buffer.from(text, 'latin1');
  parser.parse(bytes, 0, bytes.length);
  readRequest(parser.head);
  return parser.head;
}

const view = (target: string, fields = '') =>
  new ReceivedRequest(headOf(request('GET', target, fields)));

/** Target → path and query as handlers see them. */
const VIEWS: readonly (readonly [target: string, path: string, query: string])[] = [
  ['/', '/', ''],
  ['/a/b?c=d', '/a/b', 'c=d'],
  ['/a%20b', '/a b', ''],
  ['/%C3%A4', '/ä', ''],
  ['/%E4', '/ä', ''],
  ['/%F0%9F%98%80', '/😀', ''],
  ['/a//b', '/a/b', ''],
  ['/a/./b/../c', '/a/c', ''],
  ['/a/..', '/', ''],
  ['/a/b/..', '/a/', ''],
  ['/a/%2e%2e/b', '/b', ''],
  ['/a%2fb', '/a/b', ''],
  ['/a/..;/b', '/a/..;/b', ''],
  ['/%0d%0aX:y', '/\r\nX:y', ''],
  ['/a?b?c', '/a', 'b?c'],
  ['/a?%0d%0a', '/a', '%0d%0a'],
  ['http://b.test/x?y', '/x', 'y'],
  ['http://b.test', '/', ''],
  ['http://b.test?q', '/', 'q'],
];

for (const [target, path, query] of VIEWS) {
  test(`handlers see ${target} as ${JSON.stringify(path)} and '${query}'`, (t) => {
    const req = view(target);
    t.is(req.path, path);
    t.is(req.query, query);
    t.is(req.target, target);
  });
}

/** Target → what goes upstream once the path was looked at; with `/base/` for `/a/` in the last. */
const FORWARDED: readonly (readonly [target: string, looked: string, replaced: string])[] = [
  ['/a/b', '/a/b', '/base/b'],
  ['/a/b?c=%20', '/a/b?c=%20', '/base/b?c=%20'],
  ['/a/b%20c', '/a/b%20c', '/base/b%20c'],
  ['/a/%62', '/a/%62', '/base/b'],
  ['/a/%2e%2e/a/x', '/a/x', '/base/x'],
  ['/a//b', '/a/b', '/base/b'],
  ['/a/b%2Fc', '/a/b/c', '/base/b/c'],
  ['/a/%0d%0aX:y', '/a/%0d%0aX:y', '/base/%0D%0AX:y'],
  ['/a/..;/b', '/a/..;/b', '/base/..;/b'],
  ['/a/%25%34%31', '/a/%25%34%31', '/base/%2541'],
  ['/a/%3Fx', '/a/%3Fx', '/base/%3Fx'],
  ['/a/%23x', '/a/%23x', '/base/%23x'],
  ['/a/%C3%A4', '/a/%C3%A4', '/base/%C3%A4'],
  ['/a/%e4', '/a/%e4', '/base/%E4'],
  ['/a/./%e4', '/a/%E4', '/base/%E4'],
  ['/a/./%F0%9F%98%80', '/a/%F0%9F%98%80', '/base/%F0%9F%98%80'],
  ['http://b.test/a/b', '/a/b', '/base/b'],
];

for (const [target, looked, replaced] of FORWARDED) {
  test(`what is matched in ${target} is what is forwarded`, (t) => {
    const req = view(target);
    t.truthy(req.path);
    t.is(req.forwardedTarget(false, '', undefined), looked);
    t.is(view(target).forwardedTarget(true, '/', undefined), looked);
    t.is(view(target).forwardedTarget(true, '/a/', '/base/'), replaced);
  });
}

test('a path that nobody looks at is forwarded as it came', (t) => {
  for (const target of ['/a//b', '/x/../y', '/a%2Fb?', '/%61']) {
    const forwarded = view(target).forwardedTarget(false, '', undefined);
    t.is(forwarded, target.replace(/\?$/, ''));
  }
});

test('what a handler sets is escaped where it must be', (t) => {
  const req = view('/a?b');
  req.path = '/x y\r\nHost: evil/ä?z#';
  t.is(req.forwardedTarget(true, '/', undefined), '/x%20y%0D%0AHost:%20evil/%C3%A4%3Fz%23?b');
  req.query = 'q=1';
  t.is(req.forwardedTarget(true, '/', '/v/'), '/v/x%20y%0D%0AHost:%20evil/%C3%A4%3Fz%23?q=1');
  req.target = '/raw//%2e';
  t.is(req.forwardedTarget(true, '/', '/v/'), '/raw//%2e');
});

test('the authority is the target’s, or else Host’s', (t) => {
  t.is(view('/').authority, 'a.test');
  t.is(view('http://b.test:81/').authority, 'b.test:81');
});

const BAD = ['\r\nX: y', '\n', '\r', '\0', '\x7f', 'x\u0100'];

test('a character that no field may have is refused wherever it is set', (t) => {
  const req = view('/');
  for (const bad of BAD) {
    t.throws(() => req.headers.set('x-a', `a${bad}`), undefined, JSON.stringify(bad));
    t.throws(() => req.headers.append('x-a', bad));
    t.throws(() => req.headers.set(`x${bad}`, 'a'));
    t.throws(() => Object.assign(req, { method: `GET${bad}` }));
    t.throws(() => Object.assign(req, { target: `/${bad}` }));
    t.throws(() => Object.assign(req, { query: bad }));
    t.throws(() => Object.assign(req, { authority: `a${bad}` }));
  }
  for (const bad of ['', 'a b', 'a:b', 'ä', '(']) t.throws(() => req.headers.set(bad, 'x'));
  for (const bad of ['', 'a b', 'ä', 'GET /']) t.throws(() => Object.assign(req, { method: bad }));
  t.throws(() => Object.assign(req, { method: 'CONNECT' }));
  for (const bad of ['', 'a b', '/a', 'a@b', '#']) {
    t.throws(() => Object.assign(req, { authority: bad }));
  }
  t.throws(() => Object.assign(req, { path: 'relative' }));
  t.false(req.headers.changed);
});

test('fields that frame a message are the engine’s', (t) => {
  const { headers } = view('/');
  for (const name of [
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Proxy-Connection',
  ]) {
    t.throws(() => headers.set(name, '1'), { message: /engine/ }, name);
    t.throws(() => headers.append(name.toLowerCase(), '1'), { message: /engine/ });
    t.notThrows(() => headers.delete(name));
  }
});

test('fields are found by any case, kept in their order, and changed together', (t) => {
  const { headers } = view('/', 'X-A: 1\r\nx-b: 2\r\nx-a: 3\r\nConnection: x-c\r\nX-C: 4\r\n');
  t.is(headers.get('x-A'), '1');
  t.deepEqual(headers.getAll('X-a'), ['1', '3']);
  t.false(headers.has('x-c'), 'a field for the connection alone is not shown');
  t.false(headers.has('connection'));
  headers.set('X-A', '9').append('x-a', '10').delete('x-b');
  t.deepEqual(headers.getAll('x-a'), ['9', '10']);
  t.deepEqual(
    [...headers],
    [
      ['Host', 'a.test'],
      ['X-A', '9'],
      ['x-a', '10'],
    ],
  );
});

nodeTest('what a handler changes is what goes upstream, once', async (t, world) => {
  const { url, recorder } = await world.recorder();
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      requestFilter: (s) => {
        s.req.headers.set('X-Shared', '1');
        return undefined;
      },
      upstreamRequestFilter: (_s, up) => {
        up.method = 'PUT';
        up.query = 'new';
        up.authority = 'other.test';
        up.headers.delete('x-gone').set('X-Own', 'b').append('X-Own', 'c');
      },
    }),
  );
  await world.get('/path?old', 'X-Gone: 1\r\nX-Kept: 2\r\nX-Own: a\r\n');
  const [first] = recorder.requests;
  t.is(first?.first, 'PUT /path?new HTTP/1.1');
  t.deepEqual(first?.fields, [
    'Host: other.test',
    'X-Kept: 2',
    'X-Shared: 1',
    'X-Own: b',
    'X-Own: c',
    'X-Forwarded-For: 127.0.0.1',
  ]);
});

/** Where injected text is tried. */
const INJECT: Readonly<Record<string, AnyPhases>> = {
  'a request field': { upstreamRequestFilter: (_s, up) => void up.headers.set('x', 'a\r\nB: c') },
  'a Host that is none': { upstreamRequestFilter: (_s, up) => void up.headers.set('host', 'a b') },
  'the client’s address': { earlyRequest: (s) => void Object.assign(s, { clientIp: '1\r\nB: c' }) },
  'a response field': { responseFilter: (_s, r) => void r.headers.set('x', 'a\nB: c') },
  'a reason': { responseFilter: (_s, r) => void Object.assign(r, { reason: 'OK\r\nB: c' }) },
  'a status': { responseFilter: (_s, r) => void Object.assign(r, { status: '200 OK\r\nB: c' }) },
  'a reply’s field': { requestFilter: () => reply(200, 'x', { 'x-a': 'b\r\nB: c' }) },
  'a redirect': { requestFilter: () => reply.redirect('/\r\nB: c') },
};

for (const [where, phases] of Object.entries(INJECT)) {
  nodeTest(`line ends in ${where} are a 500 and reach nobody`, async (t, world) => {
    const { url, recorder } = await world.recorder();
    await world.listen(defineProxy({ upstreamPeer: () => url }).route('/', phases));
    const { status, head } = await world.get('/');
    t.is(status, 500);
    t.notRegex(head, /^B: c/m);
    t.notRegex(recorder.raw, /^B: c/m);
  });
}

nodeTest(
  'line ends in the reason or status of a reply that a filter sees are a 500',
  async (t, world) => {
    const set = (what: object): AnyPhases => ({
      requestFilter: () => reply(200, 'x'),
      responseFilter: (_s, r) => void Object.assign(r, what),
    });
    await world.listen(
      defineProxy()
        .route('/reason', set({ reason: 'OK\r\nB: c' }))
        .route('/status', set({ status: 700 })),
    );
    t.is((await world.get('/reason')).status, 500);
    t.is((await world.get('/status')).status, 500);
  },
);

nodeTest('clientIp is the client’s address, or what earlyRequest says', async (t, world) => {
  const { url, recorder } = await world.recorder();
  const seen: string[] = [];
  await world.listen(
    defineProxy({
      upstreamPeer: () => url,
      earlyRequest: (s) => {
        s.clientIp = s.req.headers.get('x-real-ip') ?? s.clientIp;
      },
      logging: (s) => void seen.push(s.clientIp),
    }),
  );
  await world.get('/');
  await world.get('/', 'X-Real-IP: 2001:db8::1\r\n');
  await world.settled();
  t.deepEqual(seen, ['127.0.0.1', '2001:db8::1']);
  t.true(recorder.requests[1]?.fields.includes('X-Forwarded-For: 2001:db8::1'));
});

nodeTest('a prefix is replaced by the path of the URL that the route names', async (t, world) => {
  const { url, recorder } = await world.recorder();
  await world.listen(
    defineProxy()
      .route('/a/', `${url}/base/`)
      .route({ exact: '/exact' }, `${url}/other`)
      .route('/plain/', url),
  );
  for (const path of ['/a/b%20c/../d?q=1', '/a/', '/exact?x', '/plain/%61//x'])
    await world.get(path);
  t.deepEqual(
    recorder.requests.map(({ first }) => first.split(' ')[1]),
    ['/base/d?q=1', '/base/', '/other?x', '/plain/a/x'],
  );
});

nodeTest('a request that somebody still reads after its end is its own', async (t, world) => {
  const read: (string | undefined)[] = [];
  let go: () => void = () => {};
  const later = new Promise<void>((resolve) => {
    go = resolve;
  });
  await world.listen(
    defineProxy({
      requestFilter: () => reply(200, 'x'),
      logging: async (s) => {
        if (s.req.path !== '/first') return;
        await later;
        read.push(s.req.path, s.req.headers.get('x-user'), s.req.target);
      },
    }),
  );
  const client = await world.client();
  client.write(request('GET', '/first', 'X-User: anna\r\n'));
  await client.response();
  client.write(request('GET', '/second', 'X-User: bert\r\n'));
  await client.response();
  go();
  client.leave();
  await world.running.close({ drainMs: 5_000 });
  t.deepEqual(read, ['/first', 'anna', '/first']);
});

nodeTest('a session that was not waited for shows nothing of the next one', async (t, world) => {
  const kept: { req: { path: string; headers: { get(name: string): string | undefined } } }[] = [];
  await world.listen(
    defineProxy({
      requestFilter: (s) => {
        kept.push(s);
        return reply(200, 'x');
      },
    }),
  );
  const client = await world.client();
  for (const path of ['/first', '/second']) {
    client.write(request('GET', path, 'X-User: bert\r\n'));
    await client.response();
  }
  t.is(kept[0]?.req.headers.get('x-user'), undefined);
});
