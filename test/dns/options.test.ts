import test from 'ava';
import { SimProactor, SimRandom, SimWorld } from '../../adapters/sim/index.ts';
import { Resolver as PublishedResolver } from '../../src/cli/dns.ts';
import { Resolver, type ResolverOptions } from '../../src/dns/index.ts';
import { files, simRule, texts } from './resolver-world.ts';

const BAD: readonly [string, ResolverOptions][] = [
  ['no servers', { servers: [] }],
  ['a name as a server', { servers: ['dns.test'] }],
  ['DNS over TLS', { servers: ['tls://192.0.2.1#dns.test'] }],
  ['no families', { families: [] }],
  ['family 5', { families: [5 as 4] }],
  ['timeoutMs 0', { timeoutMs: 0 }],
  ['timeoutMs NaN', { timeoutMs: Number.NaN }],
  ['valid below 0', { valid: -1 }],
  ['ndots below 0', { ndots: -1 }],
  ['33 domains', { search: Array.from({ length: 33 }, (_, i) => `d${i}.test`) }],
  ['ednsSize 511', { ednsSize: 511 }],
  ['ednsSize 4097', { ednsSize: 4_097 }],
  ['perServer 11', { attempt: { perServer: 11 } }],
  ['initialMs 0', { attempt: { initialMs: 0 } }],
  ['ttl below 0', { ttl: { minMs: -1 } }],
  ['stale below 0', { stale: { afterMs: -1 } }],
  ['no sockets', { sockets: { perServer: 0 } }],
  ['cacheEntries 0', { cacheEntries: 0 }],
  ['no range', { denyAnswers: ['10.0.0.0/33'] }],
  ['case0x20 maybe', { case0x20: 'maybe' as 'auto' }],
];

for (const [what, options] of BAD) {
  test(`${what} is a TypeError`, (t) => {
    const port = new SimProactor(new SimWorld({ seed: 1 }).local);
    const platform = { random: new SimRandom(1) };
    const all = { servers: ['192.0.2.1'], ...options };
    t.throws(() => new Resolver(port, all, platform), { instanceOf: TypeError });
    port.close();
  });
}

test('whatever is at its bound is taken', (t) => {
  const port = new SimProactor(new SimWorld({ seed: 1 }).local);
  const options: ResolverOptions = {
    servers: ['127.0.0.1', '[::1]:5353', 'fe80::1%eth0', 'tcp://192.0.2.1', { address: '::1' }],
    families: [6],
    search: Array.from({ length: 32 }, (_, i) => `d${i}.test`),
    ndots: 999,
    timeoutMs: 1,
    valid: 0,
    attempt: { initialMs: 1, minMs: 1, maxMs: 1, perServer: 10 },
    ednsSize: 512,
    case0x20: 'off',
    stale: false,
    cacheEntries: 1,
  };
  const resolver = new Resolver(port, options, { random: new SimRandom(1) });
  t.is(resolver.stats().servers.length, 5);
  port.close();
});

test('the published resolver knows this system', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const resolver = new PublishedResolver(port, { system: { resolvConf: false, hosts: false } });
  const set = await world.drive(resolver.addresses('localhost'));
  t.deepEqual([...texts(set)].sort(), ['127.0.0.1', '::1']);
  t.throws(() => resolver.lookup('www.test', { hints: 1 << 29 }, () => {}));
  port.close();
});

simRule('promise 7: a change of resolv.conf is seen, and the cache is kept', async (t, dns) => {
  const { server, world, sleep } = dns;
  const { port, address } = server.endpoint;
  t.is(port > 0, true);
  server.addresses('www.test', ['192.0.2.1']);
  const texts = { resolvConf: 'nameserver 192.0.2.53\n' };
  const platform = { random: new SimRandom(1), files: files(texts) };
  const resolver = new Resolver(world.port, {}, platform);
  const asked = resolver.addresses('www.test', { timeoutMs: 500 }).catch(() => {});
  t.deepEqual(serversOf(resolver), ['192.0.2.53:53']);
  await asked;
  texts.resolvConf = `nameserver ${address}\nnameserver ::1\n`;
  await sleep(5_000);
  await resolver.addresses('x.test', { timeoutMs: 500 }).catch(() => {});
  t.deepEqual(serversOf(resolver), [`${address}:53`, '[::1]:53']);
  resolver.setServers([server.text]);
  await resolver.addresses('www.test');
  t.deepEqual(serversOf(resolver), [server.text], 'servers that were set stay');
  await resolver[Symbol.asyncDispose]();
});

function serversOf(resolver: Resolver): string[] {
  return resolver.stats().servers.map((one) => one.address);
}

simRule('stats tell of servers, drops and the cache', async (t, { server, resolver }) => {
  server.addresses('www.test', ['192.0.2.1']);
  await resolver.addresses('www.test');
  await resolver.addresses('www.test');
  const { servers, drops, cache, inFlight, calls, watchers } = resolver.stats();
  t.is(servers[0]?.address, server.text);
  t.is(servers[0]?.queries, 2);
  t.is(servers[0]?.rcodes.NOERROR, 2);
  t.false(servers[0]?.failing);
  t.is(drops.late, 0);
  t.is(drops.denied, 0);
  t.is(cache.entries, 2);
  t.is(cache.hits, 2);
  t.is(cache.misses, 2);
  t.deepEqual([inFlight, calls, watchers], [0, 0, 0]);
});
