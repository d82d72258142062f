import { simRule, texts } from './resolver-world.ts';
import { follow, NAME, textOf } from './watch-world.ts';

const MINUTE_MS = 60_000;

simRule('case 58: the first event is the current set, then changes alone', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1', '192.0.2.2'], 10);
  const seen = follow(dns);
  await sleep(5_000);
  t.deepEqual(seen.events, ['+192.0.2.1 +192.0.2.2']);
  server.addresses(NAME, ['192.0.2.2', '192.0.2.3'], 10);
  await sleep(10_000);
  t.deepEqual(seen.events.slice(1), ['+192.0.2.3 -192.0.2.1']);
  await seen.end();
});

simRule('case 58: a new order is no event', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1', '192.0.2.2'], 5);
  const seen = follow(dns);
  for (let i = 0; i < 10; i += 1) {
    await sleep(5_000);
    server.addresses(
      NAME,
      i % 2 === 0 ? ['192.0.2.2', '192.0.2.1'] : ['192.0.2.1', '192.0.2.2'],
      5,
    );
  }
  t.is(seen.events.length, 1);
  t.true(server.count(`${NAME} A`) >= 9);
  await seen.end();
});

for (const [title, answer] of [
  ['no such name', { rcode: 3 }],
  ['nothing of it', {}],
] as const) {
  simRule(`case 58: ${title}, once: the set is held`, async (t, dns) => {
    const { server, sleep } = dns;
    server.addresses(NAME, ['192.0.2.1'], 10);
    const seen = follow(dns);
    await sleep(9_000);
    server.both(NAME, answer);
    await sleep(1_500);
    t.regex(seen.events[1] ?? '', /^E(?:NOTFOUND|NODATA) 1$/);
    server.addresses(NAME, ['192.0.2.1'], 10);
    await sleep(MINUTE_MS);
    t.is(seen.events.length, 2, 'no group was emptied by one bad answer');
    await seen.end();
  });
}

simRule('case 58: still empty after holdMs: the set is empty', async (t, dns) => {
  const { server, sleep, nowMs, resolver } = dns;
  server.addresses(NAME, ['192.0.2.1'], 10);
  const seen = follow(dns, { holdMs: 20_000 });
  await sleep(9_000);
  server.both(NAME, { rcode: 3 });
  await sleep(1_500);
  const emptyMs = nowMs();
  const isGone = () => seen.events.includes('-192.0.2.1');
  while (!isGone()) await sleep(100);
  const ms = nowMs() - emptyMs;
  t.true(ms >= 19_000 && ms <= 20_500, `${ms} ms`);
  server.addresses(NAME, ['192.0.2.9'], 10);
  await sleep(MINUTE_MS);
  t.is(seen.events.at(-1), '+192.0.2.9');
  t.deepEqual(texts(resolver.peek(NAME)).length <= 1, true);
  await seen.end();
});

simRule('case 58: onEmpty emit empties at once', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 10);
  const seen = follow(dns, { onEmpty: 'emit' });
  await sleep(9_000);
  server.both(NAME, { rcode: 3 });
  await sleep(1_500);
  t.deepEqual(seen.events, ['+192.0.2.1', '-192.0.2.1', 'ENOTFOUND 1']);
  await sleep(10_000);
  t.is(seen.events.filter((one) => one.startsWith('-')).length, 1, 'and once');
  await seen.end();
});

simRule('case 58: SERVFAIL and silence keep the set, and retry from 1 s', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 10);
  const seen = follow(dns);
  await sleep(9_000);
  server.both(NAME, { rcode: 2 });
  await sleep(9_000);
  t.deepEqual(seen.events, [
    '+192.0.2.1',
    'ESERVFAIL 1',
    'ESERVFAIL 2',
    'ESERVFAIL 3',
    'ESERVFAIL 4',
  ]);
  await sleep(10 * MINUTE_MS);
  t.true(seen.events.length < 40, `${seen.events.length}: the pauses grow`);
  t.true(seen.events.every((one) => !one.startsWith('-')));
  server.addresses(NAME, ['192.0.2.2'], 10);
  await sleep(31_000);
  t.is(seen.events.at(-1), '+192.0.2.2 -192.0.2.1', 'in half a minute at most');
  await seen.end();
});

