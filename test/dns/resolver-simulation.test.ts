import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import { DnsError, Resolver } from '../../src/dns/index.ts';
import { ZoneServer } from '../support/zone-server.ts';
import { texts } from './resolver-world.ts';

const SEEDS = 60;
const NAMES = 10;
const TIMEOUT_MS = 4_000;

/** Looks names up at two servers behind a bad link: what became of each, and when. */
async function run(seed: number): Promise<{ ends: string[]; hash: string; sockets: number }> {
  const conditions = { latencyMaxMs: 60, loss: 0.2, reorder: 0.2, duplication: 0.2 };
  const world = new SimWorld({ seed, ...conditions });
  const near = new SimProactor(world.host('near', '192.0.2.1'));
  const far = new SimProactor(world.host('far', '192.0.2.2'));
  const looking = (async () => {
    const any = { family: 'ipv4', address: '192.0.2.2', port: 0 } as const;
    const servers = [await ZoneServer.open(far, any), await ZoneServer.open(far, any)];
    for (const server of servers) {
      for (let i = 0; i < NAMES; i += 1) {
        server.addresses(`n${i}.test`, [`192.0.2.1${i}`, `2001:db8::a${i}`]);
      }
    }
    const options = { servers: servers.map(({ text }) => text), timeoutMs: TIMEOUT_MS };
    const resolver = new Resolver(near, options, { random: world.random.fork('resolver') });
    const calls = Array.from({ length: NAMES * 2 }, async (_, i) => {
      const name = `n${i % NAMES}.test`;
      const startMs = world.nowMs();
      const end = await resolver.addresses(name).catch((error: unknown) => error as DnsError);
      const inTime = world.nowMs() - startMs <= TIMEOUT_MS + 10 ? '' : ' late';
      if (end instanceof DnsError) return `${name} ${end.code}${inTime}`;
      return `${name} ${[...texts(end)].sort().join(' ')}${inTime}`;
    });
    const ends = await Promise.all(calls);
    await resolver[Symbol.asyncDispose]();
    for (const server of servers) await server.close();
    return ends;
  })();
  const ends = await world.drive(looking);
  return { ends, hash: world.traceHash, sockets: near.openSockets };
}

test('promise 3: whatever the network does, a call ends in time, with its own addresses', async (t) => {
  let good = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { ends, sockets } = await run(seed);
    for (const [i, end] of ends.entries()) {
      const n = i % NAMES;
      const [name, ...found] = end.split(' ');
      t.is(name, `n${n}.test`);
      if (found[0] === 'ETIMEOUT' && found.length === 1) continue;
      good += 1;
      t.true(found.length >= 1 && found.length <= 2, `seed ${seed}: ${end}`);
      const own = [`192.0.2.1${n}`, `2001:db8::a${n}`];
      t.true(
        found.every((one) => own.includes(one)),
        `seed ${seed}: ${end}`,
      );
    }
    t.is(sockets, 0, `seed ${seed}: a socket is left`);
  }
  // One attempt fails in 36 % of cases; of two families, one is enough.
  t.true(good > SEEDS * NAMES * 2 * 0.95, `${good} of ${SEEDS * NAMES * 2}`);
});

test('the same seed gives the same addresses at the same times', async (t) => {
  t.deepEqual(await run(11), await run(11));
});
