import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { UdpOpenOperation } from '../../../src/core/operation.ts';
import { closeOperation, timerOperation, udpOpenOperation } from '../../../src/core/operations.ts';
import { openUdp } from '../../../src/net/index.ts';
import { DatagramSender, SENDS_MAX } from '../../../src/server/stream/datagram-sender.ts';
import { STRAYS_MAX, StreamTargets } from '../../../src/server/stream/proxy/targets.ts';
import { DATAGRAMS_WAITING_MAX, UdpProxy } from '../../../src/server/stream/proxy/udp-proxy.ts';
import type { StreamListener } from '../../../src/server/stream/stream-listener.ts';
import type { StreamSession } from '../../../src/server/stream/stream-session.ts';
import { UdpService } from '../../../src/server/stream/udp-service.ts';
import type { World } from '../../net/worlds.ts';
import { rule } from '../../net/worlds.ts';
import { portText, runStream, streamListen, streamServer } from './stream-kit.ts';

const EMPTY = new Uint8Array(0);

function pause(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = world.port.loop.nowMs() + ms;
    world.port.submit(timer);
  });
}

rule('a socket has so many datagrams on their way, and drops one more', async (t, world) => {
  const receiver = await openUdp(world.port, world.any);
  const socket = await new Promise<number>((resolve) => {
    world.port.submit(udpOpenOperation(world.any, (open) => resolve(open.socket)));
  });
  const sender = new DatagramSender(world.port, socket, SENDS_MAX);
  for (let i = 0; i < SENDS_MAX; i += 1) t.true(sender.send(EMPTY, receiver.endpoint));
  t.false(sender.send(EMPTY, receiver.endpoint));
  await receiver.recv();
  await pause(world, 20);
  t.true(sender.send(EMPTY, receiver.endpoint), 'there is room again');
  await receiver.close();
  await new Promise<void>((resolve) => {
    world.port.submit(closeOperation(socket, () => resolve()));
  });
});

rule('datagrams that wait for their rate are so many, and no more', async (t, world) => {
  const server = await openUdp(world.port, world.any);
  const site = await runStream(world, [
    streamServer({
      streamListens: [streamListen(world.any, { udp: true })],
      streamContent: { kind: 'proxy', to: portText(server.endpoint) },
      proxyUploadRate: '1',
    }),
  ]);
  const client = await openUdp(world.port, world.any);
  const [endpoint] = site.endpoints as [Endpoint];
  // The first one goes out at once; the others wait, but for the last one.
  for (let i = 0; i < DATAGRAMS_WAITING_MAX + 2; i += 1) {
    await client.send(Buffer.from('xx'), endpoint);
    await pause(world, 5);
  }
  await server.recv();
  const [session] = site.site.sessions.all() as [StreamSession];
  t.is(session.bytesReceived, 2 * (DATAGRAMS_WAITING_MAX + 2), 'all of them came');
  t.true(session.work instanceof UdpProxy);
  t.is((session.work as UdpProxy).waiting, DATAGRAMS_WAITING_MAX);
  await Promise.all([client.close(), server.close()]);
  await site.close();
});

rule('addresses that variables name are remembered up to a bound', async (t, world) => {
  const site = await runStream(world, []);
  const targets = new StreamTargets(site.site);
  const settings = { resolver: undefined, resolverTimeout: 1 };
  const first = targets.stray('127.0.0.1:1', settings);
  for (let port = 2; port <= STRAYS_MAX; port += 1) targets.stray(`127.0.0.1:${port}`, settings);
  t.is(targets.stray('127.0.0.1:1', settings), first, 'at the bound it is still known');
  targets.stray(`127.0.0.1:${STRAYS_MAX + 1}`, settings);
  t.not(targets.stray('127.0.0.1:1', settings), first, 'beyond it all were forgotten');
  await site.close();
});

rule('a socket has so many clients with a session, and one more is not heard', async (t, world) => {
  const site = await runStream(world, [
    streamServer({ streamListens: [streamListen(world.any, { udp: true })] }),
  ]);
  const [listener] = site.site.listeners as [StreamListener];
  listener.server.content = (session) => {
    session.work = { stop: () => {} };
  };
  const open = await new Promise<UdpOpenOperation>((resolve) => {
    world.port.submit(udpOpenOperation(world.any, resolve));
  });
  const service = new UdpService(listener, open.socket, 2);
  const clients = [];
  for (let i = 0; i < 3; i += 1) {
    const client = await openUdp(world.port, world.any);
    await client.send(Buffer.from('x'), open.bound as Endpoint);
    await pause(world, 20);
    t.is(site.site.sessions.size, Math.min(i + 1, 2));
    clients.push(client);
  }
  site.site.sessions.all()[0]?.finish(200);
  await clients[2]?.send(Buffer.from('x'), open.bound as Endpoint);
  await pause(world, 20);
  t.is(site.site.sessions.size, 2, 'there is room again');
  service.stop();
  await Promise.all(clients.map((client) => client.close()));
  await new Promise<void>((resolve) => {
    world.port.submit(closeOperation(open.socket, () => resolve()));
  });
  await site.close();
});
