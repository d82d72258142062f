import type { ExecutionContext } from 'ava';
import { FakeLookup } from './fake-lookup.ts';
import type { Peer } from './peer.ts';
import { eventually, type Site, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

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
  const clients: Peer[] = [];
  // Fewer at once than a listener's backlog: what it has no room for knocks again seconds later.
  for (let begun = 128; begun <= 1024; begun += 128) {
    const more = await Promise.all(Array.from({ length: 128 }, () => site.client()));
    for (const client of more) client.write(GET);
    clients.push(...more);
    t.true(await eventually(() => site.begun === begun));
  }
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
