import { Resolver } from 'node:dns/promises';
import test from 'ava';
import { nodeRandom } from '../../../adapters/node/index.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import {
  ATTEMPT_MS_MAX,
  ATTEMPTS_MAX,
  DnsError,
  LOOKUPS_MAX,
  type LookupOptions,
  lookupAddresses,
  SERVERS_MAX,
  TTL_MS_MAX,
} from '../../../src/dns/simple/index.ts';
import type { Lookup } from '../../../src/proxy/server-names.ts';
import { FakeProactor } from '../../core/fake-proactor.ts';
import { ManualHost } from '../../core/manual-host.ts';
import { rule, type World, within } from '../../net/worlds.ts';
import { a, cname, replyTo } from '../../support/dns-reply.ts';
import {
  nodeResponder,
  type Respond,
  type Responder,
  responder,
} from '../../support/dns-responder.ts';

/** Long enough for a busy machine; a test that waits for it has failed. */
const PATIENT_MS = 30_000;
const NAME = 'a.example';
const good: Respond = (query) => [replyTo(query, [a(NAME, '192.0.2.1', 7)])];
const silent: Respond = () => [];
const flags =
  (value: number): Respond =>
  (query) => [replyTo(query, [], { flags: value })];
const NXDOMAIN = flags(0x8183);
const SERVFAIL = flags(0x8182);

function lookup(world: World, servers: Responder[], options: Partial<LookupOptions> = {}): Lookup {
  const endpoints = servers.map(({ endpoint }) => endpoint);
  const timeoutMs = PATIENT_MS;
  const random = nodeRandom();
  return lookupAddresses(world.port, { servers: endpoints, random, timeoutMs, ...options });
}

async function closeAll(servers: readonly Responder[]): Promise<void> {
  for (const server of servers) await server.close();
}

/** Looks `NAME` up at these servers; the sockets of the look-up are gone when it has ended. */
function lookupRule(
  title: string,
  responds: readonly Respond[],
  body: (
    t: Parameters<Parameters<typeof rule>[1]>[0],
    context: { world: World; servers: Responder[] },
  ) => Promise<void>,
): void {
  rule(title, async (t, world) => {
    const servers = await Promise.all(responds.map((respond) => responder(world, respond)));
    try {
      await body(t, { world, servers });
      const open = world.name === 'node' ? 0 : servers.length;
      t.is(world.port.openSockets, open, 'the sockets of the look-up are closed');
    } finally {
      await closeAll(servers);
    }
  });
}

lookupRule('a name is looked up at the first server', [good, silent], async (t, c) => {
  const answer = await lookup(c.world, c.servers)(NAME);
  t.deepEqual(answer, { addresses: ['192.0.2.1'], ttlMs: 7_000 });
  t.is(c.servers[0]?.queries.length, 1);
  t.is(c.servers[1]?.queries.length, 0);
});

const forgeries: Respond = (query) => {
  const forged = a(NAME, '192.0.2.66');
  const otherName = Buffer.from(query.subarray(12));
  otherName[1] = 0x62;
  return [
    Buffer.alloc(0),
    replyTo(query, [forged], { id: query.readUInt16BE(0) ^ 1 }),
    replyTo(query, [forged], { question: otherName }),
    replyTo(query, [], { id: query.readUInt16BE(0) ^ 1, flags: 0x8183 }),
    query,
    ...Array.from({ length: 60 }, () => Buffer.from([1])),
    ...good(query),
    replyTo(query, [forged]),
  ];
};

lookupRule(
  'datagrams that are no answer are dropped, and the wait goes on',
  [forgeries],
  async (t, c) => {
    const startMs = c.world.port.loop.nowMs();
    t.deepEqual((await lookup(c.world, c.servers)(NAME)).addresses, ['192.0.2.1']);
    const isLate = c.world.port.loop.nowMs() - startMs >= ATTEMPT_MS_MAX;
    t.true(c.servers[0]?.queries.length === 1 || isLate, 'it is not asked again');
  },
);

lookupRule('after silence the next server is asked', [silent, good], async (t, c) => {
  const answer = await lookup(c.world, c.servers, { timeoutMs: 4_000 })(NAME);
  t.deepEqual(answer.addresses, ['192.0.2.1']);
  t.not(c.servers[0]?.queries.length, 0);
});

