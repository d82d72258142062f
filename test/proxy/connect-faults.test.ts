import { SilentListener } from '../conformance/silent-listener.ts';
import { QUICK, siteTest } from './site.ts';
import { answering, closedPort, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

siteTest('a server that refuses is a 502', async (t, site) => {
  await site.start([await closedPort()]);
  const client = await site.client();
  for (let i = 0; i < 3; i += 1) {
    client.write(GET);
    t.is((await client.response()).status, 502, 'the client’s connection lives on');
  }
  t.deepEqual(await site.statuses(3), ['502', '502', '502']);
});

siteTest('a POST whose server refuses is a 502 that ends the connection', async (t, site) => {
  await site.start([await closedPort()]);
  const client = await site.client();
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
  const { status, head } = await client.response();
  t.is(status, 502);
  t.regex(head, /\r\nConnection: close$/);
  client.write('a'.repeat(1000));
  t.is((await client.rest()).end, 'fin');
});

siteTest('when all servers are down the answer is 502', async (t, site) => {
  await site.start([await closedPort(), await closedPort(), await closedPort()]);
  for (let i = 0; i < 3; i += 1) t.is((await site.ask(GET)).status, 502);
});

siteTest('while one server is down the other serves every request', async (t, site) => {
  const other = await site.upstream(answering(() => ok('other')));
  await site.start([await closedPort(), other]);
  for (let i = 0; i < 10; i += 1) {
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    t.is((await site.ask(i % 2 ? GET : post)).body.toString(), 'other');
  }
});

siteTest('a request tries no more than triesMax servers', async (t, site) => {
  const other = await site.upstream(answering(() => ok('other')));
  const down = await Promise.all([closedPort(), closedPort(), closedPort()]);
  await site.start([other, ...down], { upstream: { triesMax: 3 } });
  // Servers are taken in turn, from the second on: those that are down come first.
  t.is((await site.ask(GET)).status, 502);
  t.is(site.seen, 0);
  t.is((await site.ask(GET)).status, 200);
});

siteTest('a server that does not answer SYN is a 504 within connectMs', async (t, site) => {
  const silent = new SilentListener();
  try {
    await site.start([await silent.endpoint()]);
    const started = performance.now();
    t.is((await site.ask(GET)).status, 504);
    const ms = performance.now() - started;
    t.log(`answered after ${Math.round(ms)} of ${QUICK.connectMs} ms`);
    t.true(ms >= QUICK.connectMs - 1 && ms < QUICK.connectMs * 2 - 50, 'tried once');
    t.deepEqual(await site.statuses(1), ['504']);
  } finally {
    silent.end();
  }
});

siteTest('behind a server that does not answer SYN the next one serves', async (t, site) => {
  const silent = new SilentListener();
  try {
    const other = await site.upstream(answering(() => ok('other')));
    await site.start([other, await silent.endpoint()]);
    t.is((await site.ask(GET)).body.toString(), 'other');
    const started = performance.now();
    t.is((await site.ask(GET)).body.toString(), 'other', 'the silent one is left out now');
    t.true(performance.now() - started < QUICK.connectMs);
  } finally {
    silent.end();
  }
});

siteTest('a client that leaves while the proxy connects is logged as 499', async (t, site) => {
  const silent = new SilentListener();
  try {
    await site.start([await silent.endpoint()]);
    const client = await site.client();
    client.write(GET);
    while (site.begun === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const started = performance.now();
    client.reset();
    t.deepEqual(await site.statuses(1), ['499']);
    t.true(performance.now() - started < QUICK.connectMs, 'at once');
  } finally {
    silent.end();
  }
});
