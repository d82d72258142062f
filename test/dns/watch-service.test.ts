import type { Answer } from 'dns-packet';
import type { WatchEvent } from '../../src/dns/index.ts';
import { NEXTS_MAX } from '../../src/dns/watcher.ts';
import { WATCHERS_MAX } from '../../src/dns/watches.ts';
import { files, simRule } from './resolver-world.ts';
import { follow, NAME } from './watch-world.ts';

simRule('a service is watched with its targets', async (t, dns) => {
  const { server, sleep, resolver } = dns;
  const name = '_http._tcp.test';
  const srv = (target: string, weight: number): Answer => {
    return { type: 'SRV', name, ttl: 10, data: { target, weight, priority: 1, port: 80 } };
  };
  server.addresses('a.test', ['192.0.2.1', '2001:db8::1'], 10);
  server.addresses('b.test', ['192.0.2.2'], 10);
  server.set(name, 'SRV', { records: [srv('a.test', 1)] });
  const seen = follow(dns, { service: true }, name);
  await sleep(5_000);
  t.deepEqual(seen.events[0]?.split(' ').sort(), ['+192.0.2.1:80', '+[2001:db8::1]:80']);
  server.set(name, 'SRV', { records: [srv('a.test', 1), srv('b.test', 1)] });
  await sleep(11_000);
  t.is(seen.events[1], '+192.0.2.2:80');
  server.set(name, 'SRV', { records: [srv('a.test', 9), srv('b.test', 1)] });
  await sleep(11_000);
  t.is(seen.events[2], '', 'another weight is news, although nobody came or went');
  server.both('b.test', { rcode: 2 });
  await sleep(11_000);
  t.regex(seen.events[3] ?? '', /^ESERVFAIL/);
  t.true(
    seen.events.every((one) => !one.startsWith('-')),
    'a failing target keeps its addresses',
  );
  const iterator = resolver.watch(name, { service: true })[Symbol.asyncIterator]();
  const { value } = await iterator.next();
  t.is(value?.type === 'set' && value.targets?.length, 2);
  await iterator.return?.();
  await seen.end();
});

simRule('a change of the hosts file is seen', async (t, dns) => {
  const { make, sleep } = dns;
  const texts = { hosts: '192.0.2.1 box\n' };
  const resolver = make({ system: true }, { files: files(texts) });
  const seen = follow({ ...dns, resolver }, {}, 'box');
  await sleep(3_000);
  texts.hosts = '192.0.2.22 box\n';
  await sleep(12_000);
  t.deepEqual(seen.events, ['+192.0.2.1', '+192.0.2.22 -192.0.2.1']);
  await seen.end();
});

simRule('watchers and waiting nexts are bounded', async (t, { server, resolver }) => {
  server.addresses(NAME, ['192.0.2.1']);
  const all = Array.from({ length: WATCHERS_MAX }, () =>
    resolver.watch(NAME)[Symbol.asyncIterator](),
  );
  t.is(resolver.stats().watchers, WATCHERS_MAX);
  t.throws(() => resolver.watch(NAME)[Symbol.asyncIterator](), { instanceOf: RangeError });
  for (const iterator of all.slice(1)) await iterator.return?.();
  const [iterator] = all as [AsyncIterator<WatchEvent>];
  await iterator.next();
  const nexts = Array.from({ length: NEXTS_MAX }, () => iterator.next());
  await t.throwsAsync(() => iterator.next(), { instanceOf: RangeError });
  await iterator.return?.();
  for (const next of nexts) t.true((await next).done);
  t.throws(() => resolver.watch(NAME, { minIntervalMs: 0 }), { instanceOf: TypeError });
  t.throws(() => resolver.watch(NAME, { holdMs: -1 }), { instanceOf: TypeError });
});