lookupRule('where no server is, the next one is asked at once', [good, good], async (t, c) => {
  const servers = [...c.servers];
  await c.servers.shift()?.close();
  let ms = ATTEMPT_MS_MAX;
  // A busy machine may be as slow as an attempt that nobody answers, but not each time.
  for (let tries = 0; tries < 5 && ms >= ATTEMPT_MS_MAX; tries += 1) {
    const startMs = c.world.port.loop.nowMs();
    t.deepEqual((await lookup(c.world, servers)(NAME)).addresses, ['192.0.2.1']);
    ms = c.world.port.loop.nowMs() - startMs;
  }
  t.true(ms < ATTEMPT_MS_MAX);
});

lookupRule(
  'where all servers are silent the look-up ends in time',
  [silent, silent],
  async (t, c) => {
    const startMs = c.world.port.loop.nowMs();
    const found = lookup(c.world, c.servers, { timeoutMs: 200, attempts: 2 })(NAME);
    await t.throwsAsync(found, { instanceOf: DnsError, code: 'TIMEOUT' });
    t.true(c.world.port.loop.nowMs() - startMs >= 200 * 0.9);
    const queries = c.servers.flatMap((server) => server.queries);
    // A machine that stands still for a while leaves no time for some attempts.
    const least = c.world.name === 'sim' ? 4 : 1;
    t.true(queries.length >= least && queries.length <= 4);
    t.is(new Set(queries.map(({ data }) => data.readUInt16BE(0))).size, queries.length, 'numbers');
    t.is(new Set(queries.map(({ fromPort }) => fromPort)).size, queries.length, 'ports');
  },
);

lookupRule('NXDOMAIN is the answer: no other server is asked', [NXDOMAIN, good], async (t, c) => {
  await t.throwsAsync(lookup(c.world, c.servers)(NAME), { code: 'NXDOMAIN' });
  t.is(c.servers[1]?.queries.length, 0);
});

lookupRule('a truncated answer is an error', [flags(0x8380), good], async (t, c) => {
  await t.throwsAsync(lookup(c.world, c.servers)(NAME), { code: 'TRUNCATED' });
  t.is(c.servers[1]?.queries.length, 0);
});

lookupRule('after SERVFAIL the next server is asked', [SERVFAIL, good], async (t, c) => {
  t.deepEqual((await lookup(c.world, c.servers)(NAME)).addresses, ['192.0.2.1']);
});

lookupRule('when every server fails, the failure says who', [SERVFAIL], async (t, c) => {
  const error = await t.throwsAsync(lookup(c.world, c.servers)(NAME), { code: 'SERVFAIL' });
  t.deepEqual((error as DnsError).server, c.servers[0]?.endpoint);
  t.is(c.servers[0]?.queries.length, 2, 'two attempts');
});

const chain: Respond = (query) => [
  replyTo(query, [cname(NAME, 'b.example', 3), a('b.example', '192.0.2.9', 9)]),
];

lookupRule('aliases are followed', [chain], async (t, c) => {
  const answer = await lookup(c.world, c.servers)(NAME);
  t.deepEqual(answer, { addresses: ['192.0.2.9'], ttlMs: 3_000 });
});

const ipv6: Respond = (query) => {
  const data = Buffer.from('20010db8000000000000000000000009', 'hex');
  return [replyTo(query, [{ owner: NAME, type: 28, ttl: 1, data }])];
};

lookupRule('IPv6 addresses are looked up where they are asked for', [ipv6], async (t, c) => {
  const found = lookup(c.world, c.servers, { type: 'AAAA' });
  t.deepEqual((await found(NAME)).addresses, ['2001:db8::9']);
});

lookupRule('an address is its own answer, without a query', [good], async (t, c) => {
  const found = lookup(c.world, c.servers);
  for (const address of ['127.0.0.1', '::1', '2001:db8::1']) {
    t.deepEqual(await found(address), { addresses: [address], ttlMs: TTL_MS_MAX });
  }
  t.is(c.servers[0]?.queries.length, 0);
});

