import { rule } from '../../net/worlds.ts';
import {
  answering,
  type NameServer,
  refusing,
  reply,
  type Script,
  silent,
} from '../../support/name-server.ts';
import { ask, asked, outcomes, scene, simRule, sleep, textOf } from './transport-world.ts';

const GOOD = '192.0.2.1';
const OTHER = '192.0.2.2';

/** Cut over UDP; what `overTcp` says over TCP. */
function cut(overTcp: Script): Script {
  return (query, nth) => {
    if (query.over === 'tcp') overTcp(query, nth);
    else query.send(reply(query, { truncated: true }));
  };
}

simRule(
  'a server is asked twice, for 2 s and 4 s while nothing is known of it',
  [silent],
  {},
  async ({ t, transport, servers, nowMs }) => {
    const beganMs = nowMs();
    const end = await ask(transport, 'a.test');
    t.is(textOf(end), 'ETIMEOUT');
    t.deepEqual(outcomes(end), ['timeout', 'timeout']);
    t.deepEqual(
      servers[0]?.queries.map(({ atMs }) => atMs - beganMs),
      [0, 2_000],
    );
    t.is(nowMs() - beganMs, 6_000);
    const [first, second] = servers[0]?.queries ?? [];
    t.not(first?.id, second?.id, 'case 12: a new number for each resend');
  },
);

simRule(
  'the timeout follows the round-trip time, within its bounds, and doubles per round',
  [answering(GOOD, 100)],
  {},
  async ({ t, transport, servers, nowMs }) => {
    const [server] = servers as [NameServer];
    t.is(await asked(transport, 'a.test'), GOOD);
    server.script = silent;
    const beganMs = nowMs();
    t.is(await asked(transport, 'b.test'), 'ETIMEOUT');
    // 100 ms and a deviation of 50 ms: 300 ms, then 600 ms.
    const times = server.queries.slice(1).map(({ atMs }) => Math.round(atMs - beganMs));
    t.deepEqual(times, [0, 300]);
    t.is(Math.round(nowMs() - beganMs), 900);
  },
);

simRule(
  'an attempt that fell silent stays open: its late answer is taken',
  [answering(GOOD, 2_500), silent],
  {},
  async ({ t, transport, servers, nowMs }) => {
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(nowMs(), 2_500);
    t.is(servers[1]?.queries.length, 1);
  },
);

simRule(
  'a deadline ends it, whatever is left to be asked',
  [silent, silent],
  {},
  async ({ t, transport, nowMs }) => {
    t.is(await asked(transport, 'a.test', 300), 'ETIMEOUT');
    t.is(nowMs(), 300);
  },
);

rule('case 35: what was cut is asked for over TCP, from the same server', async (t, world) => {
  const scripts = [cut(answering(GOOD)), answering(OTHER)];
  const { transport, servers, close } = await scene(world, scripts, { tcp: true });
  t.is(await asked(transport, 'a.test'), GOOD);
  t.deepEqual(
    servers.map(({ queries }) => queries.map(({ over }) => over)),
    [['udp', 'tcp'], []],
  );
  await close();
});

rule('case 36: what was cut over TCP, too, is asked for from the next server', async (t, world) => {
  const again: Script = (query) => query.send(reply(query, { truncated: true }));
  const { transport, servers, close } = await scene(world, [cut(again), answering(OTHER)], {
    tcp: true,
  });
  t.is(await asked(transport, 'a.test'), OTHER);
  t.is(servers[0]?.queries.length, 2);
  await close();
});

rule('case 38: FORMERR, then an answer to the same query, then an end', async (t, world) => {
  const script = cut((query, nth) => {
    query.send(
      reply(query, { rcode: query.hasOpt ? 1 : 0, addresses: query.hasOpt ? [] : [GOOD] }),
    );
    if (nth === 1) query.send(reply(query, { addresses: ['192.0.2.66'] }));
  });
  const { transport, servers, close } = await scene(world, [script], { tcp: true });
  const ends: string[] = [];
  await Promise.all([
    asked(transport, 'a.test').then((end) => ends.push(end)),
    asked(transport, 'b.test').then((end) => ends.push(end)),
  ]);
  t.deepEqual(ends, [GOOD, GOOD]);
  await servers[0]?.close();
  await close();
  t.is(transport.stats.inFlight, 0);
});

