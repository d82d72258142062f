import test from 'ava';
import type { Script } from '../../support/name-server.ts';
import { reply } from '../../support/name-server.ts';
import { ask, asked, outcomes, playSim, textOf } from './transport-world.ts';

const IS_LONG = process.env.SLUICE_LONG === '1';
const SEEDS = IS_LONG ? 1_000 : 120;
const LONG_MS = 600_000;
const NAMES = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test', 'f.test'];

/** Every name has its own address, so that an answer to another question shows. */
function addressOf(name: string): string {
  return `192.0.2.${name.toLowerCase().charCodeAt(0)}`;
}

/**
 * A server that answers well, and lies as well as somebody can who sees its packets late: with
 * other numbers, other questions, other letters, cut, malformed, refusing, twice.
 */
const lying: Script = (query, nth) => {
  const good = reply(query, { addresses: [addressOf(query.name)] });
  const bad = '192.0.2.250';
  const lies = [
    () => reply(query, { id: query.id ^ (1 << (nth % 16)), addresses: [bad] }),
    () => reply(query, { question: Buffer.from('\x01z\x04test\0\0\x01\0\x01'), addresses: [bad] }),
    () => reply(query, { flags: 0, addresses: [bad] }),
    () => reply(query, { questionCount: 2, addresses: [bad] }),
    () => good.subarray(0, good.length - 3),
    () => Buffer.alloc(nth % 12),
    () => reply(query, { id: query.id ^ 0x8000, rcode: 2 }),
    () => reply(query, { truncated: true, addresses: [bad] }),
    () => reply(query, { rcode: 2 }),
    () => good,
  ];
  // What names the right number and question is the server's own: it lies so only now and then.
  const kind = query.over === 'tcp' ? 9 : (nth * 7 + query.id) % 13;
  const lie = lies[Math.min(kind, 9)];
  if (lie !== undefined) query.send(lie(), nth % 3);
  if (kind < 7 || kind > 9) query.send(good, 1 + (nth % 5));
};

async function run(t: Parameters<typeof playSim>[0], seed: number): Promise<[string, string[]]> {
  const ends: string[] = [];
  const conditions = { latencyMaxMs: 50, loss: 0.1, reorder: 0.2, duplication: 0.2 };
  const hash = await playSim(
    t,
    [lying, lying],
    { ...conditions, seed, tcp: true },
    async ({ transport }) => {
      const work = NAMES.map(async (name) => {
        const end = await ask(transport, name, 10_000);
        ends.push(`${name} ${textOf(end)} ${outcomes(end).join('; ')}`);
        ends.push(`${name} ${await asked(transport, name, 10_000)} `);
      });
      await Promise.all(work);
    },
  );
  return [hash, ends];
}

test('case 14: whatever the network and forgers do, a name gets its own address or a failure', async (t) => {
  t.timeout(LONG_MS);
  let found = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const [, ends] = await run(t, seed);
    t.is(ends.length, 2 * NAMES.length, `seed ${seed}`);
    for (const end of ends) {
      const [name = '', what = ''] = end.split(' ');
      if (what === addressOf(name)) found += 1;
      else t.true(['ETIMEOUT', 'ESERVFAIL'].includes(what), `seed ${seed}: ${end}`);
    }
  }
  const all = SEEDS * NAMES.length * 2;
  t.true(found > all * 0.97, `${found} of ${all}`);
});

test('the same seed gives the same exchanges', async (t) => {
  t.deepEqual(await run(t, 7), await run(t, 7));
});
