import { SilentListener } from '../conformance/silent-listener.ts';
import { eventually, PATIENT, type Site, SOON_MS, siteTest } from './site.ts';
import { answering, closedPort, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const CONNECT_SOON = { ...PATIENT, connectMs: SOON_MS };

/** The ports that connects go to from now on, in their order. */
function connectsOf(site: Site): readonly number[] {
  const ports: number[] = [];
  const submit = site.port.submit.bind(site.port);
  site.port.submit = (operation) => {
    if (operation.kind === 'connect' && 'port' in operation.endpoint) {
      ports.push(operation.endpoint.port);
    }
    submit(operation);
  };
  return ports;
}

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
  await site.start([...down, other], { upstream: { triesMax: 3 } });
  t.is((await site.ask(GET)).status, 502);
  t.is(site.seen, 0);
  t.is((await site.ask(GET)).status, 200);
});

siteTest('a server that does not answer SYN is a 504 within connectMs', async (t, site) => {
  const silent = new SilentListener();
  try {
    const endpoint = await silent.endpoint();
    await site.start([endpoint], { upstream: { timeouts: CONNECT_SOON } });
    const tried = connectsOf(site);
    const started = performance.now();
    t.is((await site.ask(GET)).status, 504);
    const ms = performance.now() - started;
    t.log(`answered after ${Math.round(ms)} of ${SOON_MS} ms`);
    t.true(ms >= SOON_MS - 1);
    t.deepEqual(tried, [endpoint.port], 'tried once');
    t.deepEqual(await site.statuses(1), ['504']);
  } finally {
    silent.end();
  }
});

siteTest('behind a server that does not answer SYN the next one serves', async (t, site) => {
  const silent = new SilentListener();
  try {
    const other = await site.upstream(answering(() => ok('other')));
    const servers = [await silent.endpoint(), other];
    await site.start(servers, { upstream: { timeouts: CONNECT_SOON } });
    const tried = connectsOf(site);
    for (let i = 0; i < 5; i += 1) t.is((await site.ask(GET)).body.toString(), 'other');
    const [first, second] = tried;
    t.deepEqual([first, second], [servers[0]?.port, other.port]);
    t.false(tried.includes(first as number, 1), 'the silent one is left out from now on');
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
    t.true(await eventually(() => site.begun === 1));
    const started = performance.now();
    client.reset();
    t.deepEqual(await site.statuses(1), ['499']);
    t.true(performance.now() - started < PATIENT.connectMs, 'at once');
  } finally {
    silent.end();
  }
});