rule('case 39: a server that refuses TCP is left for the next one', async (t, world) => {
  const { transport, servers, close } = await scene(world, [cut(silent), answering(OTHER)]);
  t.is(await asked(transport, 'a.test'), OTHER);
  t.is(servers[0]?.queries.length, 1, 'not the same for ever');
  t.is(await asked(transport, 'b.test'), OTHER);
  t.is(servers[0]?.queries.length, 1, 'it failed, and stands behind');
  await close();
});

for (const [name, script] of [
  ['SERVFAIL', refusing(2)],
  ['REFUSED', refusing(5)],
  ['NOTIMP', refusing(4)],
  ['FORMERR', refusing(1)],
] as const) {
  rule(`case 40: after ${name} the next server is asked at once`, async (t, world) => {
    const { transport, close } = await scene(world, [script, answering(GOOD)]);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(transport.stats.servers[0]?.timeouts, 0);
    t.true((transport.stats.servers[0]?.rcodes[name] ?? 0) > 0);
    await close();
  });
}

simRule(
  'case 40: a server dead at the start costs the first look-up one attempt, the others nothing',
  [silent, answering(GOOD, 5)],
  {},
  async ({ t, transport, nowMs }) => {
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(Math.round(nowMs()), 2_005);
    for (let i = 0; i < 50; i += 1) {
      const beganMs = nowMs();
      t.is(await asked(transport, 'b.test'), GOOD);
      t.is(Math.round(nowMs() - beganMs), 5, `look-up ${i}`);
    }
  },
);

simRule(
  'case 40: a server that died and is there again is used within 10 s, and no caller waits for it',
  [answering(GOOD, 2), answering(OTHER, 20)],
  {},
  async ({ t, port, transport, servers, nowMs }) => {
    const [first] = servers as [NameServer];
    t.is(await asked(transport, 'a.test'), GOOD);
    const good = first.script;
    for (const deadMs of [500, 3_000, 60_000]) {
      first.script = silent;
      const endMs = nowMs() + deadMs;
      let slow = 0;
      while (nowMs() < endMs) {
        const beganMs = nowMs();
        t.not(await asked(transport, 'a.test'), 'ETIMEOUT');
        if (nowMs() - beganMs > 25) slow += 1;
        await sleep(port, 100);
      }
      t.is(slow, 1, `dead for ${deadMs} ms: only the first look-up waits`);
      first.script = good;
      const backMs = nowMs();
      while ((await asked(transport, 'a.test')) !== GOOD) await sleep(port, 100);
      t.true(nowMs() - backMs <= 10_200, `dead for ${deadMs} ms: ${nowMs() - backMs} ms`);
    }
  },
);

simRule(
  'case 40: when all servers have failed, all are still asked',
  [refusing(2), refusing(5)],
  {},
  async ({ t, transport, servers }) => {
    for (let i = 1; i <= 3; i += 1) {
      const end = await ask(transport, 'a.test');
      t.is(textOf(end), 'ESERVFAIL', 'the most telling answer');
      t.deepEqual(outcomes(end).toSorted(), ['REFUSED', 'REFUSED', 'SERVFAIL', 'SERVFAIL']);
      t.is(servers[0]?.queries.length, 2 * i);
      t.is(servers[1]?.queries.length, 2 * i);
    }
  },
);

