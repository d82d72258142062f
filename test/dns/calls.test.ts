import { getEventListeners } from 'node:events';
import test from 'ava';
import { SimProactor, SimRandom, SimWorld } from '../../adapters/sim/index.ts';
import { CALLS_MAX, Calls } from '../../src/dns/calls.ts';
import { type AddressSet, DnsError, Resolver } from '../../src/dns/index.ts';
import { dnsRule, rejection, simRule, texts } from './resolver-world.ts';

const CALLS = 1_000;

dnsRule('case 46: close() with 1,000 pending: each settles once', async (t, { server, make }) => {
  server.other = { silent: true };
  const resolver = make();
  let settled = 0;
  let called = 0;
  const codes = new Set<string>();
  const ended = (error: unknown): void => {
    settled += 1;
    codes.add((error as DnsError).code);
  };
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < CALLS; i += 1) {
    const name = `n${i % 100}.test`;
    const promises = [
      () => resolver.addresses(name),
      () => resolver.resolve(name, 'TXT'),
      () => resolver.service(`_x._tcp.${name}`),
    ];
    const promise = promises[i % 3] as () => Promise<unknown>;
    calls.push(promise().then(ended, ended));
  }
  const lookups = Array.from({ length: 100 }, (_, i) => {
    return new Promise<void>((resolve) => {
      resolver.lookup(`n${i}.test`, (error) => {
        called += 1;
        codes.add((error as DnsError).code);
        resolve();
      });
    });
  });
  t.is(resolver.stats().calls, CALLS + 100);
  await resolver[Symbol.asyncDispose]();
  await Promise.all([...calls, ...lookups]);
  t.is(settled, CALLS);
  t.is(called, 100);
  t.deepEqual([...codes], ['ECANCELLED']);
  t.is(resolver.stats().calls, 0);
  t.is((await rejection(resolver.addresses('late.test'))).code, 'ECANCELLED');
  await resolver[Symbol.asyncDispose]();
});

dnsRule('case 46: an abort inside a callback leaves the others alone', async (t, dns) => {
  const { server, resolver } = dns;
  server.addresses('www.test', ['192.0.2.1']);
  const abort = new AbortController();
  const { signal } = abort;
  const reason = new Error('enough');
  const first = resolver.addresses('www.test').then(() => abort.abort(reason));
  const second = rejection(resolver.addresses('slow.test', { signal }));
  const third = rejection(resolver.resolve('slow.test', 'TXT', { signal }));
  server.other = { silent: true };
  const other = resolver.addresses('www.test', { family: 4 });
  await first;
  for (const error of [await second, await third]) {
    t.is(error.code, 'ECANCELLED');
    t.is(error.cause, reason);
  }
  t.deepEqual(texts(await other), ['192.0.2.1']);
  const late = await rejection(resolver.addresses('www.test', { signal }));
  t.is(late.code, 'ECANCELLED', 'a signal that has fired already');
});

simRule('the last caller who leaves ends the question', async (t, { server, resolver, sleep }) => {
  server.other = { silent: true };
  const aborts = [new AbortController(), new AbortController()];
  const calls = aborts.map(({ signal }) => rejection(resolver.addresses('x.test', { signal })));
  await sleep(10);
  t.is(resolver.stats().inFlight, 2);
  aborts[0]?.abort();
  await sleep(10);
  t.is(resolver.stats().inFlight, 2);
  aborts[1]?.abort();
  await sleep(10);
  t.is(resolver.stats().inFlight, 0);
  await Promise.all(calls);
});

simRule('case 45: 1,000 wait, 999 abort, the last is answered', async (t, dns) => {
  const { server, resolver, sleep } = dns;
  const records = [{ type: 'A', name: 'www.test', ttl: 60, data: '192.0.2.1' }] as const;
  server.set('www.test', 'A', { records, afterMs: 200 });
  const abort = new AbortController();
  const { signal } = abort;
  const call = { family: 4, signal } as const;
  const leaving = Array.from({ length: CALLS - 1 }, () => {
    return rejection(resolver.addresses('www.test', call));
  });
  const last = resolver.addresses('www.test', { family: 4 });
  await sleep(50);
  abort.abort();
  const errors = await Promise.all(leaving);
  t.true(errors.every(({ code }) => code === 'ECANCELLED'));
  t.deepEqual(texts(await last), ['192.0.2.1']);
  t.is(server.queries.length, 1);
});

simRule('1,000 equal calls are one question per type', async (t, { server, resolver }) => {
  server.addresses('www.test', ['192.0.2.1', '2001:db8::1']);
  const calls = Array.from({ length: CALLS }, () => resolver.addresses('www.test'));
  const sets = await Promise.all(calls);
  t.is(server.queries.length, 2);
  t.is(new Set(sets).size, 1, 'and one set');
});

