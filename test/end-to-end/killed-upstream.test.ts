import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Peer } from '../proxy/peer.ts';
import { REAL_PORTS } from '../support/real-ports.ts';
import { Program } from './program.ts';

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

for (const adapter of Object.keys(REAL_PORTS)) {
  const title = 'a server that is killed costs its half answers, and the next server takes over';
  test(`${title} (${adapter})`, (t) => killServers(t, adapter));
}

async function killServers(t: ExecutionContext, adapter: string): Promise<void> {
  t.timeout(20_000, 'the test has not ended');
  const servers = [Program.run(t, 'upstream-program'), Program.run(t, 'upstream-program')];
  const ports = await Promise.all(servers.map(async (server) => (await server.ask('listen')).port));
  const proxy = Program.run(t, 'proxy-program', adapter, ...ports.map(String));
  const { port = 0 } = await proxy.ask('listen');
  const clients = await Promise.all(Array.from({ length: 8 }, () => Peer.connect(port)));
  for (const client of clients) {
    client.write(GET('/small'));
    t.is((await client.response()).status, 200);
  }

  // Idle connections to the dead server are known to be dead before they are used.
  servers[0]?.kill();
  await servers[0]?.exited;
  for (const client of clients) {
    client.write(GET('/small'));
    t.is((await client.response()).status, 200, 'the other server serves');
  }

  const half = clients[0] as Peer;
  half.write(GET('/half'));
  await half.head();
  while (half.received === 0) await setTimeout(1);
  servers[1]?.kill();
  await servers[1]?.exited;
  t.is((await half.rest()).end, 'reset', 'the cut is seen');
  for (const client of clients.slice(1)) {
    client.write(GET('/small'));
    t.is((await client.response()).status, 502, 'nobody is left');
    client.reset();
  }
  const state = await proxy.until(({ sockets, connections }) => sockets === 1 && connections === 0);
  t.like(state, { buffers: 0, parsers: 0, 200: 17, 502: 7 });
  t.is(proxy.errors, '');
}
