import test from 'ava';
import { SERVER_IN_FLIGHT_MAX, WAITING_MAX } from '../../../src/dns/transport/settings.ts';
import { rule } from '../../net/worlds.ts';
import { answering, type NameServer, reply, silent } from '../../support/name-server.ts';
import { ask, asked, playSim, scene, simRule, sleep, textOf } from './transport-world.ts';

const IS_LONG = process.env.SLUICE_LONG === '1';
const GOOD = '192.0.2.1';
const OTHER = '192.0.2.2';
const A = { name: '\x01a\0', type: 1 };

simRule(
  'at the bound questions wait in order, under their own deadlines',
  [silent],
  { maxInFlight: 2 },
  async ({ t, port, transport, servers, nowMs }) => {
    const [server] = servers as [NameServer];
    const ends: string[] = [];
    const add = (name: string, timeoutMs: number) =>
      asked(transport, name, timeoutMs).then((end) => ends.push(`${name} ${end} ${nowMs()}`));
    const all = [
      add('a.test', 1_000),
      add('b.test', 900),
      add('c.test', 5_000),
      add('d.test', 300),
      add('e.test', 5_000),
    ];
    await sleep(port, 100);
    t.deepEqual([transport.stats.inFlight, transport.stats.waiting], [2, 3]);
    t.is(server.queries.length, 2);
    await sleep(port, 400);
    server.script = answering(GOOD);
    await Promise.all(all);
    t.deepEqual(ends, [
      'd.test ETIMEOUT 300',
      'b.test ETIMEOUT 900',
      `c.test ${GOOD} 900`,
      `e.test ${GOOD} 900`,
      'a.test ETIMEOUT 1000',
    ]);
  },
);

simRule(
  'who asks when a place has just become free stands behind those that wait',
  [answering(GOOD)],
  { maxInFlight: 1 },
  async ({ t, port, transport, servers }) => {
    const deadlineMs = port.loop.nowMs() + 5_000;
    const last = new Promise<string>((resolve) => {
      transport.ask(A, deadlineMs, () => resolve(asked(transport, 'late.test')));
    });
    const waiting = asked(transport, 'early.test');
    await Promise.all([last, waiting]);
    const names = servers[0]?.queries.map(({ name }) => name.toLowerCase());
    t.deepEqual(names, ['a', 'early.test', 'late.test']);
  },
);

simRule(
  'one that waits can be cancelled, and those behind it move up',
  [answering(GOOD, 100)],
  { maxInFlight: 1 },
  async ({ t, transport, nowMs }) => {
    const first = asked(transport, 'a.test');
    const gone = transport.ask(A, 5_000, () => t.fail());
    const third = asked(transport, 'c.test');
    gone.cancel();
    gone.cancel();
    t.is(transport.stats.waiting, 1);
    t.is(await first, GOOD);
    t.is(await third, GOOD);
    t.is(nowMs(), 200);
  },
);

test('more may wait than this many: one more is refused at once', async (t) => {
  await playSim(t, [silent], { maxInFlight: 1 }, async ({ transport, port }) => {
    let ended = 0;
    for (let i = 0; i <= WAITING_MAX; i += 1) transport.ask(A, 1_000, () => (ended += 1));
    t.is(transport.stats.waiting, WAITING_MAX);
    await sleep(port, 10);
    t.is(ended, 0);
    t.is(await asked(transport, 'one.more'), 'ENOSERVER');
    await sleep(port, 1_000);
    t.is(ended, WAITING_MAX + 1);
  });
});

simRule(
  'a server has 1,000 attempts under way at most: the next goes to another, or waits',
  [silent, silent],
  { attempt: { perServer: 1 } },
  async ({ t, port, transport, servers }) => {
    const [first, second] = servers as [NameServer, NameServer];
    const ends: Promise<string>[] = [];
    const add = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        ends.push(asked(transport, 'a.test', 1_900));
        if (i % 100 === 99) await sleep(port, 1);
      }
      await sleep(port, 1);
    };
    await add(SERVER_IN_FLIGHT_MAX);
    t.deepEqual([first.queries.length, second.queries.length], [1_000, 0]);
    await add(1);
    t.deepEqual([first.queries.length, second.queries.length], [1_000, 1]);
    await add(SERVER_IN_FLIGHT_MAX);
    t.deepEqual([first.queries.length, second.queries.length], [1_000, 1_000]);
    t.deepEqual([transport.stats.inFlight, transport.stats.waiting], [2_001, 1]);
    second.script = answering(OTHER);
    for (const { send } of second.queries.slice(0, 1)) send(reply(second.queries[0] as never));
    await sleep(port, 1);
    t.is(transport.stats.waiting, 0);
    await Promise.all(ends);
  },
);

rule('without servers there is an answer all the same', async (t, world) => {
  const { transport, close } = await scene(world, []);
  let inside = true;
  const end = new Promise<string>((resolve) => {
    transport.ask(A, world.port.loop.nowMs() + 1_000, (failure) => {
      t.false(inside, 'not inside the call');
      resolve(textOf(failure));
    });
  });
  inside = false;
  t.is(await end, 'ENOSERVER');
  await close();
});

