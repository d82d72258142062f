import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { defineProxy, forwardProxy, reply, upstream } from '../../../src/proxy/framework/index.ts';
import { fieldOf, type Peer } from '../peer.ts';
import { eventually } from '../site.ts';
import { answering, closedPort, ok } from '../upstream.ts';
import { type AnyProxy, type TunnelSite, tunnelTest } from './tunnel-site.ts';

const ANYWHERE = forwardProxy({ allow: () => true });

function connect(authority: string, ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${more}\r\n`;
}

/** `host:port` of a server that a test speaks for. */
async function authorityOf(site: TunnelSite, script: (peer: Peer) => void): Promise<string> {
  return (await site.upstream(script)).slice('http://'.length);
}

/** Sends back what comes. */
async function echo(peer: Peer): Promise<void> {
  for (let data = await peer.take(1); data.length > 0; data = await peer.take(1)) peer.write(data);
  peer.finish();
}

tunnelTest('CONNECT opens a tunnel to where it says, with what was sent ahead', async (t, site) => {
  const to = await authorityOf(site, echo);
  await site.start(defineProxy().use(ANYWHERE));
  const client = await site.client();
  client.write(`${connect(to)}ahead,`);
  const head = (await client.head()) ?? '';
  client.write('then');
  client.finish();
  const { data, end } = await client.rest();
  t.is(head.split('\r\n')[0], 'HTTP/1.1 200 Connection established');
  t.is(fieldOf(head, 'content-length'), undefined);
  t.is(fieldOf(head, 'transfer-encoding'), undefined);
  t.is(data.toString(), 'ahead,then');
  t.is(end, 'fin');
  const logs = await site.logs(1);
  t.is(logs.length, 1);
  t.like(logs[0], { kind: 'connect', status: 200, attempts: 1, error: undefined });
  t.is(logs[0]?.bytes.toUpstream, 10);
  t.is(logs[0]?.bytes.fromUpstream, 10);
});

tunnelTest('CONNECT reaches an IPv6 address', async (t, site) => {
  const server = createServer((socket) => socket.end('six'));
  try {
    await once(server.listen(0, '::1'), 'listening');
  } catch (error) {
    t.log(`skipped: there is no ::1 here (${error})`);
    t.pass();
    return;
  }
  const { port } = server.address() as AddressInfo;
  await site.start(defineProxy().use(ANYWHERE));
  const client = await site.client();
  client.write(connect(`[::1]:${port}`));
  t.true((await client.head())?.startsWith('HTTP/1.1 200 '));
  t.is((await client.rest()).data.toString(), 'six');
  client.finish();
  server.close();
});

tunnelTest('a server that speaks first is heard', async (t, site) => {
  const to = await authorityOf(site, (peer) => {
    peer.write('220 ready');
    peer.finish();
  });
  await site.start(defineProxy().use(ANYWHERE));
  const client = await site.client();
  client.write(`CONNECT ${to} HTTP/1.0\r\n\r\n`);
  t.true((await client.head())?.startsWith('HTTP/1.1 200 '));
  t.is((await client.rest()).data.toString(), '220 ready');
});

const NO_TUNNELS: Readonly<Record<string, (url: string, peer: PeerOf) => AnyProxy>> = {
  'a proxy without phases': () => defineProxy(),
  'a route to a URL': (url) => defineProxy().route({ method: ['CONNECT'] }, url),
  'a handler that names a URL': (url) => defineProxy({ upstreamPeer: () => url }),
  'a handler that names a peer for requests': (_, peer) =>
    defineProxy({ upstreamPeer: () => peer }),
  'a handler that names a group': (_, { host, port }) => {
    const group = upstream('group', { servers: [`http://${host}:${port}`] });
    return defineProxy({ upstreamPeer: () => group });
  },
};

type PeerOf = { readonly host: string; readonly port: number };

for (const [what, make] of Object.entries(NO_TUNNELS)) {
  tunnelTest(`${what} is no open proxy: CONNECT is answered 405`, async (t, site) => {
    const url = await site.upstream(answering(() => ok('')));
    const port = Number(url.slice(url.lastIndexOf(':') + 1));
    await site.start(make(url, { host: '127.0.0.1', port }));
    const client = await site.client();
    // What was meant for the tunnel is no request to this proxy.
    client.write(`${connect(`127.0.0.1:${port}`)}GET /inside HTTP/1.1\r\nHost: a\r\n\r\n`);
    const seen = await client.response();
    t.is(seen.status, 405);
    t.is(fieldOf(seen.head, 'connection'), 'close');
    t.is((await client.rest()).data.length, 0);
    t.is(site.seen, 0);
    t.is((await site.logs(1)).length, 1);
  });
}

tunnelTest('a peer that may be reached by CONNECT is, also by a route for it', async (t, site) => {
  const to = await authorityOf(site, echo);
  const port = Number(to.slice(to.lastIndexOf(':') + 1));
  const phases = { upstreamPeer: () => ({ host: '127.0.0.1', port, tunnel: true }) };
  await site.start(defineProxy().route({ method: ['CONNECT'] }, phases));
  const client = await site.client();
  client.write(connect('elsewhere.test:1'));
  t.true((await client.head())?.startsWith('HTTP/1.1 200 '));
  client.finish();
});

const BAD_AUTHORITIES = [
  'a',
  'a:',
  'a:0',
  'a:65536',
  'a:123456',
  'a:b',
  ':443',
  'user@a:443',
  'a:443/',
  '/',
  'http://a:443',
  '[::1:443',
  '::1:443',
  '*',
];

