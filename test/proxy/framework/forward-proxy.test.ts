import test from 'ava';
import { type Destination, defineProxy, forwardProxy } from '../../../src/proxy/framework/index.ts';
import { fieldOf, fieldsOf } from '../peer.ts';
import { answering, ok } from '../upstream.ts';
import { tunnelTest } from './tunnel-site.ts';

const basic = (credentials: string) =>
  `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}`;

function get(target: string, ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return `GET ${target} HTTP/1.1\r\nHost: wrong.test\r\n${more}\r\n`;
}

tunnelTest('an absolute target says where a request goes, and to which Host', async (t, site) => {
  const heads: string[] = [];
  const serve = answering((head) => {
    heads.push(head);
    return ok('there');
  });
  const url = await site.upstream(serve);
  await site.start(defineProxy().use(forwardProxy({ allow: () => true })), { forwardedFor: false });
  const client = await site.client();
  const fields = ['Proxy-Connection: keep-alive', basic('a:b'), 'Connection: X-Hop', 'X-Hop: 1'];
  for (const target of [`${url}/path?q=1`, `${url.replace('http', 'HTTP')}?q=2`, url]) {
    client.write(get(target, ...fields));
    t.is((await client.response()).body.toString(), 'there');
  }
  const lines = heads.map((head) => head.split('\r\n')[0]);
  t.deepEqual(lines, ['GET /path?q=1 HTTP/1.1', 'GET /?q=2 HTTP/1.1', 'GET / HTTP/1.1']);
  for (const head of heads) {
    t.deepEqual(fieldsOf(head, 'host'), [url.slice('http://'.length)]);
    for (const name of ['proxy-connection', 'proxy-authorization', 'x-hop', 'x-forwarded-for']) {
      t.is(fieldOf(head, name), undefined, name);
    }
  }
  t.is(site.seen, 1, 'and connections are pooled');
});

tunnelTest('a destination that is not allowed is 403, and nobody connects', async (t, site) => {
  const url = await site.upstream(answering(() => ok('there')));
  const asked: Destination[] = [];
  const allow = (to: Destination) => {
    asked.push(to);
    return to.host === 'good.test';
  };
  await site.start(defineProxy().use(forwardProxy({ allow })));
  const client = await site.client();
  client.write(get(`${url}/`));
  t.is((await client.response()).status, 403);
  client.write(get('http://[::1]/'));
  t.is((await client.response()).status, 403);
  client.write('CONNECT BAD.test:8443 HTTP/1.1\r\nHost: a\r\n\r\n');
  t.is((await client.response()).status, 403);
  t.is((await client.rest()).end, 'fin', 'what follows a CONNECT is never read as HTTP');
  t.is(site.seen, 0);
  const port = Number(url.slice(url.lastIndexOf(':') + 1));
  t.deepEqual(asked, [
    { host: '127.0.0.1', port, scheme: 'http' },
    { host: '[::1]', port: 80, scheme: 'http' },
    { host: 'bad.test', port: 8443, scheme: 'https' },
  ]);
});

tunnelTest('an answer about a destination may take its time', async (t, site) => {
  const url = await site.upstream(answering(() => ok('there')));
  const allow = async ({ host }: Destination) => {
    await new Promise((resolve) => setImmediate(resolve));
    return host === '127.0.0.1';
  };
  await site.start(defineProxy().use(forwardProxy({ allow })));
  const client = await site.client();
  client.write(get(`${url}/`) + get('http://other.test/'));
  t.is((await client.response()).status, 200);
  t.is((await client.response()).status, 403);
});

