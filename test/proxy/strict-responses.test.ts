import { HEAD_RULES } from '../../src/http/head-limits.ts';
import { fieldOf, fieldsOf, type Peer } from './peer.ts';
import { siteTest } from './site.ts';
import { cutsAll, passesNone, passesUnpooled, saying } from './strict-checks.ts';
import { CUT, NOT_PASSED, NOT_POOLED } from './strict-response-rows.ts';
import { ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

for (const row of NOT_PASSED) {
  siteTest(`${row.title}: 502, the connection closed, nothing passed on`, async (t, site) => {
    await site.start(saying(Object.values(row.texts)));
    await passesNone(t, site, row);
  });
}

for (const row of CUT) {
  siteTest(`${row.title}: the client is cut, and the server, too`, async (t, site) => {
    await site.start(saying(Object.values(row.texts)));
    await cutsAll(t, site, row);
  });
}

for (const row of NOT_POOLED) {
  siteTest(
    `${row.title}: the response is passed on, its connection not pooled`,
    async (t, site) => {
      await site.start(saying(Object.values(row.texts)));
      await passesUnpooled(t, site, row);
    },
  );
}

siteTest(
  'bytes behind the end of a large response are no answer to what follows',
  async (t, site) => {
    const large = 'x'.repeat(2 * 1024 * 1024);
    await site.start(saying([ok(large) + ok('evil')]));
    for (let times = 0; times < 5; times += 1) {
      const client = await site.client();
      client.write(`GET /0 HTTP/1.1\r\nHost: x\r\n\r\n${GET}`);
      t.is((await client.response()).body.length, large.length);
      t.is((await client.response()).body.toString(), 'fine');
      client.leave();
    }
  },
);

for (const bytes of [64 * 1024, 128 * 1024]) {
  siteTest(
    `bytes behind a response that ends where a receive of ${bytes / 1024} KiB does are no answer`,
    async (t, site) => {
      const head = ok('').length + `${bytes}`.length - 1;
      const body = 'x'.repeat(bytes - head);
      const text = ok(body);
      t.is(text.length, bytes);
      await site.start(saying([text + ok('evil')]));
      for (let times = 0; times < 5; times += 1) {
        const client = await site.client();
        client.write(`GET /0 HTTP/1.1\r\nHost: x\r\n\r\n${GET}`);
        t.is((await client.response()).body.length, body.length);
        t.is((await client.response()).body.toString(), 'fine');
        client.leave();
      }
    },
  );
}

siteTest('a close-delimited body that ends in FIN is whole, in RST cut', async (t, site) => {
  for (const how of ['fin', 'reset'] as const) {
    const text = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive\r\n\r\nabc';
    const end = (peer: Peer): void => (how === 'fin' ? peer.finish() : peer.reset());
    await site.start(saying([text], end));
    const client = await site.client();
    client.write('GET /0 HTTP/1.1\r\nHost: x\r\n\r\n');
    if (how === 'fin') {
      const { head, body } = await client.response();
      t.is(body.toString(), 'abc');
      t.is(fieldOf(head, 'connection'), 'close', 'its end is that of the connection');
    } else {
      t.is((await client.rest()).end, 'reset');
    }
    await site.proxy.close({ drainMs: 0 });
    site.proxies.length = 0;
    site.boundPorts.length = 0;
  }
});

for (const [request, status] of [
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
] as const) {
  const title = request === 'HEAD' ? 'the answer to HEAD' : `a ${status}`;
  siteTest(`${title} has no body whatever its fields say`, async (t, site) => {
    const head = `HTTP/1.1 ${status} X\r\n`;
    const texts = [
      `${head}Content-Length: 5\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      `${head}\r\n`,
      `${head}Content-Length: 5\r\n\r\nhello`,
      `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ];
    await site.start(saying(texts));
    const client = await site.client();
    for (const index of texts.keys()) {
      client.write(`${request} /${index} HTTP/1.1\r\nHost: x\r\n\r\n`);
      const seen = await client.response(true);
      t.is(seen.status, status);
      t.is(fieldOf(seen.head, 'transfer-encoding'), undefined, `${index}`);
      if (status === 204) t.is(fieldOf(seen.head, 'content-length'), undefined, `${index}`);
    }
    client.write(GET);
    t.is((await client.response()).body.toString(), 'fine');
    t.is(site.seen, 3, 'only those with bytes behind their end were given up');
  });
}

siteTest('what is passed on is what was meant, field by field', async (t, site) => {
  const text =
    'HTTP/1.1 299 So \xe9\r\nA: b\tc\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\n' +
    'Keep-Alive: x\r\nTrailer: T\r\nUpgrade: h2c\r\nTransfer-Encoding:\tChunked \r\nSet-Cookie: d\r\n' +
    'Set-Cookie: e\r\nX_Y: z\r\n\r\n5;ext\r\nhello\r\n0\r\nT: u\r\nContent-Length: 9\r\n\r\n';
  await site.start(saying([text]));
  const { head, body } = await site.ask('GET /0 HTTP/1.1\r\nHost: x\r\n\r\n');
  t.deepEqual(head.split('\r\n'), [
    'HTTP/1.1 299 So \xe9',
    'A: b\tc',
    'Set-Cookie: d',
    'Set-Cookie: e',
    'X_Y: z',
    'Transfer-Encoding: chunked',
  ]);
  t.is(body.toString(), 'hello');
});

siteTest('a length is passed on as the number that was read', async (t, site) => {
  const lengths = ['5', '05', '0000000000000005', '5 \t', '\t5'];
  const texts = lengths.map(
    (length) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nhello`,
  );
  await site.start(saying(texts));
  for (const [index, length] of lengths.entries()) {
    const { head, body } = await site.ask(`GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`);
    t.deepEqual(fieldsOf(head, 'content-length'), ['5'], length);
    t.is(body.toString(), 'hello');
  }
});

siteTest('a status line without its second space is passed on with it', async (t, site) => {
  await site.start(saying(['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n']));
  const { head } = await site.ask('GET /0 HTTP/1.1\r\nHost: x\r\n\r\n');
  t.is(head.split('\r\n')[0], 'HTTP/1.1 200 ');
});

siteTest('100 is consumed, also ten times, and so is 103 by default', async (t, site) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n';
  await site.start(
    saying(['HTTP/1.1 100 Continue\r\n\r\n'.repeat(5) + early.repeat(5) + ok('abc')]),
  );
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write('GET /0 HTTP/1.1\r\nHost: x\r\n\r\n');
    const { status, body } = await client.response();
    t.is(status, 200);
    t.is(body.toString(), 'abc');
  }
  t.is(site.seen, 1);
});

siteTest(
  'a server that answers before the request has ended is not asked again',
  async (t, site) => {
    await site.start(async (peer) => {
      for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
        peer.write(ok('abc'));
      }
    });
    const client = await site.client();
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe');
    t.is((await client.response()).body.toString(), 'abc');
    await site.upstreams[0]?.peers[0]?.closed;
    t.is(site.proxy.pool.idle, 0);
    t.is((await site.ask(GET)).body.toString(), 'abc');
    t.is(site.seen, 2);
  },
);

siteTest(
  'where 103 is forwarded, it comes before the answer, its fields cleaned',
  async (t, site) => {
    const early =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n' +
      'Content-Length: 5\r\nKeep-Alive: x\r\n\r\n';
    const text = `HTTP/1.1 100 Continue\r\n\r\n${early}HTTP/1.1 199 X\r\n\r\n${early}${ok('abc')}`;
    await site.start(saying([text]), { earlyHints: true });
    const client = await site.client();
    for (let i = 0; i < 2; i += 1) {
      client.write('GET /0 HTTP/1.1\r\nHost: x\r\n\r\n');
      for (let hints = 0; hints < 2; hints += 1) {
        t.is((await client.response()).head, 'HTTP/1.1 103 Early Hints\r\nLink: </a>');
      }
      t.is((await client.response()).body.toString(), 'abc');
    }
    client.write('GET /0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    t.is((await client.response()).status, 200, 'HTTP/1.0 knows no interim responses');
    t.is(site.seen, 1);
    t.deepEqual(await site.statuses(3), ['200', '200', '200']);
  },
);

siteTest('a bad answer behind a 103 that was forwarded is a 502', async (t, site) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  await site.start(saying([`${early}garbage`, early.repeat(11)]), { earlyHints: true });
  for (const [index, hints] of [1, 10].entries()) {
    const client = await site.client();
    client.write(`GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let left = hints; left > 0; left -= 1) t.is((await client.response()).status, 103);
    t.is((await client.response()).status, 502);
    client.leave();
  }
});

siteTest('a bare LF in a response is a 502 also where requests may have some', async (t, site) => {
  const texts = ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'HTTP/1.1 200 OK\r\nA: b\n\r\n'];
  await site.start(saying(texts), { headRules: { ...HEAD_RULES, bareLf: true } });
  for (const index of texts.keys()) {
    t.is((await site.ask(`GET /${index} HTTP/1.1\nHost: x\n\n`)).status, 502);
  }
});
