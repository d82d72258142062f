import { fieldOf } from './peer.ts';
import { eventually, siteTest } from './site.ts';
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

for (const version of ['1.1', '1.0']) {
  for (const [title, text, then] of CUT) {
    siteTest(`${title} is cut for an HTTP/${version} client, too`, async (t, site) => {
      await site.start(async (peer, index) => {
        await peer.head();
        peer.write(index === 0 ? text : ok('fine'));
        if (index > 0 || then === 'hang') return;
        if (then === 'fin') peer.finish();
        else if (then === 'reset') peer.reset();
        else setTimeout(() => peer.reset(), 20);
      });
      const client = await site.client();
      client.write(`GET / HTTP/${version}\r\nHost: x\r\n\r\n`);
      const { data, end } = await client.rest();
      t.is(end, 'reset', `the client got ${JSON.stringify(data.toString())}`);
      t.deepEqual(await site.statuses(1), ['200']);
      t.is((await site.ask(GET)).body.toString(), 'fine', 'the next request is served');
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

siteTest('a response that comes a byte every 10 ms passes', async (t, site) => {
  const text = `${CHUNKED}3\r\nabc\r\n4;e="x"\r\ndefg\r\n0\r\nT: r\r\n\r\n`;
  await site.start(
    async (peer) => {
      for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
        for (const byte of text) {
          peer.write(byte);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    },
    { upstream: { timeouts: { connectMs: 400, sendMs: 400, readMs: 400, idleMs: 400 } } },
  );
  const started = performance.now();
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(GET);
    const { head, body } = await client.response();
    t.is(body.toString(), 'abcdefg');
    t.is(fieldOf(head, 't'), undefined);
  }
  t.log(`${2 * text.length} bytes in ${Math.round(performance.now() - started)} ms`);
  t.is(site.seen, 1);
});
