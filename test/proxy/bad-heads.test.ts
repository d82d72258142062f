import type { Peer } from './peer.ts';
import { eventually, PATIENT, SOON_MS, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const READ_SOON = { ...PATIENT, readMs: SOON_MS };

type Then = 'fin' | 'reset' | 'hang';

/** Responses that are none: what is sent instead of a head, and what comes after it. */
const BAD: readonly (readonly [title: string, text: string, then: Then])[] = [
  ['half a status line, then FIN', 'HTTP/1.1 2', 'fin'],
  ['half a status line, then RST', 'HTTP/1.1 2', 'reset'],
  ['half a head, then FIN', `${OK}Content-Le`, 'fin'],
  ['half a head, then RST', `${OK}Content-Le`, 'reset'],
  ['garbage', '\x16\x03\x01\x02\x00\x01', 'hang'],
  ['the text of HTTP/0.9', '<html>hello</html>\n', 'fin'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'hang'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'hang'],
  ['a status below 100', 'HTTP/1.1 099 X\r\n\r\n', 'hang'],
  ['a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'hang'],
  ['eleven interim responses', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11), 'hang'],
  ['two Content-Length', `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, 'hang'],
  ['a list as Content-Length', `${OK}Content-Length: 1, 1\r\n\r\nx`, 'hang'],
  ['a negative Content-Length', `${OK}Content-Length: -1\r\n\r\n`, 'hang'],
  [
    'Content-Length with Transfer-Encoding',
    `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'hang',
  ],
  ['another transfer coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 'hang'],
  ['NUL in a value', `${OK}A: b\0c\r\nContent-Length: 0\r\n\r\n`, 'hang'],
  ['CR that splits a field', `${OK}A: b\rContent-Length: 0\r\n\r\n`, 'hang'],
  ['bare LF as a line end', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'hang'],
  ['a folded field', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`, 'hang'],
  ['space before a colon', `${OK}A : b\r\nContent-Length: 0\r\n\r\n`, 'hang'],
  ['201 fields', `${OK}${'A: b\r\n'.repeat(200)}Content-Length: 0\r\n\r\n`, 'hang'],
  ['20,000 fields', `${OK}${'A: b\r\n'.repeat(20_000)}\r\n`, 'hang'],
  ['a line over 8 KiB', `${OK}A: ${'b'.repeat(8 * 1024)}\r\nContent-Length: 0\r\n\r\n`, 'hang'],
  ['a head over 32 KiB', `${OK}${`A: ${'b'.repeat(1000)}\r\n`.repeat(34)}\r\n`, 'hang'],
  ['a head of 64 KiB', `${OK}${`A: ${'b'.repeat(1000)}\r\n`.repeat(65)}\r\n`, 'hang'],
];

function end(peer: Peer, then: Then): void {
  if (then === 'fin') peer.finish();
  // The bytes before a RST have to be read first: the kernel drops what it finds unread.
  else if (then === 'reset') setTimeout(() => peer.reset(), 20);
}

for (const [title, text, then] of BAD) {
  siteTest(`${title} is a 502, and the next request is served`, async (t, site) => {
    await site.start(async (peer, index) => {
      await peer.head();
      peer.write(index === 0 ? text : ok('fine'));
      if (index === 0) end(peer, then);
    });
    const client = await site.client();
    client.write(GET);
    const started = performance.now();
    t.is((await client.response()).status, 502);
    t.true(performance.now() - started < PATIENT.readMs, 'no deadline is waited for');
    client.write(GET);
    t.is((await client.response()).body.toString(), 'fine');
    t.true(await eventually(() => site.upstreams[0]?.open === 1), 'the bad one is closed');
    t.deepEqual(await site.statuses(2), ['502', '200']);
  });
}

siteTest('200 fields and a line of just under 8 KiB pass', async (t, site) => {
  const fields = `${'A: b\r\n'.repeat(198)}B: ${'b'.repeat(8 * 1024 - 10)}\r\n`;
  await site.start(answering(() => ok('fine', fields)));
  t.is((await site.ask(GET)).body.toString(), 'fine');
});

siteTest('a head that never ends is a 502', async (t, site) => {
  await site.start(async (peer) => {
    await peer.head();
    peer.write(OK);
    const more = setInterval(() => peer.write(`A: ${'b'.repeat(500)}\r\n`), 1);
    await peer.closed;
    clearInterval(more);
  });
  t.is((await site.ask(GET)).status, 502);
  t.deepEqual(await site.statuses(1), ['502']);
});

siteTest('half a head and then silence is a 504 at readMs, tried once', async (t, site) => {
  await site.start(
    async (peer) => {
      await peer.head();
      peer.write(OK);
    },
    { upstream: { timeouts: READ_SOON } },
  );
  const started = performance.now();
  t.is((await site.ask(GET)).status, 504);
  const ms = performance.now() - started;
  t.log(`answered after ${Math.round(ms)} of ${SOON_MS} ms`);
  t.true(ms >= SOON_MS - 1 && ms < PATIENT.readMs);
  t.is(site.seen, 1);
});

siteTest(
  'silence after the request is a 504 at readMs, though the request could be repeated',
  async (t, site) => {
    await site.start(
      async (peer) => {
        await peer.head();
      },
      { upstream: { timeouts: READ_SOON } },
    );
    const started = performance.now();
    t.is((await site.ask(GET)).status, 504);
    const ms = performance.now() - started;
    t.log(`answered after ${Math.round(ms)} of ${SOON_MS} ms, ${site.seen} connections`);
    t.true(ms >= SOON_MS - 1 && ms < PATIENT.readMs);
    t.true(await eventually(() => site.seen > 0));
    t.is(site.seen, 1, 'one server is tried once');
    t.deepEqual(await site.statuses(1), ['504']);
  },
);

siteTest('the answer to HEAD that is made here has no body', async (t, site) => {
  await site.start(async (peer, index) => {
    await peer.head();
    peer.write(index === 0 ? 'garbage' : ok('fine'));
  });
  const client = await site.client();
  client.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.is((await client.response(true)).status, 502);
  client.write(GET);
  t.is((await client.response()).body.toString(), 'fine');
});
