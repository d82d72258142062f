import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionContext } from 'ava';
import type { Resolver } from '../../src/dns/index.ts';
import { HINTS, lookupTest, warm } from './lookup-bench.ts';
import { rejection } from './resolver-world.ts';

type Called = { error: NodeJS.ErrnoException | null; address: unknown; family: unknown };

/** Calls `lookup`, and sees to it that the callback runs once, and not at once. */
async function lookedUp(
  t: ExecutionContext,
  resolver: Resolver,
  ...given: unknown[]
): Promise<Called> {
  let calls = 0;
  let inside = true;
  const called = await new Promise<Called>((resolve) => {
    const callback = (...[error, address, family]: unknown[]): void => {
      calls += 1;
      t.false(inside, 'never inside the call');
      resolve({ error: error as NodeJS.ErrnoException | null, address, family });
    };
    (resolver.lookup as (...all: unknown[]) => void)(...given, callback);
    inside = false;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.is(calls, 1);
  return called;
}

lookupTest('lookup gives one address, with all of them a list', async (t, { resolver }) => {
  const known = resolver.peek('www.test')?.addresses ?? [];
  const one = await lookedUp(t, resolver, 'www.test');
  t.is(one.error, null);
  t.deepEqual([one.address, one.family], [known[0]?.address, known[0]?.family]);
  const all = await lookedUp(t, resolver, 'www.test', { all: true });
  t.deepEqual(
    all.address,
    known.map(({ address, family }) => ({ address, family })),
  );
  t.is(known.length, 3);
  t.is(all.family, undefined);
});

lookupTest('options may be absent, a number, or an object', async (t, { resolver }) => {
  for (const four of [4, { family: 4 }, { family: 'IPv4' }]) {
    const { address, family } = await lookedUp(t, resolver, 'www.test', four);
    t.deepEqual([address, family], ['127.0.0.1', 4]);
  }
  for (const six of [6, { family: 6 }, { family: 'IPv6' }]) {
    t.is((await lookedUp(t, resolver, 'www.test', six)).address, '::1');
  }
  for (const any of [undefined, 0, {}, { family: 0 }, { family: undefined }]) {
    const { address } = await lookedUp(t, resolver, 'www.test', any);
    t.is(address, resolver.peek('www.test')?.addresses[0]?.address);
  }
});

lookupTest('order: verbatim, ipv4first, ipv6first', async (t, { resolver }) => {
  const families = async (options: object): Promise<number[]> => {
    const { address } = await lookedUp(t, resolver, 'www.test', { all: true, ...options });
    return (address as { family: number }[]).map(({ family }) => family);
  };
  t.deepEqual(await families({ order: 'ipv4first' }), [4, 4, 6]);
  t.deepEqual(await families({ order: 'ipv6first' }), [6, 4, 4]);
  const own = resolver.peek('www.test')?.addresses.map(({ family }) => family);
  t.deepEqual(await families({ order: 'verbatim' }), own);
  t.deepEqual(await families({ verbatim: false }), [4, 4, 6]);
  t.deepEqual(await families({ verbatim: true }), own);
});

lookupTest('hints: V4MAPPED and ALL', async (t, { resolver }) => {
  const { V4MAPPED, ALL } = HINTS;
  const mapped = { address: '::ffff:127.0.0.1', family: 6 };
  const six = { all: true, family: 6 };
  const only4 = await lookedUp(t, resolver, 'four.test', { ...six, hints: V4MAPPED });
  t.deepEqual(only4.address, [mapped]);
  const both = await lookedUp(t, resolver, 'www.test', { ...six, hints: V4MAPPED });
  t.deepEqual(both.address, [{ address: '::1', family: 6 }]);
  const all = await lookedUp(t, resolver, 'www.test', { ...six, hints: V4MAPPED | ALL });
  t.deepEqual(all.address, [
    { address: '::1', family: 6 },
    mapped,
    { address: '::ffff:127.0.0.2', family: 6 },
  ]);
  const none = await lookedUp(t, resolver, 'four.test', { ...six });
  t.is(none.error?.code, 'ENOTFOUND');
});

lookupTest('hints: ADDRCONFIG leaves out families that this machine has not', async (t, dns) => {
  const hints = HINTS.ADDRCONFIG;
  for (const [own, address] of [
    [['192.0.2.1'], '127.0.0.1'],
    [['2001:db8::1'], '::1'],
    [['192.0.2.1', '2001:db8::1'], undefined],
    [[], undefined],
  ] as const) {
    const resolver = dns.make({}, own);
    await warm(resolver);
    const first = address ?? resolver.peek('www.test')?.addresses[0]?.address;
    t.is((await lookedUp(t, resolver, 'www.test', { hints })).address, first);
  }
  const resolver = dns.make({}, ['2001:db8::1']);
  const { error } = await lookedUp(t, resolver, 'four.test', { hints });
  t.is(error?.code, 'ENOTFOUND');
});

lookupTest(
  'a literal is its own answer, whatever is asked for',
  async (t, { server, resolver }) => {
    const asked = server.queries.length;
    const six = await lookedUp(t, resolver, '::1');
    t.deepEqual([six.address, six.family], ['::1', 6]);
    const four = await lookedUp(t, resolver, '127.0.0.1', { family: 6 });
    t.deepEqual([four.address, four.family], ['127.0.0.1', 4], 'as Node does');
    const all = await lookedUp(t, resolver, '127.0.0.1', { family: 6, all: true });
    t.deepEqual(all.address, [{ address: '127.0.0.1', family: 4 }]);
    t.is((await lookedUp(t, resolver, 'localhost', 4)).address, '127.0.0.1');
    t.is(server.queries.length, asked);
  },
);

lookupTest('errors have code, syscall and hostname', async (t, { server, resolver }) => {
  server.both('broken.test', { rcode: 2 });
  server.both('empty.test', {});
  for (const [name, code] of [
    ['none.test', 'ENOTFOUND'],
    ['empty.test', 'ENOTFOUND'],
    ['broken.test', 'ESERVFAIL'],
    ['1.1', 'EBADNAME'],
    ['', 'EBADNAME'],
  ] as const) {
    const { error, address } = await lookedUp(t, resolver, name, { all: true });
    t.is(error?.code, code, name);
    t.is(error?.syscall, 'getaddrinfo');
    t.is((error as { hostname?: string } | null)?.hostname, name);
    t.is(address, undefined);
  }
});

lookupTest('wrong use is thrown at once', async (t, { resolver }) => {
  const lookup = resolver.lookup as (...all: unknown[]) => void;
  const nothing = (): void => {};
  const instanceOf = TypeError;
  t.throws(() => lookup('www.test'), { instanceOf });
  t.throws(() => lookup('www.test', {}), { instanceOf });
  t.throws(() => lookup('www.test', { family: 5 }, nothing), { instanceOf });
  t.throws(() => lookup('www.test', 7, nothing), { instanceOf });
  t.throws(() => lookup('www.test', { hints: 1 << 20 }, nothing), { instanceOf });
  t.throws(() => lookup('www.test', { order: 'random' }, nothing), { instanceOf });
  t.throws(() => lookup(7, nothing), { instanceOf });
});

lookupTest('the context of the caller is that of its callback', async (t, { resolver }) => {
  const storage = new AsyncLocalStorage<string>();
  const names = ['www.test', 'none.test', '127.0.0.1', 'four.test'];
  const seen = await Promise.all(
    names.map((name) =>
      storage.run(name, () => {
        return new Promise((resolve) => {
          resolver.lookup(name, () => resolve(storage.getStore()));
        });
      }),
    ),
  );
  t.deepEqual(seen, names);
});

lookupTest('after the close, lookup fails', async (t, { resolver }) => {
  await resolver[Symbol.asyncDispose]();
  const { error } = await lookedUp(t, resolver, 'www.test');
  t.is(error?.code, 'ECANCELLED');
  t.is((await rejection(resolver.addresses('www.test'))).code, 'ECANCELLED');
  t.is(resolver.peek('www.test'), undefined);
});