simRule('cache: refresh asks again, only asks nobody', async (t, { server, resolver }) => {
  server.addresses('www.test', ['192.0.2.1']);
  t.is((await rejection(resolver.addresses('www.test', { cache: 'only' }))).code, 'ENOSERVER');
  t.is((await rejection(resolver.resolve('www.test', 'A', { cache: 'only' }))).code, 'ENOSERVER');
  t.deepEqual(server.queries, []);
  await resolver.addresses('www.test');
  t.is((await resolver.addresses('www.test', { cache: 'only' })).source, 'cache');
  t.deepEqual((await resolver.resolve('www.test', 'A', { cache: 'only' })).records, ['192.0.2.1']);
  server.addresses('www.test', ['192.0.2.2']);
  const set = await resolver.addresses('www.test', { cache: 'refresh' });
  t.deepEqual(texts(set), ['192.0.2.2']);
  t.is(set.source, 'network');
  t.is(server.count('www.test A'), 2);
});

simRule('flush forgets a name, or all of them', async (t, { server, resolver }) => {
  for (const name of ['a.test', 'b.test']) {
    server.addresses(name, ['192.0.2.1']);
    await resolver.addresses(name);
  }
  resolver.flush('A.test');
  t.is(resolver.peek('a.test'), undefined);
  t.not(resolver.peek('b.test'), undefined);
  resolver.flush();
  t.is(resolver.peek('b.test'), undefined);
});

simRule('servers may be changed while questions are under way', async (t, dns) => {
  const { server, resolver, sleep } = dns;
  server.addresses('kept.test', ['192.0.2.1']);
  await resolver.addresses('kept.test');
  const records = [{ type: 'A', name: 'slow.test', ttl: 60, data: '192.0.2.2' }] as const;
  server.set('slow.test', 'A', { records, afterMs: 200 });
  const slow = resolver.addresses('slow.test', { family: 4 });
  await sleep(10);
  resolver.setServers(['127.0.0.1:9', '[::1]:9']);
  t.deepEqual(texts(await slow), ['192.0.2.2']);
  t.not(resolver.peek('kept.test'), undefined, 'the cache is kept');
  t.deepEqual(
    resolver.stats().servers.map(({ address }) => address),
    ['127.0.0.1:9', '[::1]:9'],
  );
  t.throws(() => resolver.setServers([]), { instanceOf: TypeError });
});

test('one call more than may wait is refused, and tells so', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const calls = new Calls(port, 1_000);
  const wanted = { hostname: 'x.test', call: {} };
  const search = { cancel: () => {} };
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < CALLS_MAX; i += 1) waiting.push(rejection(calls.run(wanted, () => search)));
  t.is(calls.size, CALLS_MAX);
  t.is((await rejection(calls.run(wanted, () => search))).code, 'ENOSERVER');
  calls.close();
  await Promise.all(waiting);
  t.is(calls.size, 0);
  port.close();
});

simRule('calls and watches that share a signal share its listener', async (t, dns) => {
  const { server, resolver } = dns;
  server.other = { silent: true };
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = (): number => getEventListeners(signal, 'abort').length;
  const calls = Array.from({ length: 20 }, () =>
    rejection(resolver.addresses('x.test', { signal })),
  );
  const watches = Array.from({ length: 20 }, () => {
    return resolver.watch('x.test', { signal })[Symbol.asyncIterator]().next();
  });
  t.is(listeners(), 2);
  abort.abort();
  await Promise.all(calls);
  for (const next of await Promise.all(watches)) t.true(next.done);
  t.is(listeners(), 0);
});

test('when the port closes under it, each call ends', async (t) => {
  const world = new SimWorld({ seed: 2 });
  const port = new SimProactor(world.local);
  const resolver = new Resolver(port, { servers: ['127.0.0.1:9'] }, { random: new SimRandom(1) });
  const calls = Array.from({ length: 10 }, (_, i) => rejection(resolver.addresses(`${i}x.test`)));
  const all = Promise.all(calls);
  port.close();
  const errors = await world.drive(all);
  t.deepEqual([...new Set(errors.map(({ code }) => code))], ['ECANCELLED']);
  await world.drive(resolver[Symbol.asyncDispose]());
});

simRule('timeoutMs has to be above 0', async (t, { resolver }) => {
  const call = { timeoutMs: 0 };
  const error: unknown = await resolver.addresses('x.test', call).then(
    (set: AddressSet) => set,
    (reason: unknown) => reason,
  );
  t.true(error instanceof TypeError);
  t.false(error instanceof DnsError);
});
