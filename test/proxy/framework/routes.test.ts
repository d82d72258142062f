import test from 'ava';
import { compile } from '../../../src/proxy/framework/compile.ts';
import { defineProxy, type Match, reply } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import { type AnyPhases, type AnyProxy, nodeTest, request } from './world.ts';

/** A route that says its name. */
const says = (name: string): AnyPhases => ({ requestFilter: () => reply(200, name) });

type Row = {
  readonly ask: string;
  readonly host?: string;
  readonly fields?: string;
  readonly method?: string;
};

/** Asks for each row and gives what answered, or the status. */
function routesTo(
  title: string,
  proxy: () => AnyProxy,
  rows: readonly (readonly [Row | string, string])[],
): void {
  nodeTest(title, async (t, world) => {
    await world.listen(proxy());
    const got: string[] = [];
    for (const [row] of rows) {
      const {
        ask,
        host = 'a.test',
        fields = '',
        method = 'GET',
      } = typeof row === 'string' ? { ask: row } : row;
      const { status, body } = await world.ask(
        request(method, ask, fields).replace('a.test', host),
      );
      got.push(status === 200 ? String(body) : String(status));
    }
    t.deepEqual(
      got,
      rows.map(([, wanted]) => wanted),
    );
  });
}

routesTo(
  'exact, then expressions in their order, then the longest prefix',
  () =>
    defineProxy()
      .route('/', says('root'))
      .route('/api/', says('api'))
      .route('/api/users', says('users'))
      .route({ exact: '/api/users' }, says('exact'))
      .route({ path: /\.png$/g }, says('png'))
      .route({ path: /^\/api\/.*png/ }, says('second')),
  [
    ['/', 'root'],
    ['/x', 'root'],
    ['/api', 'root'],
    ['/api/', 'api'],
    ['/api/users', 'exact'],
    ['/api/users?q', 'exact'],
    ['/api/users/1', 'users'],
    ['/api/usersx', 'users'],
    ['/api/a.png', 'png'],
    ['/api/a.png', 'png'],
    ['/api/a.png2', 'second'],
  ],
);

routesTo(
  'no route: 404, and nothing is asked upstream',
  () => defineProxy().route('/a', says('a')),
  [
    ['/a', 'a'],
    ['/b', '404'],
    ['/', '404'],
  ],
);

const narrow = () =>
  defineProxy()
    .route({ exact: '/a', method: ['PUT'] }, says('put'))
    .route({ path: /^\/a/, method: ['GET', 'HEAD'] }, says('get'))
    .route({ path: '/', method: ['GET', 'DELETE'] }, says('root'))
    .route({ path: '/', method: ['PURGE'], header: { 'x-key': '1' } }, says('purge'))
    .route({ host: 'b.test', path: '/', method: ['POST'] }, says('b'))
    .route(
      { path: '/in/', method: ['GET', 'LIST'] },
      defineProxy().route({ path: '/in/side', method: ['LIST', 'PUT'] }, says('inside')),
    );

for (const [path, fields, host, allow] of [
  ['/a', '', 'a.test', 'PUT, GET, HEAD, DELETE'],
  ['/b', '', 'a.test', 'GET, DELETE'],
  ['/b', 'X-Key: 1\r\n', 'a.test', 'GET, DELETE, PURGE'],
  ['/b', '', 'b.test', 'POST, GET, DELETE'],
  ['/in/side', '', 'a.test', 'LIST, GET, DELETE'],
] as const) {
  nodeTest(`405 with Allow: ${path} of ${host} ${fields}`, async (t, world) => {
    await world.listen(narrow());
    const text = request('BREW', path, fields).replace('a.test', host);
    const { status, head, body } = await world.ask(text);
    t.is(`${status} ${body}`, '405 405\n');
    t.is(fieldOf(head, 'allow'), allow);
  });
}

nodeTest('404 has no Allow, nor has what a route answers with 405', async (t, world) => {
  await world.listen(
    defineProxy()
      .route({ path: '/a', method: ['GET'] }, { requestFilter: () => reply(405) })
      .route('/c', {}),
  );
  for (const [path, wanted] of [
    ['/a', 405],
    ['/b', 404],
    ['/c', 404],
  ] as const) {
    const { status, head } = await world.get(path);
    t.is(status, wanted);
    t.is(fieldOf(head, 'allow'), undefined);
  }
});

