import test, { type ExecutionContext } from 'ava';
import type { Stream } from '../../src/net/index.ts';
import { FakeLookup } from './fake-lookup.ts';
import { readUntil, SimSite, TIMEOUTS, UPSTREAM } from './sim-site.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const NOBODY = '10.0.0.99';
const SECOND_MS = 1_000;

async function serve(stream: Stream): Promise<void> {
  for (;;) {
    await readUntil(stream, /\r\n\r\n/);
    await stream.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfound');
  }
}

/** A world whose upstream is a name; time passes as the test says. */
function named(
  title: string,
  body: (t: ExecutionContext, site: SimSite, names: FakeLookup) => Promise<void>,
): void {
  test(title, async (t) => {
    const names = new FakeLookup();
    const site = new SimSite({ seed: 1 }, names.lookup);
    await site.run(async () => {
      await site.start(serve);
      await body(t, site, names);
    });
    t.is(site.left, '');
  });
}

/** Asks, and answers the first look-up, which the request waits for. */
async function found(site: SimSite, names: FakeLookup, address: string, ttlMs: number) {
  const first = site.ask(GET);
  await site.pass(100);
  names.answer([address], ttlMs);
  return first;
}

named('a look-up may take longer than a connect', async (t, site, names) => {
  const asked = site.ask(GET);
  await site.pass(2 * TIMEOUTS.connectMs);
  names.answer([UPSTREAM]);
  t.like(await asked, { body: 'found' });
});

named(
  'after the TTL the name is asked for again, while known servers serve',
  async (t, site, names) => {
    const serves = async (what: string) => t.like(await site.ask(GET), { body: 'found' }, what);
    t.like(await found(site, names, UPSTREAM, 1), { body: 'found' });
    await site.pass(SECOND_MS - 200);
    await serves('at once');
    t.is(names.asked.length, 1, 'a TTL below one second counts as one');
    await site.pass(SECOND_MS);
    await serves('when the answer is old');
    t.is(names.asked.length, 2);
    await serves('while the next one is on its way');
    names.fail();
    await serves('after it has failed');
    t.is(names.asked.length, 2, 'it is not repeated for a second');
    await site.pass(SECOND_MS + 1);
    await serves('when it is asked for once more');
    t.is(names.asked.length, 3);
    names.answer([]);
    await serves('and has no address: the group never becomes empty');
  },
);

named('a new address takes the place of the old one', async (t, site, names) => {
  t.like(await found(site, names, NOBODY, 1), { status: 502 });
  await site.pass(SECOND_MS + 1);
  t.like(await site.ask(GET), { status: 502 }, 'the old address serves, or does not, meanwhile');
  t.is(names.asked.length, 2);
  names.answer([UPSTREAM]);
  t.like(await site.ask(GET), { body: 'found' });
});
