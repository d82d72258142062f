import type { Peer } from './peer.ts';
import { eventually, inTime, PATIENT, type Site, SOON_MS, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';

const DROPS: readonly (readonly [string, (peer: Peer) => void])[] = [
  ['RST', (peer) => peer.reset()],
  ['FIN', (peer) => peer.finish()],
];

/** Opens once so many have come. */
class Barrier {
  #left: number;
  readonly #open: Promise<void>;
  #resolve: () => void = () => {};

  constructor(count: number) {
    this.#left = count;
    this.#open = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  reached(): Promise<void> {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
    return this.#open;
  }
}

/** Two servers: the one that is asked first drops every request. */
async function withDropping(site: Site, drop: (peer: Peer) => void): Promise<void> {
  const good = await site.upstream(answering(() => ok('good')));
  const bad = await site.upstream(async (peer) => {
    await peer.head();
    drop(peer);
  });
  await site.start([bad, good]);
}

for (const [name, drop] of DROPS) {
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    siteTest(
      `${name} before the head: ${method} is repeated at the next server`,
      async (t, site) => {
        await withDropping(site, drop);
        t.is((await site.ask(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)).status, 200);
        t.is(site.upstreams[1]?.connections, 1);
      },
    );
  }

  for (const method of ['POST', 'PATCH', 'LOCK']) {
    siteTest(`${name} before the head: ${method} is not repeated, but a 502`, async (t, site) => {
      await withDropping(site, drop);
      const text = `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
      t.is((await site.ask(text)).status, 502);
      t.is(site.upstreams[0]?.connections, 0);
      t.deepEqual(await site.statuses(1), ['502']);
    });
  }

  siteTest(
    `${name} before the head: PUT is a 502 once part of its body was sent`,
    async (t, site) => {
      await withDropping(site, drop);
      const text = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
      t.is((await site.ask(text)).status, 502);
      t.is(site.upstreams[0]?.connections, 0);
    },
  );

  siteTest(
    `a pooled connection that the server closes by ${name} costs no error`,
    async (t, site) => {
      await site.start(async (peer) => {
        await peer.head();
        peer.write(ok('once'));
        setTimeout(() => drop(peer), 5);
      });
      const client = await site.client();
      for (let i = 0; i < 10; i += 1) {
        client.write(GET);
        t.is((await client.response()).body.toString(), 'once');
        t.true(await eventually(() => site.proxy.pool.idle === 0), 'its end was seen');
      }
      t.is(site.seen, 10);
      t.deepEqual(new Set(await site.statuses(10)), new Set(['200']));
    },
  );

  siteTest(
    `a pooled connection that ends by ${name} as a GET arrives costs no error`,
    async (t, site) => {
      const barrier = new Barrier(4);
      await site.start(async (peer) => {
        await peer.head();
        await barrier.reached();
        peer.write(ok('first'));
        await peer.head();
        drop(peer);
      });
      // Four connections go stale together; one request meets all of them, and uses up no try.
      const clients = await Promise.all(Array.from({ length: 4 }, () => site.client()));
      for (const client of clients) client.write(GET);
      for (const client of clients) t.is((await client.response()).body.toString(), 'first');
      t.is(site.proxy.pool.idle, 4);
      clients[0]?.write(GET);
      t.is((await (clients[0] as Peer).response()).body.toString(), 'first');
      t.is(site.seen, 5);
    },
  );

  siteTest(
    `a POST that meets a stale connection (${name}) is a 502: it is not sent twice`,
    async (t, site) => {
      let posts = 0;
      await site.start(async (peer) => {
        await peer.head();
        peer.write(ok('first'));
        if ((await peer.head()) === undefined) return;
        posts += 1;
        drop(peer);
      });
      const client = await site.client();
      client.write(GET);
      t.is((await client.response()).status, 200);
      client.write(POST);
      t.is((await client.response()).status, 502);
      t.is(posts, 1);
      t.is(site.seen, 1);
      t.deepEqual(await site.statuses(2), ['200', '502']);
    },
  );
}

siteTest('a timeout of the first server is repeated at the next', async (t, site) => {
  const good = await site.upstream(answering(() => ok('good')));
  const silent = await site.upstream(() => {});
  await site.start([silent, good], { upstream: { timeouts: { ...PATIENT, readMs: SOON_MS } } });
  const seen = await inTime(
    () => site.ask(GET),
    ({ status }) => status === 504,
  );
  t.is(seen.body.toString(), 'good');
  t.true(await eventually(() => (site.upstreams[1]?.connections ?? 0) > 0));
});

siteTest('a broken head is not repeated: the server may have acted', async (t, site) => {
  const good = await site.upstream(answering(() => ok('good')));
  const bad = await site.upstream(answering(() => 'garbage'));
  await site.start([bad, good]);
  t.is((await site.ask(GET)).status, 502);
  t.is(site.upstreams[0]?.connections, 0);
});
