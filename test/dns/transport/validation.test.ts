import { openUdp } from '../../../src/net/udp.ts';
import { rule } from '../../net/worlds.ts';
import { answering, reply, type Script } from '../../support/name-server.ts';
import { asked, scene, simRule, sleep } from './transport-world.ts';

const GOOD = '192.0.2.1';
const BAD = '192.0.2.66';

/** First what `wrong` makes of it, then the right answer: it must be the one that is taken. */
function after(wrong: (parts: Parameters<Script>[0]) => Uint8Array): Script {
  return (query) => {
    query.send(wrong(query));
    query.send(reply(query, { addresses: [GOOD] }));
  };
}

rule('case 1: an answer with another number is dropped, and the wait goes on', async (t, world) => {
  const wrong = after((query) => reply(query, { id: query.id ^ 1, addresses: [BAD] }));
  const { transport, close } = await scene(world, [wrong]);
  t.is(await asked(transport, 'a.test'), GOOD);
  t.is(transport.stats.drops.id, 1);
  await close();
});

rule('case 2: an answer from another port of the server is never heard', async (t, world) => {
  const other = await openUdp(world.port, world.any);
  const { transport, close, servers } = await scene(world, [
    (query) => {
      other.send(reply(query, { addresses: [BAD] }), query.from).catch(() => {});
      query.send(reply(query, { addresses: [GOOD] }), 20);
    },
  ]);
  t.is(await asked(transport, 'a.test'), GOOD);
  t.is(servers[0]?.queries.length, 1);
  await other.close();
  await close();
});

simRule(
  'case 2: an answer from another address is never heard',
  [answering(GOOD, 50), () => {}],
  {},
  async ({ t, transport, servers }) => {
    const [first, second] = servers;
    if (first === undefined || second === undefined) return;
    const { script } = first;
    first.script = (query, nth) => {
      second.send(reply(query, { addresses: [BAD] }), query.from);
      script(query, nth);
    };
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(transport.stats.drops.id, 0);
  },
);

const QUESTION = Buffer.from('\x01b\x04test\0\0\x01\0\x01', 'latin1');
const STRAYS: readonly [
  string,
  'question' | 'header' | 'short',
  (q: Parameters<Script>[0]) => Uint8Array,
][] = [
  ['another name', 'question', (q) => reply(q, { question: QUESTION, addresses: [BAD] })],
  ['another type', 'question', (q) => reply(q, { question: asking(q, 28, 1), addresses: [BAD] })],
  ['another class', 'question', (q) => reply(q, { question: asking(q, 1, 3), addresses: [BAD] })],
  ['no question', 'question', (q) => reply(q, { questionCount: 0, addresses: [BAD] })],
  ['two questions', 'question', (q) => reply(q, { questionCount: 2, addresses: [BAD] })],
  ['QR = 0', 'header', (q) => reply(q, { flags: 0x0180, addresses: [BAD] })],
  ['another opcode', 'header', (q) => reply(q, { flags: 0xa980, addresses: [BAD] })],
  ['eleven bytes', 'short', (q) => reply(q).subarray(0, 11)],
  ['no byte', 'short', () => new Uint8Array(0)],
];

for (const [what, reason, wrong] of STRAYS) {
  const number = reason === 'question' ? 3 : reason === 'header' ? 4 : 14;
  rule(
    `case ${number}: a reply with ${what} is dropped, and the wait goes on`,
    async (t, world) => {
      const { transport, close, servers } = await scene(world, [after(wrong)]);
      t.is(await asked(transport, 'a.test'), GOOD);
      t.is(transport.stats.drops[reason], 1);
      t.is(servers[0]?.queries.length, 1, 'it was not asked again');
      await close();
    },
  );
}

function asking({ data }: { data: Buffer }, type: number, classCode: number): Buffer {
  const question = Buffer.from(data.subarray(12, 12 + 8 + 4));
  question.writeUInt16BE(type, 8);
  question.writeUInt16BE(classCode, 10);
  return question;
}

simRule(
  'case 6: an answer to what is over is late, whether it was answered or cancelled',
  [answering(GOOD, 100)],
  {},
  async ({ t, port, transport }) => {
    const end = asked(transport, 'a.test');
    let told = false;
    const exchange = transport.ask({ name: '\x01b\0', type: 1 }, port.loop.nowMs() + 5_000, () => {
      told = true;
    });
    await sleep(port, 50);
    exchange.cancel();
    t.is(await end, GOOD);
    await sleep(port, 500);
    t.false(told);
    t.is(transport.stats.drops.late, 1);
  },
);

rule('case 7: of duplicate answers the first wins, and the others are late', async (t, world) => {
  const { transport, close } = await scene(world, [
    (query) => {
      query.send(reply(query, { addresses: [GOOD] }));
      query.send(reply(query, { addresses: [BAD] }));
      query.send(reply(query, { addresses: [BAD] }));
    },
  ]);
  t.is(await asked(transport, 'a.test'), GOOD);
  t.is(await asked(transport, 'b.test'), GOOD);
  await sleep(world.port, 50);
  t.is(transport.stats.drops.late, 4);
  await close();
});

for (const [name, rcode] of [
  ['FORMERR', 1],
  ['SERVFAIL', 2],
  ['REFUSED', 5],
] as const) {
  rule(`case 15: ${name} with another number changes nothing`, async (t, world) => {
    const { transport, close, servers } = await scene(world, [
      after((query) => reply(query, { id: query.id ^ 0x100, rcode })),
    ]);
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(servers[0]?.queries.length, 1);
    t.is(transport.stats.servers[0]?.rcodes[name], undefined);
    await close();
  });
}

rule('case 16: a query says 1232 bytes, and a cut answer is not used', async (t, world) => {
  const { transport, close, servers } = await scene(
    world,
    [
      (query) => {
        if (query.over === 'tcp') query.send(reply(query, { addresses: [GOOD, '192.0.2.2'] }));
        else query.send(reply(query, { truncated: true, addresses: [BAD] }));
      },
    ],
    { tcp: true },
  );
  t.is(await asked(transport, 'a.test'), `${GOOD},192.0.2.2`);
  const opt = servers[0]?.queries[0]?.data.subarray(-11);
  t.is(opt?.readUInt16BE(3), 1232);
  await close();
});