routesTo(
  'OPTIONS * is for routes that name no path',
  () =>
    defineProxy()
      .route('/', says('root'))
      .route({ path: /^\// }, says('expression'))
      .route({ method: ['OPTIONS'] }, says('any path'))
      .route({ host: 'b.test' }, defineProxy().route({ method: ['OPTIONS'] }, says('nested'))),
  [
    [{ ask: '*', method: 'OPTIONS' }, 'any path'],
    [{ ask: '*', method: 'OPTIONS', host: 'b.test' }, 'nested'],
    [{ ask: 'http://a.test', method: 'OPTIONS' }, 'any path'],
    [{ ask: '/', method: 'OPTIONS' }, 'expression'],
  ],
);

routesTo("OPTIONS * is not for route('/')", () => defineProxy().route('/', says('root')), [
  [{ ask: '*', method: 'OPTIONS' }, '404'],
]);

nodeTest('OPTIONS * is forwarded as it is, whatever path the target has', async (t, world) => {
  const { url, recorder } = await world.recorder();
  await world.listen(defineProxy().route({ host: 'a.test' }, `${url}/base/`));
  t.is((await world.ask(request('OPTIONS', '*'))).status, 200);
  t.is(recorder.requests[0]?.first, 'OPTIONS * HTTP/1.1');
});

routesTo(
  'the path is matched as it is meant',
  () => defineProxy().route('/admin', says('admin')).route('/', says('rest')),
  [
    ['/%61dmin', 'admin'],
    ['//admin', 'admin'],
    ['/x/../admin', 'admin'],
    ['/x/%2e%2e/admin', 'admin'],
    ['/./admin', 'admin'],
    ['/x/%2E%2e%2Fadmin', 'admin'],
    ['http://a.test/admin', 'admin'],
    ['/Admin', 'rest'],
    ['/x/..;/admin', 'rest'],
    ['/?/admin', 'rest'],
  ],
);

routesTo(
  'the host comes first: a name, the longest wildcard, an expression, then routes without one',
  () =>
    defineProxy()
      .route('/', says('any'))
      .route({ host: 'one.test' }, says('one'))
      .route({ host: '*.test' }, says('star'))
      .route({ host: '*.one.test' }, says('star one'))
      .route({ host: /^\d+\./ }, says('digits'))
      .route({ host: 'only.org', path: '/here' }, says('here')),
  [
    [{ ask: '/', host: 'one.test' }, 'one'],
    [{ ask: '/', host: 'ONE.Test:8080' }, 'one'],
    [{ ask: '/', host: 'one.test.' }, 'one'],
    [{ ask: '/', host: 'two.test' }, 'star'],
    [{ ask: '/', host: 'x.one.test' }, 'star one'],
    [{ ask: '/', host: '12.example' }, 'digits'],
    [{ ask: '/', host: 'test' }, 'any'],
    [{ ask: '/', host: '[::1]:80' }, 'any'],
    [{ ask: '/here', host: 'only.org' }, 'here'],
    [{ ask: '/there', host: 'only.org' }, 'any'],
    [{ ask: 'http://one.test/', host: 'two.test' }, 'one'],
  ],
);

routesTo(
  'method and header narrow a match',
  () =>
    defineProxy()
      .route({ path: '/', method: ['PUT', 'DELETE'] }, says('write'))
      .route({ path: '/', header: { 'X-Beta': '1' } }, says('beta'))
      .route({ path: '/', header: { cookie: /(^|; )group=b/g } }, says('b'))
      .route('/', says('rest')),
  [
    [{ ask: '/', method: 'PUT' }, 'write'],
    [{ ask: '/', fields: 'x-beta: 1\r\n' }, 'beta'],
    [{ ask: '/', fields: 'x-beta: 2\r\n' }, 'rest'],
    [{ ask: '/', fields: 'Cookie: a=1; group=b\r\n' }, 'b'],
    [{ ask: '/', fields: 'Cookie: a=1; group=b\r\n' }, 'b'],
    ['/', 'rest'],
  ],
);

routesTo('a nested proxy adds its routes within the one around it', () => {
  const inner = defineProxy({ responseFilter: (_s, r) => void r.headers.set('x-inner', '1') })
    .route('/api/users', says('users'))
    .route({ path: /\d$/ }, says('digit'))
    .route({ exact: '/api/exact' }, says('exact'))
    .route({ method: ['PUT'] }, says('put'));
  return defineProxy()
    .route('/', says('root'))
    .route({ path: '/api/', header: { 'x-in': /./ } }, inner);
}, [
  [{ ask: '/api/users', fields: 'X-In: 1\r\n' }, 'users'],
  ['/api/users', 'root'],
  [{ ask: '/api/7', fields: 'X-In: 1\r\n' }, 'digit'],
  [{ ask: '/x/7', fields: 'X-In: 1\r\n' }, 'root'],
  [{ ask: '/api/exact', fields: 'X-In: 1\r\n' }, 'exact'],
  [{ ask: '/api/other', fields: 'X-In: 1\r\n', method: 'PUT' }, 'put'],
  [{ ask: '/other', fields: 'X-In: 1\r\n', method: 'PUT' }, 'root'],
  [{ ask: '/api/other', fields: 'X-In: 1\r\n' }, '404'],
]);

routesTo(
  'an own upstreamPeer answers for what no route is for',
  () =>
    defineProxy({ failToProxy: (_s, error) => reply(200, `${error.type} ${error.status}`) }).route(
      '/a',
      says('a'),
    ),
  [['/b', 'NoUpstream 404']],
);

const inside = (match: Match) => defineProxy().route(match, says('x'));

test('a nested route that the outer one never reaches is refused', (t) => {
  const outer = (around: string | Match, inner: Match) => () =>
    compile(defineProxy().route(around, inside(inner)).definition);
  t.throws(outer('/api/', { path: '/other' }), { message: /not within/ });
  t.throws(outer({ exact: '/a' }, { exact: '/b' }), { message: /not within/ });
  t.throws(outer({ host: 'a' }, { host: 'b' }), { message: /another host/ });
  t.notThrows(outer('/api/', { path: /other/ }));
});

test('proxies are nested sixteen deep at most', (t) => {
  const nest = (depth: number): AnyProxy =>
    depth === 0 ? defineProxy() : defineProxy().route('/', nest(depth - 1));
  t.notThrows(() => compile(nest(16).definition));
  t.throws(() => compile(nest(17).definition), { message: /nested over 16 deep/ });
});

test('routes that cannot be are refused when they are given', (t) => {
  const define = (match: string | Match) => () => defineProxy().route(match, 'http://a');
  t.throws(define('api'), { message: /begin with/ });
  t.throws(define({ exact: 'api' }), { message: /begin with/ });
  t.throws(define({ exact: '/a', path: '/' }), { message: /either/ });
});