simRule('case 58: a failure of one family keeps its addresses', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1', '2001:db8::1'], 10);
  const seen = follow(dns);
  await sleep(9_000);
  server.set(NAME, 'AAAA', { rcode: 2 });
  await sleep(MINUTE_MS);
  t.is(seen.events[0]?.split(' ').length, 2);
  t.true(seen.events.slice(1).every((one) => one.startsWith('ESERVFAIL')));
  t.true(seen.events.length > 2);
  await seen.end();
});

simRule('case 58: names with TTL 0 and 1 are asked for no faster', async (t, dns) => {
  const { server, sleep } = dns;
  let last = 0;
  server.addresses(NAME, ['192.0.2.1'], 0);
  const seen = follow(dns);
  for (; last < 100; last += 1) {
    await sleep(1_000);
    server.addresses(NAME, [`192.0.2.${1 + (last % 2)}`], last % 2);
  }
  t.true(server.count(`${NAME} A`) <= 21, `${server.count(`${NAME} A`)} questions in 100 s`);
  t.true(seen.events.length <= 21);
  await seen.end();
  const quick = follow(dns, { minIntervalMs: 1_000 });
  const before = server.count(`${NAME} A`);
  await sleep(20_000);
  const asked = server.count(`${NAME} A`) - before;
  t.true(asked >= 15 && asked <= 21, `${asked}`);
  await quick.end();
});

simRule('case 58: a long TTL is not waited for', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 86_400);
  const seen = follow(dns, { maxIntervalMs: 30_000 });
  await sleep(15_000);
  server.addresses(NAME, ['192.0.2.2'], 86_400);
  await sleep(16_000);
  t.is(seen.events.at(-1), '+192.0.2.2 -192.0.2.1');
  await seen.end();
});

simRule('case 58: a slow consumer gets the latest only', async (t, dns) => {
  const { server, resolver, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 5);
  const iterator = resolver.watch(NAME)[Symbol.asyncIterator]();
  const first = await iterator.next();
  t.is(first.value && textOf(first.value), '+192.0.2.1');
  for (let i = 2; i < 20; i += 1) {
    server.addresses(NAME, [`192.0.2.${i}`], 5);
    await sleep(5_000);
  }
  await sleep(5_000);
  const next = await iterator.next();
  t.is(next.value && textOf(next.value), '+192.0.2.19 -192.0.2.1');
  // There and back again: nothing to tell.
  server.addresses(NAME, ['192.0.2.1'], 5);
  await sleep(10_000);
  server.addresses(NAME, ['192.0.2.19'], 5);
  await sleep(10_000);
  const quiet = iterator.next();
  await sleep(MINUTE_MS);
  await iterator.return?.();
  t.deepEqual(await quiet, { done: true, value: undefined });
});

simRule('case 58: abort, return and close end the iterator', async (t, dns) => {
  const { server, resolver, make, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 5);
  const seen = follow(dns);
  await sleep(1_000);
  await seen.end();
  for await (const event of resolver.watch(NAME)) {
    t.is(textOf(event), '+192.0.2.1');
    break;
  }
  t.is(resolver.stats().watchers, 0);
  const asked = server.queries.length;
  await sleep(10 * MINUTE_MS);
  t.is(server.queries.length, asked, 'nobody looks any more');
  const other = make();
  const iterator = other.watch(NAME)[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = iterator.next();
  await other[Symbol.asyncDispose]();
  t.true((await waiting).done);
  t.true((await other.watch(NAME)[Symbol.asyncIterator]().next()).done);
  const aborted = { signal: AbortSignal.abort() };
  t.true((await resolver.watch(NAME, aborted)[Symbol.asyncIterator]().next()).done);
});

simRule('case 58: two watchers share one refresh', async (t, dns) => {
  const { server, sleep } = dns;
  server.addresses(NAME, ['192.0.2.1'], 10);
  const one = follow(dns);
  await sleep(3_000);
  const two = follow(dns);
  await sleep(47_000);
  t.true(server.count(`${NAME} A`) <= 6, `${server.count(`${NAME} A`)} questions in 50 s`);
  t.deepEqual(two.events, one.events);
  await one.end();
  server.addresses(NAME, ['192.0.2.2'], 10);
  await sleep(11_000);
  t.is(two.events.length, 2, 'the other one goes on');
  await two.end();
});
