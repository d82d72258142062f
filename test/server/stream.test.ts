import type { Endpoint } from '../../src/core/endpoint.ts';
import { connect, listen, type Stream } from '../../src/net/index.ts';
import type { StreamServerConf } from '../../src/server/index.ts';
import { rule, textOf, textOfBytes, type World, within } from '../net/worlds.ts';
import { logTo, portText, runStream, streamListen, streamServer } from './stream-kit.ts';

/** A server that returns a text. */
function returns(text: StreamServerConf['streamContent'] & object): StreamServerConf {
  return streamServer({ streamContent: text });
}

function to(endpoint: Endpoint): StreamServerConf['streamContent'] {
  return { kind: 'proxy', to: portText(endpoint) };
}

/** Connects, sends a text, and reads to the end. */
async function ask(world: World, endpoint: Endpoint, text = ''): Promise<string> {
  const stream = await connect(world.port, endpoint);
  if (text !== '') await stream.send(Buffer.from(text, 'latin1'));
  const answer = await textOf(stream);
  await stream.close();
  return answer;
}

/** The next connection of a listener together with who has made it. */
async function through(
  world: World,
  site: { readonly endpoints: readonly Endpoint[] },
  listener: Awaited<ReturnType<typeof listen>>,
): Promise<[Stream, Stream]> {
  return Promise.all([connect(world.port, site.endpoints[0] as Endpoint), listener.accept()]);
}

rule('return sends its text, with variables, and closes', async (t, world) => {
  const text = ['<', { name: 'protocol' }, ' ', { name: 'server_port' }, '>'];
  const site = await runStream(world, [returns({ kind: 'return', text })]);
  const [endpoint] = site.endpoints as [Endpoint];
  t.is(await ask(world, endpoint), `<TCP ${endpoint.port}>`);
  await site.close();
});

rule('a server without content ends its clients', async (t, world) => {
  const site = await runStream(world, [streamServer({ accessLogs: logTo('a', 'status') })]);
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await site.close();
  t.is(site.logs.get('a'), '500\n');
});

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
  await Promise.all([client.close(), upstream.close(), listener.close()]);
  await site.close(5_000);
  t.is(site.logs.get('a'), `${portText(gone)}, ${portText(listener.endpoint)}\n`);
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

rule('a PROXY protocol head is read, and what follows it goes on', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const listens = [streamListen(world.any, { proxyProtocol: true })];
  const server = streamServer({
    streamListens: listens,
    streamContent: to(listener.endpoint),
    realIpFrom: ['127.0.0.0/8'],
    accessLogs: logTo('a', 'remote_addr', 'remote_port', 'realip_remote_addr', 'bytes_received'),
  });
  const site = await runStream(world, [server]);
  const [client, upstream] = await Promise.all([
    connect(world.port, site.endpoints[0] as Endpoint).then(async (stream) => {
      await stream.send(Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 12 34\r\nabc'));
      return stream;
    }),
    listener.accept(),
  ]);
  t.is(await textOfBytes(upstream, 3), 'abc');
  await client.close();
  await Promise.all([upstream.close(), listener.close()]);
  await site.close(5_000);
  t.is(site.logs.get('a'), '192.0.2.1 12 127.0.0.1 3\n');
});

rule('what is no PROXY protocol head ends the session with 400', async (t, world) => {
  const listens = [streamListen(world.any, { proxyProtocol: true })];
  const server = streamServer({
    streamListens: listens,
    streamContent: { kind: 'return', text: 'never' },
    accessLogs: logTo('a', 'status'),
  });
  const site = await runStream(world, [server]);
  const stream = await connect(world.port, site.endpoints[0] as Endpoint);
  await stream.send(Buffer.from('PROXY INVALID'));
  await t.throwsAsync(textOf(stream));
  await stream.close({ how: 'reset' });
  await site.close();
  t.is(site.logs.get('a'), '400\n');
});

