import test from 'ava';
import { simFault } from '../../../adapters/sim/sim-faults.ts';
import { SOCKETS_FACTOR } from '../../../src/dns/transport/socket-pool.ts';
import { rule } from '../../net/worlds.ts';
import { answering, type NameServer, reply, silent } from '../../support/name-server.ts';
import { ask, asked, outcomes, playSim, scene, simRule, sleep, textOf } from './transport-world.ts';

const GOOD = '192.0.2.1';
const OTHER = '192.0.2.2';

/** Pearson's statistic of how often each of `size` equally likely things came. */
function chiSquare(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Exceeded once in about 3 million runs: the mean and five deviations. */
function limitOf(cells: number): number {
  return cells - 1 + 5 * Math.sqrt(2 * (cells - 1));
}

simRule(
  'case 12: numbers and ports of 10,000 queries are evenly spread',
  [answering(GOOD)],
  { sockets: { queriesEach: 1_000_000 } },
  async ({ t, transport, servers }) => {
    for (let left = 10_000; left > 0; left -= 100) {
      await Promise.all(Array.from({ length: 100 }, () => asked(transport, 'a.test')));
    }
    const [server] = servers as [NameServer];
    t.is(server.queries.length, 10_000);
    const byPort = new Map<number, number>();
    const high = new Array<number>(256).fill(0);
    const low = new Array<number>(256).fill(0);
    for (const { id, from } of server.queries) {
      byPort.set(from.port, (byPort.get(from.port) ?? 0) + 1);
      high[id >>> 8] = (high[id >>> 8] as number) + 1;
      low[id & 255] = (low[id & 255] as number) + 1;
    }
    t.is(byPort.size, 8);
    t.true(chiSquare([...byPort.values()]) < limitOf(8));
    t.true(chiSquare(high) < limitOf(256));
    t.true(chiSquare(low) < limitOf(256));
  },
);

simRule(
  'case 12: numbers are unique on each socket, even when it is used far beyond its turn',
  [silent],
  { sockets: { perServer: 1, queriesEach: 1_000_000 } },
  async ({ t, port, transport, servers }) => {
    const ends: Promise<string>[] = [];
    while (ends.length < 1_000) {
      ends.push(asked(transport, 'a.test', 1_000));
      if (ends.length % 100 === 0) await sleep(port, 1);
    }
    await Promise.all(ends);
    const ids = servers[0]?.queries.map(({ id }) => id) ?? [];
    t.is(ids.length, 1_000);
    t.is(new Set(ids).size, 1_000);
  },
);

simRule(
  'a socket takes 64 queries, and none after 10 s',
  [answering(GOOD)],
  { sockets: { perServer: 1 } },
  async ({ t, port, transport, servers }) => {
    const [server] = servers as [NameServer];
    for (let i = 0; i < 65; i += 1) t.is(await asked(transport, 'a.test'), GOOD);
    t.is(new Set(server.ports.slice(0, 64)).size, 1);
    t.not(server.ports[64], server.ports[63]);
    await sleep(port, 9_990);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(server.ports[65], server.ports[64]);
    await sleep(port, 10);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.not(server.ports[66], server.ports[65]);
  },
);

simRule(
  'idle for 10 s, there is no socket and no timer',
  [answering(GOOD)],
  { tcp: true },
  async ({ t, port, transport, servers, nowMs }) => {
    for (let i = 0; i < 20; i += 1) await asked(transport, 'a.test');
    (servers[0] as NameServer).script = (query) => {
      query.send(reply(query, { truncated: query.over === 'udp', addresses: [GOOD] }));
    };
    t.is(await asked(transport, 'a.test'), GOOD);
    const beganMs = nowMs();
    t.true(port.openSockets > 8);
    // The TCP connection lingers for the server's end, and this test's own sleep is a timer.
    await sleep(port, 10_001);
    t.is(port.openSockets, 0);
    t.is(port.loop.pendingTimers, 0);
    t.true(nowMs() - beganMs < 10_010);
  },
);

simRule(
  'sockets that wait for late answers are bounded: then those there are go on being used',
  [silent],
  { sockets: { perServer: 2, queriesEach: 4 } },
  async ({ t, port, transport, servers }) => {
    const bound = 2 * SOCKETS_FACTOR;
    const ends: Promise<string>[] = [];
    let most = 0;
    for (let i = 0; i < 100; i += 1) {
      ends.push(asked(transport, 'a.test', 1_500));
      await sleep(port, 1);
      most = Math.max(most, port.openSockets);
    }
    t.is(most, bound);
    await Promise.all(ends);
    t.is(servers[0]?.queries.length, 100);
    t.is(new Set(servers[0]?.ports).size, bound);
    await sleep(port, 10_001);
    t.is(port.openSockets, 0);
  },
);

simRule(
  'case 42: without a descriptor the sockets there are go on being used',
  [answering(GOOD)],
  { sockets: { perServer: 4, queriesEach: 2 } },
  async ({ t, near, port, transport, servers, nowMs }) => {
    for (let i = 0; i < 4; i += 1) await asked(transport, 'a.test');
    near.maxDescriptors = near.descriptors;
    for (let i = 0; i < 50; i += 1) t.is(await asked(transport, 'a.test'), GOOD);
    t.is(nowMs(), 0, 'nobody had to wait');
    t.is(servers[0]?.queries.length, 54);
    t.false(transport.stats.servers[0]?.failing ?? true);
    t.true(port.openSockets <= near.maxDescriptors);
  },
);

simRule(
  'case 42: without any socket it is tried again, and the server is not blamed',
  [answering(GOOD)],
  {},
  async ({ t, near, transport, port }) => {
    near.maxDescriptors = near.descriptors;
    const end = asked(transport, 'a.test');
    await sleep(port, 1_000);
    near.maxDescriptors = 65_536;
    t.is(await end, GOOD);
    near.maxDescriptors = 0;
    await sleep(port, 10_000);
    const failed = await ask(transport, 'b.test');
    t.is(textOf(failed), 'ENOSERVER');
    t.deepEqual(outcomes(failed), ['fileDescriptors (EMFILE)', 'fileDescriptors (EMFILE)']);
    t.false(transport.stats.servers[0]?.failing ?? true);
    near.maxDescriptors = 65_536;
    t.is(await asked(transport, 'c.test'), GOOD);
  },
);

simRule(
  'case 43: an IPv6 server that cannot be reached is a failure of that server only',
  [answering(GOOD)],
  { servers: [{ family: 'ipv6', address: '2001:db8:1::53', port: 53 }] },
  async ({ t, transport, servers, nowMs }) => {
    transport.setServers([
      { endpoint: { family: 'ipv6', address: '2001:db8:1::53', port: 53 }, transport: 'udp' },
      { endpoint: (servers[0] as NameServer).endpoint, transport: 'udp' },
    ]);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(nowMs(), 0);
    t.deepEqual(
      transport.stats.servers.map(({ failing }) => failing),
      [true, false],
    );
  },
);

for (const kind of ['udpOpen', 'udpSend', 'udpPeek', 'udpRecv'] as const) {
  test(`a local error of ${kind} costs an attempt at most, and leaves nothing`, async (t) => {
    for (let nth = 1; nth <= 12; nth += 1) {
      await playSim(
        t,
        [answering(GOOD, 1), answering(OTHER, 1)],
        {},
        async ({ transport, world, port }) => {
          world.failNth(kind, nth, simFault('noBuffers'));
          for (let i = 0; i < 3; i += 1) {
            const ends = ['a.test', 'b.test'].map((name) => asked(transport, name, 10_000));
            for (const end of await Promise.all(ends)) t.true([GOOD, OTHER].includes(end), end);
          }
          await sleep(port, 10_001);
        },
      );
    }
  });
}

rule('closing ends every question as cancelled, once, and leaves no socket', async (t, world) => {
  const { transport, close } = await scene(world, [silent]);
  const ends: Promise<string>[] = [];
  for (let i = 0; i < 1_200; i += 1) ends.push(asked(transport, 'a.test'));
  const inside: string[] = [];
  void ends[0]?.then((end) => inside.push(end));
  await sleep(world.port, 20);
  const closing = close();
  t.deepEqual(inside, [], 'nothing ends inside the call');
  t.deepEqual(new Set(await Promise.all(ends)), new Set(['ECANCELLED']));
  await closing;
  t.is(transport.stats.sockets, 0);
  t.is(transport.stats.inFlight + transport.stats.waiting, 0);
  t.is(await asked(transport, 'a.test'), 'ECANCELLED');
});

rule('a port that is closed ends every question as cancelled', async (t, world) => {
  const { transport } = await scene(world, [silent]);
  const ends = Array.from({ length: 10 }, () => asked(transport, 'a.test'));
  await sleep(world.port, 20);
  world.port.close();
  t.deepEqual(new Set(await Promise.all(ends)), new Set(['ECANCELLED']));
});

test('nobody is told by a caller that throws that others are not', async (t) => {
  await playSim(t, [silent], { onUncaught: () => {} }, async ({ transport, port }) => {
    let told = 0;
    for (let i = 0; i < 4; i += 1) {
      transport.ask({ name: '\x01a\0', type: 1 }, port.loop.nowMs() + 100, () => {
        told += 1;
        throw new Error('of a caller');
      });
    }
    await sleep(port, 200);
    t.is(told, 4);
  });
});
