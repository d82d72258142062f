import type { Endpoint } from '../../../src/core/endpoint.ts';
import { openUdp, type Udp } from '../../../src/net/index.ts';
import type { StreamServerConf } from '../../../src/server/index.ts';
import { rule, type World, within } from '../../net/worlds.ts';
import {
  GROUP,
  logTo,
  portText,
  type RunningStream,
  runStream,
  streamListen,
  streamServer,
  upstreamServer,
} from './stream-kit.ts';

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** A server that answers every datagram with `times` of its own, and says from where it came. */
async function echo(world: World, times = 1): Promise<Udp> {
  const server = await openUdp(world.port, world.any);
  void (async () => {
    for await (const { data, from } of server) {
      for (let i = 0; i < times; i += 1) {
        await server.send(Buffer.from(`${text(data)} from ${from?.port}`), from);
      }
    }
  })();
  return server;
}

async function proxyTo(
  world: World,
  endpoint: Endpoint,
  conf: Partial<StreamServerConf> = {},
): Promise<RunningStream> {
  return runStream(world, [
    streamServer({
      streamListens: [streamListen(world.any, { udp: true })],
      streamContent: { kind: 'proxy', to: portText(endpoint) },
      accessLogs: logTo('a', 'status', 'bytes_received', 'bytes_sent', 'protocol'),
      ...conf,
    }),
  ]);
}

async function ask(client: Udp, site: RunningStream, question: string): Promise<string> {
  await client.send(Buffer.from(question), site.endpoints[0] as Endpoint);
  return text((await client.recv()).data);
}

rule('datagrams of a client go through one session and one socket', async (t, world) => {
  const server = await echo(world);
  const site = await proxyTo(world, server.endpoint);
  const [client, other] = [
    await openUdp(world.port, world.any),
    await openUdp(world.port, world.any),
  ];
  const first = await ask(client, site, 'a');
  t.is(await ask(client, site, 'a'), first, 'the same socket');
  t.not(await ask(other, site, 'a'), first, 'another client has one of its own');
  await Promise.all([client.close(), other.close()]);
  await site.close();
  await server.close();
  const [one = '', two = ''] = (site.logs.get('a') ?? '').split('\n').sort().slice(1);
  t.regex(one, /^200 1 \d+ UDP$/);
  t.regex(two, /^200 2 \d+ UDP$/);
});

rule('proxy_responses ends a session when all answers are there', async (t, world) => {
  const server = await echo(world);
  const site = await proxyTo(world, server.endpoint, { proxyResponses: 1 });
  const client = await openUdp(world.port, world.any);
  const first = await ask(client, site, 'a');
  t.not(await ask(client, site, 'a'), first, 'the second datagram is another session');
  await client.close();
  await site.close();
  await server.close();
  t.is((site.logs.get('a') ?? '').split('\n').length, 3);
});

rule('proxy_requests gives later datagrams another session', async (t, world) => {
  const server = await echo(world, 2);
  const site = await proxyTo(world, server.endpoint, { proxyRequests: 2 });
  const client = await openUdp(world.port, world.any);
  const answers = [];
  for (let i = 0; i < 3; i += 1) {
    answers.push(await ask(client, site, 'a'));
    t.is(text((await client.recv()).data), answers[i] ?? '', 'each datagram has two answers');
  }
  t.is(answers[0], answers[1]);
  t.not(answers[1], answers[2]);
  await client.close();
  await site.close();
  await server.close();
});

rule('a server without a socket fails the session, and is left alone', async (t, world) => {
  if (world.port.capabilities.icmp === 'none') {
    t.pass('this adapter has no notices');
    return;
  }
  const gone = await openUdp(world.port, world.any);
  await gone.close();
  const server = await echo(world);
  const servers = [upstreamServer(gone.endpoint), upstreamServer(server.endpoint)];
  const site = await runStream(
    world,
    [
      streamServer({
        streamListens: [streamListen(world.any, { udp: true })],
        streamContent: { kind: 'proxy', to: 'u' },
        proxyResponses: 1,
        accessLogs: logTo('a', 'status', 'upstream_addr'),
      }),
    ],
    { upstreams: [{ ...GROUP, servers }] },
  );
  const [endpoint] = site.endpoints as [Endpoint];
  const lost = await openUdp(world.port, world.any);
  await lost.send(Buffer.from('a'), endpoint);
  const failed = `502 ${portText(gone.endpoint)}\n`;
  for (let tries = 0; tries < 200 && site.logs.get('a') !== failed; tries += 1) {
    await within(world, new Promise(() => {}), 10);
  }
  t.is(site.logs.get('a'), failed);
  for (let i = 0; i < 3; i += 1) t.regex(await ask(lost, site, 'b'), /^b from/);
  await Promise.all([lost.close(), server.close()]);
  await site.close();
});

rule('an empty datagram is a datagram', async (t, world) => {
  const server = await openUdp(world.port, world.any);
  const site = await proxyTo(world, server.endpoint);
  const client = await openUdp(world.port, world.any);
  await client.send(Buffer.alloc(0), site.endpoints[0] as Endpoint);
  const { size, from } = await server.recv();
  t.is(size, 0);
  await server.send(Buffer.alloc(0), from);
  t.is((await client.recv()).size, 0);
  await Promise.all([client.close(), server.close()]);
  await site.close();
});

rule('return answers a datagram with one', async (t, world) => {
  const site = await runStream(world, [
    streamServer({
      streamListens: [streamListen(world.any, { udp: true })],
      streamContent: { kind: 'return', text: ['is ', { name: 'protocol' }] },
    }),
  ]);
  const client = await openUdp(world.port, world.any);
  t.is(await ask(client, site, '?'), 'is UDP');
  t.is(await ask(client, site, '?'), 'is UDP');
  await client.close();
  await site.close();
});

rule('a rate holds back answers', async (t, world) => {
  const server = await echo(world);
  const site = await proxyTo(world, server.endpoint, { proxyDownloadRate: '500' });
  const client = await openUdp(world.port, world.any);
  const long = 'x'.repeat(500);
  await ask(client, site, long);
  const startedMs = world.port.loop.nowMs();
  await ask(client, site, long);
  t.true(world.port.loop.nowMs() - startedMs >= 900);
  await Promise.all([client.close(), server.close()]);
  await site.close();
});

rule('the end of the site does not wait for idle clients', async (t, world) => {
  const server = await echo(world);
  const site = await proxyTo(world, server.endpoint);
  const client = await openUdp(world.port, world.any);
  await ask(client, site, 'a');
  const startedMs = world.port.loop.nowMs();
  await site.close(Number.POSITIVE_INFINITY);
  t.true(world.port.loop.nowMs() - startedMs < 5_000);
  await Promise.all([client.close(), server.close()]);
});
