import { SERVER_TIMEOUTS } from '../../src/http/server-options.ts';
import { eventually, PATIENT, SOON_MS, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** Refused before there is a request: one line in the log, and an upstream that never hears of it. */
const REFUSED: readonly (readonly [title: string, text: string, status: number])[] = [
  ['garbage', '\x16\x03\x01\x02\x00\x01', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  [
    'Content-Length with Transfer-Encoding',
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
  ],
  ['a path above the root', 'GET /../x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['a target over 8 KiB', `GET /${'a'.repeat(8192)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['another expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n', 417],
  ['a field over 8 KiB', `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(8192)}\r\n\r\n`, 431],
  ['201 fields', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(201)}\r\n`, 431],
  ['a head that never ends', `GET / HTTP/1.1\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(40)}`, 431],
  ['another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', 501],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
];

for (const [title, text, status] of REFUSED) {
  siteTest(`${title}: ${status}, one line in the log, and FIN`, async (t, site) => {
    await site.start(answering(() => ok('x')));
    const client = await site.client();
    client.write(text);
    t.is((await client.response()).status, status);
    t.is((await client.rest()).end, 'fin');
    t.deepEqual(await site.statuses(1), [String(status)]);
    t.is(site.seen, 0);
  });
}

siteTest(
  'a chunk of a bad size is a 400 while the request waits for its answer',
  async (t, site) => {
    await site.start(() => {});
    const client = await site.client();
    client.write(
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx\r\n',
    );
    t.is((await client.response()).status, 400);
    t.true(await eventually(() => site.upstreams[0]?.open === 0), 'the upstream is closed');
    t.deepEqual(await site.statuses(1), ['400']);
  },
);

for (const how of ['reset', 'leave'] as const) {
  const name = how === 'reset' ? 'RST' : 'FIN';

  siteTest(
    `a client that leaves by ${name} in the middle of a head leaves nothing`,
    async (t, site) => {
      await site.start(() => {});
      const client = await site.client();
      client.write('GET / HT');
      t.true(await eventually(() => site.proxy.connections === 1));
      client[how]();
      t.true(await eventually(() => site.proxy.connections === 0));
      t.is(site.begun, 0);
    },
  );

  siteTest(
    `a client that leaves by ${name} in the middle of its upload is a 499`,
    async (t, site) => {
      await site.start(async (peer) => {
        await peer.rest();
      });
      const client = await site.client();
      client.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
      t.true(await eventually(() => (site.upstreams[0]?.peers[0]?.received ?? 0) > 3));
      client[how]();
      t.true(await eventually(() => site.upstreams[0]?.peers[0]?.ended !== undefined));
      t.deepEqual(await site.statuses(1), ['499']);
    },
  );

  siteTest(
    `a client that leaves by ${name} in the middle of a response is a 499`,
    async (t, site) => {
      await site.start(async (peer) => {
        await peer.head();
        peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const more = setInterval(() => peer.write('3\r\nabc\r\n'), 5);
        await peer.closed;
        clearInterval(more);
      });
      const client = await site.client();
      client.write(GET);
      await client.head();
      client[how]();
      t.true(await eventually(() => site.upstreams[0]?.open === 0), 'the upstream is closed');
      t.deepEqual(await site.statuses(1), ['499']);
    },
  );
}

siteTest('a client that resets while it waits for the head is a 499 at once', async (t, site) => {
  await site.start(async (peer) => {
    await peer.rest();
  });
  const client = await site.client();
  client.write(GET);
  t.true(await eventually(() => site.seen === 1));
  const started = performance.now();
  client.reset();
  t.deepEqual(await site.statuses(1), ['499']);
  t.true(performance.now() - started < PATIENT.readMs);
  t.true(await eventually(() => site.upstreams[0]?.open === 0), 'the upstream is closed');
});

siteTest(
  'a client that closes by FIN while it waits may be half-closed: the upstream decides',
  async (t, site) => {
    await site.start(async (peer) => {
      await peer.head();
      await new Promise((resolve) => setTimeout(resolve, 100));
      peer.write(ok('late'));
    });
    const client = await site.client();
    client.write(GET);
    t.true(await eventually(() => site.seen === 1));
    client.leave();
    t.deepEqual(await site.statuses(1), ['200']);
    t.true(await eventually(() => site.proxy.connections === 0));
  },
);

siteTest('a client that stops reading is cut at sendMs, and logged as 499', async (t, site) => {
  const body = Buffer.alloc(64 * 1024 * 1024);
  await site.start(
    async (peer) => {
      await peer.head();
      peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      peer.socket.write(body);
      await peer.closed;
    },
    { timeouts: { ...SERVER_TIMEOUTS, sendMs: SOON_MS } },
  );
  const client = await site.client();
  client.socket.pause();
  client.write(GET);
  t.deepEqual(await site.statuses(1), ['499']);
  t.true(await eventually(() => site.proxy.connections === 0));
});

siteTest('a client that reads slowly gets all its pipelined answers', async (t, site) => {
  const body = 'x'.repeat(60_000);
  await site.start(answering(() => ok(body)));
  const client = await site.client();
  client.socket.pause();
  client.write(GET.repeat(300));
  let most = 0;
  for (let i = 0; i < 200; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    most = Math.max(most, site.newest?.queuedBytes ?? 0);
  }
  client.socket.resume();
  for (let i = 0; i < 300; i += 1) {
    const { status, body: got } = await client.response();
    t.is(status, 200);
    t.is(got.length, body.length);
  }
  t.log(`${(300 * body.length) >> 20} MiB waited; at most ${most >> 10} KiB of them in the outbox`);
  t.true(most < 256 * 1024);
});