simRule(
  'servers can be changed while questions are under way, which go on',
  [answering(GOOD, 500), answering(OTHER)],
  {},
  async ({ t, port, transport, servers, nowMs }) => {
    const [first, second] = servers as [NameServer, NameServer];
    const end = asked(transport, 'a.test');
    await sleep(port, 10);
    transport.setServers([{ endpoint: second.endpoint, transport: 'udp' }]);
    t.is(await asked(transport, 'b.test'), OTHER);
    t.is(nowMs(), 10);
    t.is(await end, GOOD, 'the answer of a server that is gone is still good');
    t.is(first.queries.length, 1);
    await sleep(port, 1);
    transport.setServers([
      { endpoint: first.endpoint, transport: 'udp' },
      { endpoint: second.endpoint, transport: 'udp' },
      { endpoint: second.endpoint, transport: 'udp' },
    ]);
    t.is(transport.stats.servers.length, 2, 'twice the same is one');
    t.is(transport.stats.servers[1]?.queries, 1, 'what is known of a server that stays is kept');
    transport.setServers([]);
    t.is(await asked(transport, 'c.test'), 'ENOSERVER');
    const many = Array.from({ length: 33 }, (_, i) => ({
      endpoint: { family: 'ipv4', address: `192.0.2.${i + 1}`, port: 53 } as const,
      transport: 'udp' as const,
    }));
    t.throws(() => transport.setServers(many), { instanceOf: RangeError });
    transport.setServers(many.slice(0, 32));
    t.is(await asked(transport, 'd.test', 1_000), 'ENOSERVER');
  },
);

simRule(
  'with 32 servers each is asked once in each round',
  [silent],
  { attempt: { initialMs: 10, minMs: 10 } },
  async ({ t, transport, world }) => {
    const hosts = Array.from({ length: 32 }, (_, i) => `192.0.2.${100 + i}`);
    for (const address of hosts) world.host(address, address);
    transport.setServers(
      hosts.map((address) => ({
        endpoint: { family: 'ipv4', address, port: 53 },
        transport: 'udp' as const,
      })),
    );
    const end = await ask(transport, 'a.test');
    t.is(end.kind === 'failure' && end.attempts.length, 64);
    t.true(transport.stats.servers.every(({ queries }) => queries === 2));
  },
);

test('case 41: all servers dead, 1,000 look-ups a second: sockets and timers are bounded', async (t) => {
  t.timeout(300_000);
  const seconds = IS_LONG ? 60 : 8;
  await playSim(t, [silent, silent], {}, async ({ transport, port, servers }) => {
    let ended = 0;
    let sockets = 0;
    let timers = 0;
    for (let i = 0; i < seconds * 100; i += 1) {
      for (let burst = 0; burst < 10; burst += 1) {
        transport.ask(A, port.loop.nowMs() + 30_000, () => (ended += 1));
      }
      await sleep(port, 10);
      sockets = Math.max(sockets, port.openSockets);
      timers = Math.max(timers, port.loop.pendingTimers);
    }
    t.true(sockets <= 2 * 8 * 4, `${sockets} sockets`);
    t.true(timers <= 2, `${timers} timers`);
    await sleep(port, 40_000);
    t.is(ended, seconds * 1_000);
    t.is(port.openSockets, 0);
    const [first] = servers as [NameServer, NameServer];
    first.script = answering(GOOD);
    t.is(await asked(transport, 'b.test'), GOOD, 'without a restart');
  });
});

simRule(
  'case 47: what a suspended machine slept through ends by its deadline, and it goes on',
  [answering(GOOD), silent],
  {},
  async ({ t, port, world, transport, servers, nowMs }) => {
    const [first] = servers as [NameServer];
    t.is(await asked(transport, 'a.test'), GOOD);
    first.script = silent;
    const end = asked(transport, 'b.test', 20_000);
    await sleep(port, 100);
    world.events.nowMs += 3_600_000;
    t.is(await end, 'ETIMEOUT');
    t.true(nowMs() < 3_600_200, 'at once');
    first.script = answering(GOOD);
    t.is(await asked(transport, 'c.test'), GOOD);
    await sleep(port, 10_001);
    t.is(port.openSockets, 0);
  },
);

simRule(
  'a name server over TCP alone is never asked over UDP',
  [answering(GOOD)],
  { tcp: true },
  async ({ t, transport, servers }) => {
    const [server] = servers as [NameServer];
    transport.setServers([{ endpoint: server.endpoint, transport: 'tcp' }]);
    const ends = await Promise.all(['a.test', 'b.test'].map((name) => asked(transport, name)));
    t.deepEqual(ends, [GOOD, GOOD]);
    t.deepEqual(
      server.queries.map(({ over }) => over),
      ['tcp', 'tcp'],
    );
  },
);

test('a transport that was never used has nothing to close', async (t) => {
  await playSim(t, [], {}, async ({ port }) => {
    t.is(port.openSockets, 0);
    t.is(port.loop.pendingTimers, 0);
  });
});
