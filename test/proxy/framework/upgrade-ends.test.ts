import test from 'ava';
import { defineProxy, type ProxyBuilder } from '../../../src/proxy/framework/index.ts';
import { upgradesOf } from '../../../src/proxy/framework/switching.ts';
import type { Peer } from '../peer.ts';
import { eventually } from '../site.ts';
import { echo, switching, type TunnelSite, tunnelTest, upgrade } from './tunnel-site.ts';

/** A client and a server with a tunnel between them, through which bytes have gone both ways. */
async function join(site: TunnelSite, proxy: ProxyBuilder<object>): Promise<readonly [Peer, Peer]> {
  const url = await site.upstream(async (peer) => {
    await peer.head();
    peer.write(switching());
  });
  await site.start(proxy.route('/', url));
  const client = await site.client();
  client.write(upgrade());
  await client.head();
  const server = await site.server();
  client.write('to');
  await server.take(2);
  server.write('fro');
  await client.take(3);
  return [client, server];
}

tunnelTest('the last bytes of the server arrive before its FIN does', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  server.write('bye');
  server.finish();
  const { data, end } = await client.rest();
  t.is(data.toString(), 'bye');
  t.is(end, 'fin');
  t.is(site.logged.length, 0, 'the client may still speak');
  client.write('still here');
  client.finish();
  t.is((await server.rest()).data.toString(), 'still here');
  const [log] = await site.logs(1);
  t.like(log, { status: 101, error: undefined });
  t.is(log?.bytes.fromUpstream, log?.bytes.toClient);
  t.is(log?.bytes.fromClient, upgrade().length + 12);
});

tunnelTest('a server that resets the tunnel resets its client', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  server.reset();
  t.is((await client.rest()).end, 'reset');
  const [log] = await site.logs(1);
  t.is(log?.status, 101);
  t.like(log?.error, { type: 'ConnectionClosed', source: 'upstream' });
});

tunnelTest('a client that leaves the tunnel leaves its server', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  client.reset();
  t.is((await server.rest()).end, 'reset');
  const [log] = await site.logs(1);
  t.is(log?.status, 101);
  t.like(log?.error, { type: 'ConnectionClosed', source: 'downstream' });
});

tunnelTest('a tunnel that is silent for the read deadline is closed', async (t, site) => {
  const url = await site.upstream(echo);
  const port = Number(url.slice(url.lastIndexOf(':') + 1));
  const timeouts = { readMs: 200 };
  const proxy = defineProxy({ upstreamPeer: () => ({ host: '127.0.0.1', port, timeouts }) });
  await site.start(proxy);
  const client = await site.client();
  client.write(upgrade());
  await client.head();
  const startMs = performance.now();
  t.is((await client.rest()).end, 'fin');
  t.true(performance.now() - startMs >= 190);
  const logs = await site.logs(1);
  t.is(logs.length, 1);
  t.like(logs[0]?.error, { type: 'ReadTimeout', source: 'upstream' });
});

tunnelTest('close() lets tunnels run on, and ends them at its deadline', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  const closing = site.running.close({ drainMs: 300 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.write('during');
  t.is((await server.take(6)).toString(), 'during');
  t.is(site.logged.length, 0);
  t.is((await client.rest()).end, 'reset');
  t.is((await server.rest()).end, 'reset');
  await closing;
  t.is(site.logged.length, 1);
  t.like(site.logged[0]?.error, { type: 'Internal', cause: { message: 'shutdown' } });
});

tunnelTest('close() is done once the last tunnel has ended by itself', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  const closing = site.running.close({ drainMs: 40_000 });
  client.finish();
  server.finish();
  await closing;
  t.is(site.logged.length, 1);
});

tunnelTest('abort() ends both sides of a tunnel', async (t, site) => {
  let abort: (() => void) | undefined;
  let signal: AbortSignal | undefined;
  const proxy = defineProxy({
    earlyRequest: (session) => {
      abort = () => session.abort(new Error('enough'));
      signal = session.signal;
    },
  });
  const [client, server] = await join(site, proxy);
  t.false(signal?.aborted);
  abort?.();
  t.is((await client.rest()).end, 'reset');
  t.is((await server.rest()).end, 'reset');
  const logs = await site.logs(1);
  t.is(logs.length, 1);
  t.like(logs[0]?.error, { type: 'Internal', cause: { message: 'enough' } });
  t.true(signal?.aborted);
});

tunnelTest('a tunnel goes on when the proxy is replaced', async (t, site) => {
  const [client, server] = await join(site, defineProxy());
  await site.running.replace(site.logging(defineProxy()));
  client.write('after');
  t.is((await server.take(5)).toString(), 'after');
  client.finish();
  server.finish();
  t.is((await site.logs(1)).length, 1);
});

tunnelTest('a connection that was a tunnel serves no other request', async (t, site) => {
  const url = await site.upstream(echo);
  await site.start(defineProxy().route('/', url));
  for (let i = 1; i <= 3; i += 1) {
    const client = await site.client();
    client.write(upgrade());
    await client.head();
    client.finish();
    await client.rest();
    t.is(site.seen, i);
  }
  t.is((await site.logs(3)).length, 3);
});

tunnelTest(
  'a client that leaves while a handler looks at the 101 leaves nothing',
  async (t, site) => {
    let release: (() => void) | undefined;
    const proxy = defineProxy({
      upstreamResponseFilter: () =>
        new Promise<undefined>((resolve) => {
          release = () => resolve(undefined);
        }),
    });
    await site.start(proxy.route('/', await site.upstream(echo)));
    const client = await site.client();
    client.write(upgrade());
    await eventually(() => release !== undefined);
    client.reset();
    t.is((await site.logs(1)).length, 1);
    t.is((await (await site.server()).rest()).end, 'reset');
    release?.();
  },
);

tunnelTest('a client that leaves at its 101 leaves nothing', async (t, site) => {
  await site.start(defineProxy().route('/', await site.upstream(echo)));
  for (let i = 1; i <= 50; i += 1) {
    const client = await site.client();
    client.write(upgrade());
    if (i % 2 === 0) await client.head();
    client.reset();
  }
  await eventually(() => site.logged.length >= 25);
  t.true(site.logged.every(({ status }) => status === 101 || status === undefined));
});

tunnelTest('10 MiB each way at once arrive whole, whoever is slow', async (t, site) => {
  const bytes = 10 * 1024 * 1024;
  const data = Buffer.alloc(bytes, 'abcdefg');
  const [client, server] = await join(site, defineProxy());
  client.write(data);
  server.write(data);
  const [down, up] = await Promise.all([client.take(bytes), server.take(bytes)]);
  t.true(down.equals(data));
  t.true(up.equals(data));
  client.finish();
  server.finish();
  const [log] = await site.logs(1);
  t.is(log?.bytes.fromUpstream, switching().length + 3 + bytes);
  t.is(log?.bytes.fromClient, upgrade().length + 2 + bytes);
});

test('what would pass by the proxy, or is no protocol, is no upgrade that can be allowed', (t) => {
  t.deepEqual([...upgradesOf(['WebSocket', 'irc/6.9'])], ['websocket', 'irc/6.9']);
  for (const bad of ['h2c', 'H2C', 'h2', 'HTTP/2.0', '', 'a b', 'a,b', '*/', 'x\r\nY: z']) {
    t.throws(() => upgradesOf([bad]), { instanceOf: TypeError }, bad);
  }
  const many = Array.from({ length: 101 }, (_, i) => `p${i}`);
  t.is(upgradesOf(many.slice(1)).size, 100);
  t.throws(() => upgradesOf(many), { instanceOf: RangeError });
});
