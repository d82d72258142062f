import { fieldOf, type Peer, type Seen } from './peer.ts';
import { eventually, inTime, PATIENT, type Site, SOON_MS, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CLOSE = 'HTTP/1.1 200 OK\r\n\r\n';

/** A RST comes with the last bytes, or a little later. */
type Then = 'fin' | 'reset' | 'late reset' | 'hang';

const CUT: readonly (readonly [title: string, text: string, then: Then])[] = [
  ['a body short of its length, by FIN', `${LENGTH}abc`, 'fin'],
  ['a body short of its length, by RST', `${LENGTH}abc`, 'reset'],
  ['a body short of its length, by silence', `${LENGTH}abc`, 'hang'],
  ['a head with a length, then FIN', LENGTH, 'fin'],
  ['a chunk cut in its data, by FIN', `${CHUNKED}5\r\nabc`, 'fin'],
  ['a chunk cut in its data, by RST', `${CHUNKED}5\r\nabc`, 'reset'],
  ['a chunk cut in its data, by silence', `${CHUNKED}5\r\nabc`, 'hang'],
  ['a body cut between chunks, by FIN', `${CHUNKED}3\r\nabc\r\n`, 'fin'],
  ['a body cut between chunks, by RST', `${CHUNKED}3\r\nabc\r\n`, 'reset'],
  ['a body cut after its last chunk’s size', `${CHUNKED}3\r\nabc\r\n0\r\n`, 'fin'],
  ['a chunk of a bad size', `${CHUNKED}3\r\nabc\r\nx\r\n`, 'hang'],
  ['a chunk whose size overflows', `${CHUNKED}3\r\nabc\r\nfffffffffffffffff\r\n`, 'hang'],
  ['a chunk that is longer than its size', `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`, 'hang'],
  ['a body that ends with the connection, by RST', `${CLOSE}abc`, 'reset'],
  ['a body that ends with the connection, by a late RST', `${CLOSE}abc`, 'late reset'],
  ['a body that ends with the connection, by silence', `${CLOSE}abc`, 'hang'],
];

/** Sends `text` for /bad, and what is good for all else. */
function cutting(text: string, then: Then) {
  return async (peer: Peer): Promise<void> => {
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      const isBad = head.startsWith('GET /bad');
      peer.write(isBad ? text : ok('fine'));
      if (!isBad) continue;
      if (then === 'fin') peer.finish();
      else if (then === 'reset') peer.reset();
      else if (then === 'late reset') setTimeout(() => peer.reset(), 20);
      return;
    }
  };
}

/** How the answer to /bad ends, where the proxy has not given up before its head. */
async function endOfBad(site: Site, version: string): Promise<string> {
  const attempt = async (): Promise<string> => {
    const client = await site.client();
    client.write(`GET /bad HTTP/${version}\r\nHost: x\r\n\r\n`);
    const head = await client.head();
    if (head?.includes(' 504 ')) {
      client.leave();
      return 'late';
    }
    return (await client.rest()).end;
  };
  return inTime(attempt, (end) => end === 'late');
}

for (const version of ['1.1', '1.0']) {
  for (const [title, text, then] of CUT) {
    siteTest(`${title} is cut for an HTTP/${version} client, too`, async (t, site) => {
      const readMs = then === 'hang' ? SOON_MS : PATIENT.readMs;
      await site.start(cutting(text, then), { upstream: { timeouts: { ...PATIENT, readMs } } });
      t.is(await endOfBad(site, version), 'reset');
      t.is((await site.statuses(site.begun)).at(-1), '200');
      const next = await inTime(
        () => site.ask(GET),
        ({ status }) => status === 504,
      );
      t.is(next.body.toString(), 'fine', 'the next request is served');
      t.true(await eventually(() => site.upstreams[0]?.open === 1), 'the bad one is closed');
    });
  }
}

siteTest('a cut is a RST also while a write to the client is stalled', async (t, site) => {
  let sent = 0;
  await site.start(async (peer) => {
    await peer.head();
    peer.write(CLOSE);
    const piece = Buffer.alloc(16 * 1024, 'x');
    // Little by little, so that it is the kernel that is full, and our outbox hardly begun.
    for (let stalled = 0; stalled < 10; ) {
      if (site.newest?.outbox.inFlight) stalled += 1;
      else {
        stalled = 0;
        peer.write(piece);
        sent += piece.length;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    peer.reset();
  });
  const client = await site.client();
  client.socket.pause();
  client.write(GET);
  t.true(await eventually(() => site.released === 1), 'the proxy has cut the client');
  client.socket.resume();
  const { data, end } = await client.rest();
  t.log(`${data.length} of ${sent} bytes arrived, then ${end}`);
  t.is(end, 'reset', `${data.length} bytes look like a whole body`);
});

for (const [title, text] of [
  ['more bytes than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef'],
  ['a second response', ok('abc') + ok('evil')],
  ['bytes after the last chunk', `${CHUNKED}3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n`],
] as const) {
  siteTest(
    `after ${title} the response is right and its connection is not used again`,
    async (t, site) => {
      await site.start(answering(() => text));
      const client = await site.client();
      for (let i = 0; i < 3; i += 1) {
        client.write(GET);
        t.is((await client.response()).body.toString(), 'abc');
      }
      t.is(site.seen, 3);
      t.is(site.proxy.pool.idle, 0);
    },
  );
}

for (const status of [204, 304]) {
  siteTest(`a body with ${status} is no part of the response`, async (t, site) => {
    const text = `HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n\r\nevil`;
    await site.start(answering(() => text));
    const client = await site.client();
    for (let i = 0; i < 2; i += 1) {
      client.write(GET);
      t.is((await client.response()).status, status);
    }
    t.is(site.seen, 2);
  });
}

siteTest('a response that comes byte by byte may take longer than readMs', async (t, site) => {
  const text = `${CHUNKED}3\r\nabc\r\n4;e="x"\r\ndefg\r\n0\r\nT: r\r\n\r\n`;
  const pauseMs = 1 + SOON_MS / text.length;
  await site.start(
    async (peer) => {
      for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
        for (const byte of text) {
          peer.write(byte);
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      }
    },
    { upstream: { timeouts: { ...PATIENT, readMs: SOON_MS } } },
  );
  const attempt = async (): Promise<readonly (Seen | undefined)[]> => {
    const client = await site.client();
    client.write(GET.repeat(2));
    // A pause that a busy machine made too long is a cut.
    const next = () => client.response().catch(() => undefined);
    return [await next(), await next()];
  };
  const answers = await inTime(attempt, (all) => all.some((seen) => seen?.status !== 200));
  for (const seen of answers) {
    t.is(seen?.body.toString(), 'abcdefg');
    t.is(fieldOf(seen?.head ?? '', 't'), undefined);
  }
});