tunnelTest('CONNECT to what is no host with a port is refused', async (t, site) => {
  await site.start(defineProxy().use(ANYWHERE));
  for (const bad of BAD_AUTHORITIES) {
    const client = await site.client();
    client.write(`CONNECT ${bad} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.is((await client.response()).status, 400, bad);
  }
});

const BODIES = ['Content-Length: 3', 'Transfer-Encoding: chunked'];

tunnelTest('CONNECT with a body is refused', async (t, site) => {
  await site.start(defineProxy().use(ANYWHERE));
  for (const line of BODIES) {
    const client = await site.client();
    client.write(connect('127.0.0.1:1', line));
    t.is((await client.response()).status, 400, line);
  }
});

tunnelTest('a request filter refuses a tunnel', async (t, site) => {
  const to = await authorityOf(site, echo);
  const proxy = defineProxy({ requestFilter: ({ kind }) => reply(403, kind) });
  await site.start(proxy.use(ANYWHERE));
  const client = await site.client();
  client.write(connect(to));
  const seen = await client.response();
  t.is(seen.status, 403);
  t.is(seen.body.toString(), 'connect');
  t.is(site.seen, 0);
});

tunnelTest(
  'the phases of a connection run for a tunnel, those of messages do not',
  async (t, site) => {
    const ran: string[] = [];
    const proxy = defineProxy({
      earlyRequest: () => void ran.push('earlyRequest'),
      requestFilter: () => void ran.push('requestFilter'),
      connected: async (_, { reused }) => {
        await new Promise((resolve) => setImmediate(resolve));
        ran.push(`connected ${reused ? 'again' : 'anew'}`);
      },
      upstreamRequestFilter: () => void ran.push('upstreamRequestFilter'),
      upstreamResponseFilter: () => void ran.push('upstreamResponseFilter'),
      responseFilter: async (_, response) => {
        await new Promise((resolve) => setImmediate(resolve));
        ran.push(`responseFilter ${response.status}`);
        response.headers.set('Proxy-Agent', 'sluice');
      },
      responseBodyFilter: () => void ran.push('responseBodyFilter'),
      logging: () => void ran.push('logging'),
    });
    const to = await authorityOf(site, echo);
    await site.start(proxy.use(ANYWHERE));
    const client = await site.client();
    client.write(connect(to));
    t.is(fieldOf((await client.head()) ?? '', 'proxy-agent'), 'sluice');
    client.write('bytes');
    await client.take(5);
    client.finish();
    await site.logs(1);
    const before = ['earlyRequest', 'requestFilter', 'connected anew', 'responseFilter 200'];
    t.deepEqual(ran, [...before, 'logging']);
  },
);

tunnelTest('the answer to CONNECT cannot be made into another status', async (t, site) => {
  const proxy = defineProxy({
    responseFilter: (_, response) => {
      if (response.status === 200) response.status = 204;
    },
  });
  const to = await authorityOf(site, echo);
  await site.start(proxy.use(ANYWHERE));
  const client = await site.client();
  client.write(connect(to));
  t.is((await client.response()).status, 500);
  t.is((await (await site.server()).rest()).end, 'reset');
  t.is(String(site.thrown.splice(0)), 'RangeError: 200 cannot become 204: reply instead');
});

tunnelTest('a tunnel to nobody is 502, and a handler can say where else', async (t, site) => {
  const { port } = await closedPort();
  const to = await authorityOf(site, echo);
  const other = Number(to.slice(to.lastIndexOf(':') + 1));
  const ports = [port, port, other];
  const host = '127.0.0.1';
  const proxy = defineProxy({
    upstreamPeer: ({ attempts }) => ({ host, port: ports[attempts] as number, tunnel: true }),
    failToConnect: ({ req, attempts }) => ({ retry: req.target === 'b:2' && attempts < 3 }),
  });
  await site.start(proxy);
  const refused = await site.client();
  refused.write(connect('a:1'));
  t.is((await refused.response()).status, 502);
  const client = await site.client();
  client.write(connect('b:2'));
  t.true((await client.head())?.startsWith('HTTP/1.1 200 '));
  client.finish();
  const logs = await site.logs(2);
  t.is(logs[0]?.error?.type, 'ConnectRefused');
  t.is(logs[1]?.attempts, 3);
  t.is(logs[1]?.error, undefined, 'what failed before has been made good');
});

tunnelTest('a tunnel never takes a connection that has served a request', async (t, site) => {
  const url = await site.upstream(answering(() => ok('pooled')));
  const to = url.slice('http://'.length);
  await site.start(defineProxy().use(ANYWHERE));
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(`GET ${url}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.is((await client.response()).body.toString(), 'pooled');
  }
  t.is(site.seen, 1, 'requests share one');
  client.write(connect(to));
  await client.head();
  await eventually(() => site.seen === 2);
  t.is(site.seen, 2);
  client.finish();
  await client.rest();
});

tunnelTest('a client that leaves before its tunnel stands leaves nothing', async (t, site) => {
  const to = await authorityOf(site, echo);
  let connected = 0;
  let release: (() => void) | undefined;
  const proxy = defineProxy({
    connected: () =>
      new Promise<undefined>((resolve) => {
        connected += 1;
        release = () => resolve(undefined);
      }),
  });
  await site.start(proxy.use(ANYWHERE));
  const client = await site.client();
  client.write(connect(to));
  await eventually(() => connected === 1);
  client.reset();
  const [log] = await site.logs(1);
  t.is(log?.error?.source, 'downstream');
  t.is((await (await site.server()).rest()).end, 'reset');
  release?.();
});
