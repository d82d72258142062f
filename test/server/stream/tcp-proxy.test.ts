import type { Endpoint } from '../../../src/core/endpoint.ts';
import { listen } from '../../../src/net/index.ts';
import type { StreamServerConf } from '../../../src/server/index.ts';
import { rule, textOf, textOfBytes, within } from '../../net/worlds.ts';
import {
  ask,
  GROUP,
  logTo,
  portText,
  runStream,
  streamServer,
  through,
  to,
  upstreamServer,
} from './stream-kit.ts';

rule('proxy_pass relays both ways, and the log has the counts', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const accessLogs = logTo(
    'a',
    'bytes_received',
    'bytes_sent',
    'upstream_bytes_sent',
    'upstream_bytes_received',
    'upstream_addr',
    'status',
  );
  const server = streamServer({ streamContent: to(listener.endpoint), accessLogs });
  const site = await runStream(world, [server]);
  const [client, upstream] = await through(world, site, listener);
  await client.send(Buffer.from('question'));
  t.is(await textOfBytes(upstream, 8), 'question');
  await upstream.send(Buffer.from('answer'));
  t.is(await textOfBytes(client, 6), 'answer');
  await client.close();
  t.is(await textOf(upstream), '');
  await upstream.close();
  await listener.close();
  await site.close(5_000);
  t.is(site.logs.get('a'), `8 6 8 6 ${portText(listener.endpoint)} 200\n`);
});

rule('the end of one side ends the other with what was sent to it', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const site = await runStream(world, [streamServer({ streamContent: to(listener.endpoint) })]);
  const [client, upstream] = await through(world, site, listener);
  const reading = textOf(client);
  await upstream.send(Buffer.from('last words'));
  await upstream.shutdown();
  t.is(await reading, 'last words');
  t.is(await textOf(upstream), '', 'the client has not ended, and the server has no use for it');
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
});

rule('proxy_half_close lets the other direction go on', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const conf = { streamContent: to(listener.endpoint), proxyHalfClose: true };
  const site = await runStream(world, [streamServer(conf)]);
  const [client, upstream] = await through(world, site, listener);
  await client.shutdown();
  t.is(await textOf(upstream), '');
  await upstream.send(Buffer.from('still here'));
  t.is(await textOfBytes(client, 10), 'still here');
  await upstream.shutdown();
  t.is(await textOf(client), '');
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
});

rule('a server that refuses is followed by the next one of its group', async (t, world) => {
  const dead = await listen(world.port, world.any);
  const { endpoint: gone } = dead;
  await dead.close();
  const listener = await listen(world.port, world.any);
  const servers = [gone, listener.endpoint].map((one) => upstreamServer(one));
  const upstreams = [{ ...GROUP, servers }];
  const accessLogs = logTo('a', 'upstream_addr');
  const server = streamServer({ streamContent: { kind: 'proxy', to: 'u' }, accessLogs });
  const site = await runStream(world, [server], { upstreams });
  const [client, upstream] = await through(world, site, listener);
  await upstream.send(Buffer.from('x'));
  t.is(await textOfBytes(client, 1), 'x');
  await Promise.all([client.close(), upstream.close()]);
  for (let again = 0; again < 2; again += 1) {
    const [another, its] = await through(world, site, listener);
    await Promise.all([another.close(), its.close()]);
  }
  await listener.close();
  await site.close(5_000);
  const live = portText(listener.endpoint);
  const lines = (site.logs.get('a') ?? '').trimEnd().split('\n').sort();
  t.deepEqual(lines, [live, live, `${portText(gone)}, ${live}`].sort(), 'it is left alone then');
  t.regex(site.errors.join('\n'), /\[error\] \*1 connect\(\) failed \(.*\) while connecting to/);
});