lookupRule('what is no name rejects, without a query', [good], async (t, c) => {
  const found = lookup(c.world, c.servers);
  for (const name of ['', 'a..b', '127.1', '0x7f.1', '2130706433', '1.2.3.4.', 'a.256', 'bücher']) {
    await t.throwsAsync(found(name), { instanceOf: DnsError, code: 'BAD_NAME' }, name);
  }
  t.is(c.servers[0]?.queries.length, 0);
});

lookupRule(
  'who asks for a name while it is looked up gets the same answer',
  [good],
  async (t, c) => {
    const found = lookup(c.world, c.servers);
    const names = [NAME, NAME, 'A.Example', `${NAME}.`];
    const answers = await Promise.all(names.map((name) => found(name)));
    for (const { addresses } of answers) t.deepEqual(addresses, ['192.0.2.1']);
    t.is(c.servers[0]?.queries.length, 1);
    await found(NAME);
    t.is(c.servers[0]?.queries.length, 2, 'nothing is kept');
  },
);

lookupRule(
  'a failure, too, is shared, and the next look-up asks again',
  [SERVFAIL],
  async (t, c) => {
    const found = lookup(c.world, c.servers, { attempts: 1 });
    const ends = await Promise.allSettled([found(NAME), found(NAME)]);
    for (const { status } of ends) t.is(status, 'rejected');
    await t.throwsAsync(found(NAME), { code: 'SERVFAIL' });
    t.is(c.servers[0]?.queries.length, 2);
  },
);

rule('a look-up ends when its port is closed', async (t, world) => {
  const server = await responder(world, silent);
  const found = lookup(world, [server])(NAME);
  const rejected = t.throwsAsync(found, { instanceOf: DnsError, code: 'CANCELLED' });
  t.false(
    await within(
      world,
      found.catch(() => new Promise(() => {})),
      50,
    ),
    'it waits',
  );
  world.port.close();
  await rejected;
  await server.close();
});

test('1024 names may be looked up at once, and one more ends with LIMIT', async (t) => {
  const host = new ManualHost();
  const port: ProactorPort = new FakeProactor(host.loop);
  const server = { family: 'ipv4', address: '192.0.2.53', port: 53 } as const;
  const found = lookupAddresses(port, { servers: [server], random: nodeRandom() });
  const first = found('n0');
  const names = Array.from({ length: LOOKUPS_MAX - 1 }, (_, i) => `n${i + 1}`);
  const others = Promise.allSettled(names.map((name) => found(name)));
  await t.throwsAsync(found('another'), { instanceOf: DnsError, code: 'LIMIT' });
  const again = found('n0');
  port.close();
  host.settle();
  await t.throwsAsync(first, { code: 'CANCELLED' });
  await t.throwsAsync(again, { code: 'CANCELLED' });
  await others;
  const another = found('another');
  host.settle();
  await t.throwsAsync(another, { code: 'CANCELLED' }, 'there is room again');
});

test('options outside of their bounds are refused', (t) => {
  const port = new FakeProactor(new ManualHost().loop);
  const server = { family: 'ipv4', address: '192.0.2.53', port: 53 } as const;
  const make = (options: Partial<LookupOptions>) => () =>
    lookupAddresses(port, { servers: [server], random: nodeRandom(), ...options });
  t.notThrows(make({ servers: Array(SERVERS_MAX).fill(server), attempts: ATTEMPTS_MAX }));
  for (const options of [
    { servers: [] },
    { servers: Array(SERVERS_MAX + 1).fill(server) },
    { servers: [{ ...server, port: 0 }] },
    { servers: [{ family: 'unix', address: '/x', port: 0 } as const] },
    { attempts: 0 },
    { attempts: ATTEMPTS_MAX + 1 },
    { attempts: 1.5 },
    { timeoutMs: 0 },
    { timeoutMs: Number.NaN },
    { timeoutMs: Number.POSITIVE_INFINITY },
  ]) {
    t.throws(make(options), { instanceOf: TypeError }, JSON.stringify(options));
  }
});

test('c-ares reads the same out of the replies that these tests are made of', async (t) => {
  const server = await nodeResponder(chain);
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${server.endpoint.port}`]);
  t.deepEqual(await resolver.resolve4(NAME, { ttl: true }), [{ address: '192.0.2.9', ttl: 3 }]);
  await server.close();
});