simRule(
  'case 14: a matched reply that is malformed starts the next attempt at once, and the wait goes on',
  [
    (query) => {
      query.send(reply(query, { addresses: ['10.0.0.1'] }).subarray(0, -1));
      query.send(reply(query, { addresses: [GOOD] }), 100);
    },
    silent,
  ],
  {},
  async ({ t, transport, servers, nowMs }) => {
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(nowMs(), 100);
    t.is(servers[1]?.queries[0]?.atMs, 0);
    t.is(transport.stats.drops.parse, 1);
  },
);

simRule(
  'case 14: who gets nothing but malformed replies waits for a good one until the last timeout',
  [(query) => query.send(reply(query, { addresses: ['10.0.0.1'] }).subarray(0, -1))],
  {},
  async ({ t, transport, nowMs }) => {
    const end = await ask(transport, 'a.test');
    t.is(textOf(end), 'ESERVFAIL');
    t.deepEqual(outcomes(end), ['invalid: parse', 'invalid: parse']);
    t.is(nowMs(), 4_000);
  },
);

simRule(
  'FORMERR to a query with OPT: once more without, and for an hour nobody is asked with it',
  [(query) => query.send(reply(query, query.hasOpt ? { rcode: 1 } : { addresses: [GOOD] }))],
  {},
  async ({ t, port, transport, servers }) => {
    const asks = () => servers[0]?.queries.map(({ hasOpt }) => hasOpt);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.deepEqual(asks(), [true, false]);
    t.is(await asked(transport, 'b.test'), GOOD);
    t.deepEqual(asks(), [true, false, false]);
    await sleep(port, 3_600_001);
    t.is(await asked(transport, 'c.test'), GOOD);
    t.deepEqual(asks(), [true, false, false, true, false]);
  },
);

simRule(
  'a FORMERR that names no question is dropped: only the next attempt goes without OPT',
  [
    (query) => {
      if (query.hasOpt) query.send(reply(query, { rcode: 1, questionCount: 0 }).subarray(0, 12));
      else query.send(reply(query, { addresses: [GOOD] }));
    },
  ],
  {},
  async ({ t, transport, servers, nowMs }) => {
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(nowMs(), 2_000, 'the wait went on');
    t.is(transport.stats.drops.question, 1);
    t.is(await asked(transport, 'b.test'), GOOD);
    t.deepEqual(
      servers[0]?.queries.map(({ hasOpt }) => hasOpt),
      [true, false, false],
    );
  },
);

const SMALL: Script = (query) => {
  const question = Buffer.from(query.data.subarray(12, 12 + 8 + 4));
  for (let at = 1; at < 7; at += 1) {
    const byte = question[at] as number;
    if (byte >= 0x41 && byte <= 0x5a) question[at] = byte + 0x20;
  }
  query.send(reply(query, { question, addresses: [GOOD] }));
};

simRule(
  'case 5: letters that do not come back are dropped, asked for over TCP, and remembered',
  [SMALL],
  { tcp: true, seed: 3 },
  async ({ t, transport, servers, nowMs }) => {
    const [server] = servers as [NameServer];
    // Of three names with four or more letters, one may by chance be all small.
    t.is(await asked(transport, 'a.test'), GOOD);
    t.deepEqual(
      server.queries.map(({ over }) => over),
      ['udp', 'udp', 'tcp'],
    );
    t.is(transport.stats.drops.case, 2);
    const beganMs = nowMs();
    for (const name of ['b.test', 'c.test', 'd.test']) {
      t.is(await asked(transport, name), GOOD);
      t.is(server.queries.at(-1)?.over, 'udp');
      t.is(server.queries.at(-1)?.name, name, 'small letters');
    }
    t.is(nowMs(), beganMs);
  },
);

simRule(
  'case 5: a server that gives the letters back keeps getting them',
  [answering(GOOD)],
  {},
  async ({ t, transport, servers }) => {
    for (let i = 0; i < 20; i += 1) t.is(await asked(transport, 'name.test'), GOOD);
    const names = new Set(servers[0]?.queries.map(({ name }) => name));
    t.true(names.size > 10, `${names.size} spellings`);
  },
);
