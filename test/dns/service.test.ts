import test from 'ava';
import type { Answer } from 'dns-packet';
import { SimProactor, SimRandom, SimWorld } from '../../adapters/sim/index.ts';
import type { DnsError } from '../../src/dns/dns-error.ts';
import { settingsOf } from '../../src/dns/options.ts';
import type { FoundNothing, FoundRecords } from '../../src/dns/records/found.ts';
import { resolverParts } from '../../src/dns/resolver-parts.ts';
import { type ServiceFound, ServiceSearch, TARGETS_MAX } from '../../src/dns/service-search.ts';
import { orderTargets } from '../../src/dns/srv-order.ts';
import { TYPE } from '../../src/dns/wire/record-type.ts';
import { rejection, simRule, texts } from './resolver-world.ts';

const NAME = '_http._tcp.test';

function srv(target: string, priority = 1, weight = 1, port = 80): Answer {
  return { type: 'SRV', name: NAME, ttl: 60, data: { target, priority, weight, port } };
}

simRule('a service is its targets with their addresses', async (t, { server, resolver }) => {
  server.set(NAME, 'SRV', { records: [srv('b.test', 2), srv('a.test', 1, 5, 8080)] });
  server.addresses('a.test', ['192.0.2.1', '2001:db8::1']);
  server.addresses('b.test', ['192.0.2.2']);
  const [first, second] = await resolver.service(NAME);
  t.is(first?.target, 'a.test');
  t.is(first?.port, 8080);
  t.is(first?.weight, 5);
  t.is(first?.addresses.length, 2);
  t.is(second?.target, 'b.test');
  t.deepEqual(texts(second), ['192.0.2.2']);
  const only4 = await resolver.service(NAME, { family: 4 });
  t.deepEqual(texts(only4[0]), ['192.0.2.1']);
  t.is(server.queries.length, 5);
});

simRule('targets that are no host names are refused', async (t, { server, resolver }) => {
  const odd = ['sp ace.test', 'a\nb.test', 'x\0.test', 'sl/ash.test', '127.0.0.1', 'x.onion'];
  server.set(NAME, 'SRV', { records: [...odd.map((one) => srv(one)), srv('a_b-c.test')] });
  server.addresses('a_b-c.test', ['192.0.2.1']);
  const targets = await resolver.service(NAME);
  t.deepEqual(
    targets.map(({ target }) => target),
    ['a_b-c.test'],
  );
  t.is(resolver.stats().drops.badTargets, odd.length);
  t.is(server.queries.length, 3);
});

simRule('a target of the root says that there is no such service', async (t, dns) => {
  const { server, resolver } = dns;
  server.set(NAME, 'SRV', { records: [srv('.')] });
  t.is((await rejection(resolver.service(NAME))).code, 'ENODATA');
  t.is(server.queries.length, 1);
});

simRule('targets without addresses stay, unless none has any', async (t, dns) => {
  const { server, resolver } = dns;
  server.set(NAME, 'SRV', { records: [srv('a.test'), srv('gone.test', 2)] });
  server.addresses('a.test', ['192.0.2.1']);
  const targets = await resolver.service(NAME);
  t.deepEqual(targets.map(texts), [['192.0.2.1'], []]);
  server.both('a.test', { rcode: 2 });
  resolver.flush();
  t.is((await rejection(resolver.service(NAME))).code, 'ESERVFAIL');
  server.both('a.test', {});
  resolver.flush();
  t.is((await rejection(resolver.service(NAME))).code, 'ENODATA');
});

simRule('targets are not looked for on the search list', async (t, { server, make }) => {
  server.set(NAME, 'SRV', { records: [srv('www.test')] });
  const resolver = make({ search: ['corp.test'], ndots: 5 });
  await rejection(resolver.service(NAME));
  t.deepEqual([...new Set(server.queries)].sort(), [`${NAME} SRV`, 'www.test A', 'www.test AAAA']);
});

