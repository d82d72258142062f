import type { ExecutionContext } from 'ava';
import type { Lookup } from '../../src/proxy/index.ts';
import { eventually, QUICK, type Site, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** A look-up that a test answers. */
class FakeLookup {
  readonly asked: string[] = [];
  readonly #answers: ((addresses: readonly string[], ttlMs: number) => void)[] = [];
  readonly #failures: ((error: Error) => void)[] = [];

  readonly lookup: Lookup = (name) => {
    this.asked.push(name);
    return new Promise((resolve, reject) => {
      this.#answers.push((addresses, ttlMs) => resolve({ addresses, ttlMs }));
      this.#failures.push(reject);
    });
  };

  answer(addresses: readonly string[], ttlMs = 60_000): void {
    this.#failures.shift();
    this.#answers.shift()?.(addresses, ttlMs);
  }

  fail(): void {
    this.#answers.shift();
    this.#failures.shift()?.(new Error('SERVFAIL'));
  }
}

/** A site whose upstream is a name. */
function named(
  title: string,
  body: (t: ExecutionContext, site: Site, names: FakeLookup) => Promise<void>,
): void {
  siteTest(title, async (t, site) => {
    const names = new FakeLookup();
    const { port } = await site.upstream(answering(() => ok('found')));
    await site.start([], {
      lookup: names.lookup,
      upstream: { servers: { name: 'backend.test', port } },
    });
    await body(t, site, names);
  });
}

named(
  'requests wait for the first look-up, which is one for all of them',
  async (t, site, names) => {
    const clients = await Promise.all([site.client(), site.client(), site.client()]);
    for (const client of clients) client.write(GET);
    t.true(await eventually(() => site.begun === 3));
    names.answer(['127.0.0.1']);
    for (const client of clients) t.is((await client.response()).body.toString(), 'found');
    t.deepEqual(names.asked, ['backend.test']);
  },
);

named('a look-up may take longer than a connect', async (t, site, names) => {
  const client = await site.client();
  client.write(GET);
  t.true(await eventually(() => site.begun === 1));
  await new Promise((resolve) => setTimeout(resolve, QUICK.connectMs + 100));
  names.answer(['127.0.0.1']);
  t.is((await client.response()).body.toString(), 'found');
});

named('an upload waits with its head for the look-up', async (t, site, names) => {
  const client = await site.client();
  client.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  t.true(await eventually(() => site.begun === 1));
  names.answer(['127.0.0.1']);
  t.is((await client.response()).body.toString(), 'found');
});

named('a look-up that fails is a 502, and the next request asks again', async (t, site, names) => {
  const client = await site.client();
  client.write(GET);
  t.true(await eventually(() => names.asked.length === 1));
  names.fail();
  t.is((await client.response()).status, 502);
  client.write(GET);
  t.true(await eventually(() => names.asked.length === 2));
  names.answer(['127.0.0.1']);
  t.is((await client.response()).body.toString(), 'found');
});

named('an answer without addresses is a failed look-up', async (t, site, names) => {
  const client = await site.client();
  client.write(GET);
  t.true(await eventually(() => names.asked.length === 1));
  names.answer([]);
  t.is((await client.response()).status, 502);
  t.is(names.asked.length, 1);
});

named(
  'after the TTL the name is asked for again, and known servers serve meanwhile',
  async (t, site, names) => {
    const ask = async (): Promise<string> => (await site.ask(GET)).body.toString();
    const first = ask();
    t.true(await eventually(() => names.asked.length === 1));
    names.answer(['127.0.0.1'], 1);
    t.is(await first, 'found');
    t.is(await ask(), 'found');
    t.is(names.asked.length, 1, 'a TTL below one second counts as one');
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    t.is(await ask(), 'found');
    t.is(names.asked.length, 2);
    t.is(await ask(), 'found', 'while the answer is on its way');
    names.fail();
    t.is(await ask(), 'found', 'after it has failed');
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    t.is(await ask(), 'found');
    t.is(names.asked.length, 3, 'it is asked again');
    names.answer([]);
    t.is(await ask(), 'found', 'the group never becomes empty');
  },
);

named('a new address takes the place of the old one', async (t, site, names) => {
  const first = site.ask(GET);
  t.true(await eventually(() => names.asked.length === 1));
  names.answer(['127.0.0.2'], 1);
  t.is((await first).status, 502);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  await site.ask(GET);
  names.answer(['127.0.0.1']);
  t.true(await eventually(() => names.asked.length === 2));
  t.is((await site.ask(GET)).body.toString(), 'found');
});

named('a client that leaves while it waits costs the next one nothing', async (t, site, names) => {
  const gone = await site.client();
  gone.write(GET);
  t.true(await eventually(() => site.begun === 1));
  gone.reset();
  t.deepEqual(await site.statuses(1), ['499']);
  const client = await site.client();
  client.write(GET);
  t.true(await eventually(() => site.begun === 2));
  names.answer(['127.0.0.1']);
  t.is((await client.response()).body.toString(), 'found');
  t.is(site.seen, 1, 'one request, one connection');
  t.deepEqual(await site.statuses(2), ['499', '200']);
});

named('1024 requests wait for a name, and one more is a 502', async (t, site, names) => {
  const clients = await Promise.all(Array.from({ length: 1024 }, () => site.client()));
  for (const client of clients) client.write(GET);
  t.true(await eventually(() => site.begun === 1024));
  t.is((await site.ask(GET)).status, 502);
  t.true(
    clients.every(({ received }) => received === 0),
    'the others wait on',
  );
  names.fail();
  for (const client of clients) t.is((await client.response()).status, 502);
  t.is(names.asked.length, 1);
});

named(
  'a group has 1024 addresses in its life, and an answer beyond is a failed one',
  async (t, site, names) => {
    const addresses = (count: number) =>
      Array.from({ length: count }, (_, i) => `127.1.${i >> 8}.${i & 255}`);
    const first = site.ask(GET);
    t.true(await eventually(() => names.asked.length === 1));
    names.answer(addresses(1025));
    t.is((await first).status, 502);
    t.is(names.asked.length, 1);
  },
);

siteTest('a name without a look-up is a mistake that is told at once', async (t, site) => {
  await t.throwsAsync(
    site.start([], { upstream: { servers: { name: 'backend.test', port: 80 } } }),
    {
      instanceOf: TypeError,
    },
  );
});

siteTest('a group without servers answers 502', async (t, site) => {
  await site.start([]);
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(GET);
    t.is((await client.response()).status, 502);
  }
});
