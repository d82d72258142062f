import { eventually, type Site, siteTest } from './site.ts';
import { answering, ok, type Script } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const PUT = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';

const good: Script = answering(() => ok('good'));

function refusing(status: number): Script {
  return answering(() => `HTTP/1.1 ${status} X\r\nA: b\r\nContent-Length: 5\r\n\r\nsorry`);
}

/** Two servers, of which `first` is asked first; both statuses are listed. */
async function withListed(site: Site, first: Script, second: Script = good): Promise<void> {
  const servers = [await site.upstream(first), await site.upstream(second)];
  await site.start(servers, { upstream: { retryOn: ['error', 'timeout', 404, 503] } });
}

for (const status of [404, 503]) {
  siteTest(`a listed ${status} is answered by the next server instead`, async (t, site) => {
    await withListed(site, refusing(status));
    const { status: seen, body } = await site.ask(GET);
    t.is(`${seen} ${body}`, '200 good');
    t.true(await eventually(() => site.upstreams[0]?.open === 0), 'its connection is closed');
    t.deepEqual(await site.statuses(1), ['200']);
  });
}

siteTest('a listed status of the last server is passed on as it is', async (t, site) => {
  await withListed(site, refusing(503), refusing(503));
  const { status, head, body } = await site.ask(GET);
  t.is(`${status} ${body}`, '503 sorry');
  t.true(head.includes('A: b'));
  t.deepEqual(
    site.upstreams.map(({ connections }) => connections),
    [1, 1],
  );
});

siteTest('a status that is not listed is passed on', async (t, site) => {
  await withListed(site, refusing(502));
  t.is((await site.ask(GET)).status, 502);
  t.is(site.upstreams[1]?.connections, 0);
});

siteTest('a listed status is passed on once part of a body was sent', async (t, site) => {
  await withListed(site, async (peer) => {
    await peer.head();
    await peer.take(3);
    peer.write('HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nsorry');
  });
  const { status, body } = await site.ask(PUT);
  t.is(`${status} ${body}`, '503 sorry');
  t.is(site.upstreams[1]?.connections, 0);
});

siteTest('a POST that meets a listed status is not repeated', async (t, site) => {
  await withListed(site, refusing(503));
  const text = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
  t.is((await site.ask(text)).status, 503);
  t.is(site.upstreams[1]?.connections, 0);
});

siteTest('a listed 503 counts against its server: it is left alone', async (t, site) => {
  await withListed(site, refusing(503));
  for (let i = 0; i < 4; i += 1) t.is((await site.ask(GET)).status, 200);
  t.is(site.upstreams[0]?.connections, 1);
});

siteTest('a listed 404 does not count against its server', async (t, site) => {
  await withListed(site, refusing(404));
  for (let i = 0; i < 4; i += 1) t.is((await site.ask(GET)).status, 200);
  t.true((site.upstreams[0]?.connections ?? 0) >= 2);
});

siteTest('a listed status is passed on where every other server is left alone', async (t, site) => {
  let asked = 0;
  await withListed(
    site,
    refusing(503),
    answering((head) => {
      asked += 1;
      return head.startsWith('HEAD') ? undefined : refusingLater(asked);
    }),
  );
  t.is((await site.ask(GET)).status, 200); // The first server is paused now.
  const { status, body } = await site.ask(GET);
  t.is(`${status} ${body}`, '503 later', 'and the second one has nobody behind it');
});

function refusingLater(asked: number): string {
  return asked === 1 ? ok('good') : 'HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nlater';
}

siteTest('the body of an answer that is dropped is not waited for', async (t, site) => {
  await withListed(site, async (peer) => {
    await peer.head();
    peer.write('HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n');
  });
  t.is((await site.ask(GET)).status, 200);
  t.true(await eventually(() => site.upstreams[0]?.open === 0));
});

siteTest('nothing is repeated once a 103 has gone to the client', async (t, site) => {
  const early = answering(
    () =>
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
      'HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nsorry',
  );
  const servers = [await site.upstream(early), await site.upstream(good)];
  await site.start(servers, { upstream: { retryOn: [503] }, earlyHints: true });
  const client = await site.client();
  client.write(GET);
  t.regex((await client.head()) ?? '', /^HTTP\/1.1 103/);
  t.is((await client.response()).status, 503);
  t.is(site.upstreams[1]?.connections, 0);
});