rule('without proxy_next_upstream the first refusal is the end', async (t, world) => {
  const dead = await listen(world.port, world.any);
  const { endpoint: gone } = dead;
  await dead.close();
  const servers = [upstreamServer(gone), upstreamServer(gone)];
  const upstreams = [{ ...GROUP, servers }];
  const server = streamServer({
    streamContent: { kind: 'proxy', to: 'u' },
    proxyTriesNext: false,
    accessLogs: logTo('a', 'status', 'upstream_addr'),
  });
  const site = await runStream(world, [server], { upstreams });
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await site.close();
  t.is(site.logs.get('a'), `502 ${portText(gone)}\n`);
});

rule('a group with nobody to ask is named in the log', async (t, world) => {
  const down = { ...upstreamServer({ ...world.any, port: 9 }), down: true };
  const upstreams = [{ ...GROUP, servers: [down, down] }];
  const accessLogs = logTo('a', 'status', 'upstream_addr');
  const server = streamServer({ streamContent: { kind: 'proxy', to: 'u' }, accessLogs });
  const site = await runStream(world, [server], { upstreams });
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await site.close();
  t.is(site.logs.get('a'), '502 u\n');
  t.regex(site.errors.join('\n'), /no live upstreams while connecting to upstream, client: /);
});

rule('a variable that names no address ends the session with 500', async (t, world) => {
  const names: StreamServerConf['streamContent'] = { kind: 'proxy', to: [{ name: 'protocol' }] };
  const accessLogs = logTo('a', 'status');
  const site = await runStream(world, [streamServer({ streamContent: names, accessLogs })]);
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await site.close();
  t.is(site.logs.get('a'), '500\n');
  t.regex(site.errors.join('\n'), /no port in upstream "TCP"/);
});

rule('proxy_timeout ends a session in which nothing moves', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const conf = { streamContent: to(listener.endpoint), proxyTimeout: 100 };
  const site = await runStream(world, [streamServer(conf)]);
  const [client, upstream] = await through(world, site, listener);
  t.is(await textOf(client), '');
  t.is(await textOf(upstream), '');
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
  t.regex(site.errors.join('\n'), /connection timed out \(110: Connection timed out\)/);
});

rule('proxy_protocol tells the server who the client is, before its bytes', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const conf = { streamContent: to(listener.endpoint), proxyProtocolOut: 1 as const };
  const site = await runStream(world, [streamServer(conf)]);
  const [client, upstream] = await through(world, site, listener);
  await client.send(Buffer.from('hello'));
  await client.shutdown();
  t.regex(await textOf(upstream), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhello$/);
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
});

rule('a rate makes a session take its time, and loses nothing', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const conf = { streamContent: to(listener.endpoint), proxyDownloadRate: '1000' };
  const site = await runStream(world, [streamServer(conf)]);
  const [client, upstream] = await through(world, site, listener);
  const startedMs = world.port.loop.nowMs();
  const sent = 'x'.repeat(2_000);
  await upstream.send(Buffer.from(sent));
  await upstream.shutdown();
  t.is(await textOf(client), sent);
  t.true(world.port.loop.nowMs() - startedMs >= 900, 'the second thousand came a second later');
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
});

rule('the end of the site waits for its sessions, but no longer than it may', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const site = await runStream(world, [streamServer({ streamContent: to(listener.endpoint) })]);
  const [client, upstream] = await through(world, site, listener);
  const closing = site.close(2_000);
  t.false(await within(world, closing, 50), 'a session is open');
  await client.send(Buffer.from('on'));
  t.is(await textOfBytes(upstream, 2), 'on', 'and works');
  await closing;
  await t.throwsAsync(textOf(client));
  await Promise.all([client.close({ how: 'reset' }), upstream.close({ how: 'reset' })]);
  await listener.close();
});

rule('an address that is none of ours is not held against the server', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const servers = [upstreamServer(listener.endpoint), upstreamServer(listener.endpoint)];
  const server = streamServer({
    streamContent: { kind: 'proxy', to: 'u' },
    proxyBind: '192.0.2.9',
    accessLogs: logTo('a', 'status', 'upstream_addr'),
  });
  const site = await runStream(world, [server], { upstreams: [{ ...GROUP, servers }] });
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await listener.close();
  await site.close();
  t.is(site.logs.get('a'), `500 ${portText(listener.endpoint)}\n`);
});