rule('deny keeps a client out before anything is done for it', async (t, world) => {
  const server = streamServer({
    streamContent: { kind: 'return', text: 'never' },
    accessRules: [{ allow: false, from: 'all' }],
    accessLogs: logTo('a', 'status'),
  });
  const site = await runStream(world, [server]);
  t.is(await ask(world, site.endpoints[0] as Endpoint), '');
  await site.close();
  t.is(site.logs.get('a'), '403\n');
});

rule('limit_conn counts sessions until they end', async (t, world) => {
  const listener = await listen(world.port, world.any);
  const server = streamServer({
    streamContent: to(listener.endpoint),
    connectionLimits: [{ zone: 'z', max: 1 }],
    accessLogs: logTo('a', 'status', 'limit_conn_status'),
  });
  const connectionZones = [{ name: 'z', bytes: 32_768, key: [{ name: 'remote_addr' }] }];
  const site = await runStream(world, [server], { connectionZones });
  const [client, upstream] = await through(world, site, listener);
  t.is(await ask(world, site.endpoints[0] as Endpoint), '', 'one is there already');
  await Promise.all([client.close(), upstream.close()]);
  const [another, its] = await through(world, site, listener);
  await Promise.all([another.close(), its.close(), listener.close()]);
  await site.close(5_000);
  t.is(site.logs.get('a'), '503 REJECTED\n200 PASSED\n200 PASSED\n');
});

rule('set gives a variable its value before the content', async (t, world) => {
  const server = streamServer({
    streamContent: { kind: 'return', text: [{ name: 'mine' }] },
    sets: [{ variable: 'mine', value: ['a', { name: 'protocol' }] }],
  });
  const other = streamServer({ streamContent: { kind: 'return', text: ['-', { name: 'mine' }] } });
  const site = await runStream(world, [server, other]);
  const [first, second] = site.endpoints as [Endpoint, Endpoint];
  t.is(await ask(world, first), 'aTCP');
  t.is(await ask(world, second), '-', 'where nobody has set it, it is empty');
  await site.close();
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
  const closing = site.close(400);
  t.false(await within(world, closing, 100), 'a session is open');
  await client.send(Buffer.from('on'));
  t.is(await textOfBytes(upstream, 2), 'on', 'and works');
  await closing;
  await t.throwsAsync(textOf(client));
  await Promise.all([client.close({ how: 'reset' }), upstream.close({ how: 'reset' })]);
  await listener.close();
});

function upstreamServer(endpoint: Endpoint) {
  return {
    address: portText(endpoint),
    weight: 1,
    maxConns: 0,
    maxFails: 1,
    failTimeout: 10_000,
    backup: false,
    down: false,
    resolve: false,
    service: undefined,
    drain: false,
    route: undefined,
  };
}

const GROUP = {
  name: 'u',
  balance: { method: 'round-robin' },
  zone: undefined,
  sticky: undefined,
  resolver: undefined,
  resolverTimeout: 30_000,
  keepalive: 0,
  keepaliveRequests: 1,
  keepaliveTime: 1,
  keepaliveTimeout: 1,
} as const;

rule('pass gives a connection to another address of the program', async (t, world) => {
  const listens = [streamListen(world.any, { text: 'passes' })];
  let other: Endpoint | undefined;
  const { endpoints, ...site } = await runStream(world, [
    streamServer({
      streamListens: listens,
      streamContent: { kind: 'pass', to: [{ name: 'where' }] },
      sets: [{ variable: 'where', value: '' }],
      accessLogs: logTo('a', 'status'),
    }),
    returns({ kind: 'return', text: 'passed' }),
  ]);
  const [first, second] = endpoints as [Endpoint, Endpoint];
  other = second;
  site.site.listeners[0]?.server.preAccess.push((session) => {
    site.site.variables.find('where').set?.(session, portText(other as Endpoint));
    return 0;
  });
  t.is(await ask(world, first), 'passed');
  other = first;
  t.is(await ask(world, first), '', 'a circle has an end');
  await site.close();
  t.is(site.logs.get('a'), '500\n', 'what was passed on has its line there');
  t.regex(site.errors.join('\n'), /stream pass cycle detected/);
});