test('the lowest priority comes first, whatever the weights', (t) => {
  const targets = [
    { priority: 3, weight: 0, id: 'c' },
    { priority: 1, weight: 0, id: 'a' },
    { priority: 2, weight: 65_535, id: 'b' },
  ];
  t.deepEqual(
    orderTargets(targets, new SimRandom(1)).map(({ id }) => id),
    ['a', 'b', 'c'],
  );
});

test('among equals, the chance to be first is in proportion to the weight', (t) => {
  const targets = [1, 3, 6].map((weight) => ({ priority: 1, weight }));
  const random = new SimRandom('weights');
  const first: Record<number, number> = { 1: 0, 3: 0, 6: 0 };
  const draws = 20_000;
  for (let i = 0; i < draws; i += 1) {
    const ordered = orderTargets(targets, random);
    t.is(ordered.length, 3);
    const weight = ordered[0]?.weight ?? 0;
    first[weight] = (first[weight] ?? 0) + 1;
  }
  // RFC 2782 draws from 0 to the sum, both included, so that the first in line has one more.
  for (const weight of [1, 3, 6]) {
    const share = (first[weight] ?? 0) / draws;
    t.true(Math.abs(share - weight / 10) < 0.1, `${weight}: ${share}`);
  }
  t.true((first[6] ?? 0) > (first[3] ?? 0) && (first[3] ?? 0) > (first[1] ?? 0));
});

test('targets of weight 0 are first among equals now and then', (t) => {
  const targets = [0, 100].map((weight) => ({ priority: 1, weight }));
  const random = new SimRandom('zero');
  let zeros = 0;
  for (let i = 0; i < 20_000; i += 1) {
    if (orderTargets(targets, random)[0]?.weight === 0) zeros += 1;
  }
  t.true(zeros > 50 && zeros < 600, `${zeros}`);
});

test('all that weigh nothing are ordered by chance alone', (t) => {
  const targets = ['a', 'b', 'c'].map((id) => ({ priority: 1, weight: 0, id }));
  const random = new SimRandom('nothing');
  const first: Record<string, number> = {};
  for (let i = 0; i < 3_000; i += 1) {
    const id = orderTargets(targets, random)[0]?.id ?? '';
    first[id] = (first[id] ?? 0) + 1;
  }
  for (const id of ['a', 'b', 'c']) t.true((first[id] ?? 0) > 900, `${id}: ${first[id]}`);
  t.deepEqual(orderTargets([], random), []);
});

test('targets beyond the bound are left out, by priority, and counted', (t) => {
  const port = new SimProactor(new SimWorld({ seed: 1 }).local);
  const platform = { random: new SimRandom(1) };
  const options = { servers: ['127.0.0.1:9'] };
  const parts = resolverParts(port, options, settingsOf(options), platform);
  for (const over of [0, 1]) {
    const data = Array.from({ length: TARGETS_MAX + over }, (_, i) => {
      return { target: `t${i}.test`, port: 80, priority: i, weight: 1 };
    });
    const base = { source: 'cache', canonical: '\x04test\0', expiresAtMs: 1e6 } as const;
    const known = (type: number): FoundRecords | FoundNothing =>
      type === TYPE.AAAA
        ? { ...base, kind: 'nodata', authenticated: false }
        : {
            ...base,
            kind: 'records',
            data: type === TYPE.SRV ? data : ['192.0.2.1'],
            authenticated: false,
          };
    const source = { ...parts.source, peek: (_: string, type: number) => known(type) };
    const left = { badTargets: 0, targetsOverBound: 0 };
    const ends: (ServiceFound | DnsError)[] = [];
    const wish = { name: 'x', key: '\x01x\0', cache: 'use', deadlineMs: 1e6, family: 0 } as const;
    const all = { ...parts, source: source as unknown as typeof parts.source, left };
    new ServiceSearch(all, { ...wish, patient: false }, (end) => ends.push(end)).start();
    const [end] = ends as [ServiceFound];
    t.is(end.targets.length, TARGETS_MAX);
    t.is(end.targets.at(-1)?.target, `t${TARGETS_MAX - 1}.test`);
    t.is(left.targetsOverBound, over);
  }
  port.close();
});
