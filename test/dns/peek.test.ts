import test from 'ava';
import { type KnownName, NamePlans } from '../../src/dns/name-plans.ts';
import { SystemConfig } from '../../src/dns/system/system-config.ts';
import { files, simRule, texts } from './resolver-world.ts';

const PEEKS = 200_000;

simRule('peek gives the same set as long as nothing has changed', async (t, dns) => {
  const { server, resolver, sleep } = dns;
  t.is(resolver.peek('www.test'), undefined);
  server.addresses('www.test', ['192.0.2.1', '2001:db8::1'], 10);
  await resolver.addresses('www.test');
  const set = resolver.peek('www.test');
  t.is(set?.addresses.length, 2);
  t.is(set?.source, 'cache');
  t.is(resolver.peek('www.test'), set);
  t.true((await resolver.addresses('www.test')) === set);
  t.deepEqual(texts(resolver.peek('www.test', 4)), ['192.0.2.1']);
  t.is(resolver.peek('www.test', 4), resolver.peek('www.test', 4));
  t.deepEqual(texts(resolver.peek('WWW.test', 6)), ['2001:db8::1'], 'case 57: in other letters');
  await sleep(11_000);
  t.is(resolver.peek('www.test'), undefined, 'not a moment longer than its TTL');
  t.is(server.queries.length, 2);
});

simRule('peek does not ask, and a name that has nothing is no hit', async (t, dns) => {
  const { server, resolver } = dns;
  await resolver.addresses('none.test').catch(() => {});
  const asked = server.queries.length;
  t.is(resolver.peek('none.test'), undefined);
  t.is(resolver.peek('other.test'), undefined);
  t.is(resolver.peek('1.1'), undefined);
  t.is(resolver.peek('a..b'), undefined);
  t.is(server.queries.length, asked);
});

simRule('peek allocates nothing on a hit', async (t, { server, resolver }) => {
  server.addresses('www.test', ['192.0.2.1', '2001:db8::1'], 86_400);
  await resolver.addresses('www.test');
  let hits = 0;
  const peek = (): void => {
    for (let i = 0; i < PEEKS; i += 1) if (resolver.peek('www.test') !== undefined) hits += 1;
  };
  peek();
  let bytes = Number.POSITIVE_INFINITY;
  // The best of a few: other things of this process allocate too.
  for (let round = 0; round < 5; round += 1) {
    const before = process.memoryUsage().heapUsed;
    peek();
    bytes = Math.min(bytes, Math.abs(process.memoryUsage().heapUsed - before));
  }
  t.is(hits, 6 * PEEKS);
  t.true(bytes / PEEKS < 4, `${bytes / PEEKS} bytes per hit`);
});

simRule('a rotation of the records by the server is kept within a family', async (t, dns) => {
  const { server, resolver } = dns;
  server.addresses('www.test', ['192.0.2.3', '192.0.2.1', '192.0.2.2']);
  const set = await resolver.addresses('www.test');
  t.deepEqual(texts(set), ['192.0.2.3', '192.0.2.1', '192.0.2.2']);
});

test('plans of names are bounded', (t) => {
  const clock = { nowMs: () => 0 };
  const system = new SystemConfig(files({}), clock);
  const namesMax = 3;
  const plans = new NamePlans({ system, search: [], ndots: 1, namesMax, toAscii: undefined });
  const names = ['a.test', 'b.test', 'c.test', 'd.test'];
  const known = names.map((name) => plans.of(name)) as [KnownName, ...KnownName[]];
  for (const plan of known.slice(0, 3)) plans.keep(plan);
  t.is(plans.size, 3);
  t.true(plans.of('a.test') === known[0]);
  plans.keep(known[3] as KnownName);
  t.is(plans.size, 3);
  t.true(plans.of('d.test') === known[3]);
  t.false(plans.of('a.test') === known[0], 'the first one has left');
});
