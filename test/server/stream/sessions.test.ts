import type { Endpoint } from '../../../src/core/endpoint.ts';
import { connect, listen } from '../../../src/net/index.ts';
import { rule, textOf, textOfBytes } from '../../net/worlds.ts';
import {
  ask,
  logTo,
  portText,
  returns,
  runStream,
  streamListen,
  streamServer,
  through,
  to,
} from './stream-kit.ts';

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