tunnelTest('who has to say who he is gets 407 until he does', async (t, site) => {
  const url = await site.upstream(answering((head) => ok(String(fieldOf(head, 'authorization')))));
  const check = (user: string, password: string) => user === 'anna' && password === 'o:p';
  const auth = { realm: 'the office', check };
  await site.start(defineProxy().use(forwardProxy({ allow: () => true, auth })));
  const client = await site.client();
  const wrong = [
    [],
    [basic('anna:no')],
    [basic('anna')],
    ['Proxy-Authorization: Basic !'],
    [basic('anna:o:p'), basic('anna:o:p')],
  ];
  for (const lines of wrong) {
    client.write(get(url, ...lines));
    const seen = await client.response();
    t.is(seen.status, 407);
    t.is(fieldOf(seen.head, 'proxy-authenticate'), 'Basic realm="the office", charset="UTF-8"');
  }
  client.write(get(url, basic('anna:o:p'), 'Authorization: for the server'));
  t.is((await client.response()).body.toString(), 'for the server');
  client.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n');
  t.is((await client.response()).status, 407);
});

tunnelTest('a name that stands for an address that is not allowed is 403', async (t, site) => {
  const url = await site.upstream(answering(() => ok('behind')));
  const port = url.slice(url.lastIndexOf(':') + 1);
  const asked: string[] = [];
  const allowAddress = (address: string, { host }: Destination) => {
    asked.push(`${host} ${address}`);
    return host === 'good.test' ? Promise.resolve(true) : !address.startsWith('127.');
  };
  const lookup = async () => ({ addresses: ['127.0.0.1'], ttlMs: 60_000 });
  const proxy = defineProxy().use(forwardProxy({ allow: () => true, allowAddress }));
  await site.start(proxy, { lookup });
  const client = await site.client();
  client.write(get(`http://evil.test:${port}/`));
  t.is((await client.response()).status, 403);
  client.write(get(`http://good.test:${port}/`));
  t.is((await client.response()).body.toString(), 'behind');
  client.write(`CONNECT evil.test:${port} HTTP/1.1\r\nHost: a\r\n\r\n`);
  t.is((await client.response()).status, 403);
  const heads = (site.upstreams[0]?.peers ?? []).map(({ received }) => received > 0);
  t.is(heads.filter((any) => any).length, 1, 'nothing was sent to the others');
  t.deepEqual(asked, ['evil.test 127.0.0.1', 'good.test 127.0.0.1', 'evil.test 127.0.0.1']);
  t.is((await site.logs(3))[2]?.error?.status, 403);
});

tunnelTest('a target that cannot be reached this way is refused', async (t, site) => {
  await site.start(defineProxy().use(forwardProxy({ allow: () => true })));
  const client = await site.client();
  for (const [target, status] of [
    ['https://a.test/', 501],
    ['http://a.test:0/', 400],
    ['http://a.test:65536/', 400],
    ["http://it's.test/", 400],
  ] as const) {
    client.write(get(target));
    t.is((await client.response()).status, status, target);
  }
});

tunnelTest('a request for this server itself goes where the proxy sends it', async (t, site) => {
  const url = await site.upstream(answering(() => ok('home')));
  await site.start(
    defineProxy()
      .use(forwardProxy({ allow: () => false }))
      .route('/', url),
  );
  const client = await site.client();
  client.write(get('/'));
  t.is((await client.response()).body.toString(), 'home');
  client.write(get('http://a.test/'));
  t.is((await client.response()).status, 403, 'and an absolute one asks');
});

tunnelTest('a proxy that is asked for itself does not ask for ever', async (t, site) => {
  await site.start(defineProxy().use(forwardProxy({ allow: () => true })));
  const client = await site.client();
  client.write(get(`http://127.0.0.1:${site.boundPort}/`));
  t.is((await client.response()).status, 502);
  t.is((await site.logs(2)).length, 2);
});

test('a realm that would end its own quotes is no realm', (t) => {
  const check = () => true;
  for (const realm of ['a"b', 'a\\b', 'a\r\nb', 'ä']) {
    const make = () => forwardProxy({ allow: () => true, auth: { realm, check } });
    t.throws(make, { instanceOf: TypeError }, realm);
  }
});
