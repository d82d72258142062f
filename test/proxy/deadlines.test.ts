import { SERVER_TIMEOUTS } from '../../src/http/server-options.ts';
import { IoError } from '../../src/net/io-error.ts';
import { eventually, PATIENT, SOON_MS, siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
/** Node's clock and ours may differ by this much. */
const EARLY_MS_MAX = 5;
const DRAIN_MS = 150;

siteTest('an idle client connection ends by FIN at idleMs, fresh or used', async (t, site) => {
  await site.start(
    answering(() => ok('x')),
    { timeouts: { ...SERVER_TIMEOUTS, idleMs: SOON_MS } },
  );
  const started = performance.now();
  const ends = async (text: string, status: number): Promise<void> => {
    const client = await site.client();
    client.write(text);
    if (status > 0) t.is((await client.response()).status, status);
    t.deepEqual(await client.rest(), { data: Buffer.alloc(0), end: 'fin' });
    const ms = performance.now() - started;
    t.log(`closed after ${Math.round(ms)} of ${SOON_MS} ms`);
    t.true(ms >= SOON_MS - EARLY_MS_MAX);
  };
  await Promise.all([ends('', 0), ends(GET, 200)]);
  t.deepEqual(await site.statuses(1), ['200'], 'only the request is logged');
});

siteTest('an idle upstream connection ends at its idleMs', async (t, site) => {
  await site.start(
    answering(() => ok('x')),
    { upstream: { timeouts: { ...PATIENT, idleMs: SOON_MS } } },
  );
  const started = performance.now();
  await site.ask(GET);
  t.true(await eventually(() => site.upstreams[0]?.open === 0));
  t.true(performance.now() - started >= SOON_MS - EARLY_MS_MAX);
  t.is(site.proxy.pool.idle, 0);
});

siteTest('a head that comes a byte at a time is a 408 at headMs', async (t, site) => {
  await site.start(
    answering(() => ok('x')),
    { timeouts: { ...SERVER_TIMEOUTS, headMs: SOON_MS } },
  );
  const started = performance.now();
  const client = await site.client();
  let sent = 0;
  const drip = setInterval(() => {
    client.write('GET / HTTP/1.1\r\nA: '[sent] ?? 'a');
    sent += 1;
  }, 40);
  const { status } = await client.response();
  clearInterval(drip);
  const ms = performance.now() - started;
  t.log(`answered after ${Math.round(ms)} of ${SOON_MS} ms and ${sent} bytes`);
  t.is(status, 408);
  t.true(ms >= SOON_MS - EARLY_MS_MAX);
  t.deepEqual(await site.statuses(1), ['408']);
});

siteTest('a body that stops is a 408 at bodyMs', async (t, site) => {
  await site.start(() => {}, { timeouts: { ...SERVER_TIMEOUTS, bodyMs: SOON_MS } });
  const started = performance.now();
  const client = await site.client();
  client.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
  t.is((await client.response()).status, 408);
  t.true(performance.now() - started >= SOON_MS - EARLY_MS_MAX);
  t.true(await eventually(() => site.upstreams[0]?.open === 0), 'the upstream is closed');
  t.deepEqual(await site.statuses(1), ['408']);
});

siteTest('after requestsMax the connection is closed', async (t, site) => {
  await site.start(
    answering(() => ok('x')),
    { requestsMax: 3 },
  );
  const client = await site.client();
  client.write(GET.repeat(5));
  for (let i = 0; i < 2; i += 1) t.notRegex((await client.response()).head, /Connection: close/);
  t.regex((await client.response()).head, /Connection: close/);
  t.deepEqual(await client.rest(), { data: Buffer.alloc(0), end: 'fin' });
});

siteTest('the pool keeps idleMax connections and closes the oldest beyond', async (t, site) => {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  await site.start(
    async (peer) => {
      await peer.head();
      await gate;
      peer.write(ok('x'));
    },
    { upstream: { idleMax: 2 } },
  );
  const clients = await Promise.all(Array.from({ length: 4 }, () => site.client()));
  for (const client of clients) client.write(GET);
  t.true(await eventually(() => site.seen === 4));
  open();
  for (const client of clients) t.is((await client.response()).status, 200);
  t.is(site.proxy.pool.idle, 2);
  t.true(await eventually(() => site.upstreams[0]?.open === 2));
});

siteTest('listening on a port in use rejects with IoError', async (t, site) => {
  await site.start(answering(() => ok('x')));
  const taken = { family: 'ipv4', address: '127.0.0.1', port: site.boundPort } as const;
  const error = await t.throwsAsync(site.proxy.listen(taken), { instanceOf: IoError });
  t.is(error?.code, 'addressInUse');
  t.is((await site.ask(GET)).status, 200, 'the proxy works on');
});

siteTest('close lets a request in flight end, and refuses new connections', async (t, site) => {
  let answer: (() => void) | undefined;
  await site.start(async (peer) => {
    await peer.head();
    answer = () => peer.write(ok('in time'));
  });
  const [busy, idle] = await Promise.all([site.client(), site.client()]);
  busy.write(GET);
  t.true(await eventually(() => answer !== undefined && site.proxy.connections === 2));
  const closing = site.proxy.close({ drainMs: PATIENT.readMs });
  t.is((await idle.rest()).end, 'fin', 'an idle one is closed at once');
  await t.throwsAsync(site.client(), { code: 'ECONNREFUSED' });
  answer?.();
  const { head, body } = await busy.response();
  t.is(body.toString(), 'in time');
  t.regex(head, /\r\nConnection: close/);
  await closing;
  t.is(site.proxy.connections, 0);
  t.true(await eventually(() => site.port.openSockets === 0));
  t.is(site.proxy.pool.idle, 0);
});

siteTest('close ends what is in flight at drainMs, in every phase', async (t, site) => {
  await site.start(async (peer) => {
    const head = await peer.head();
    if (head?.startsWith('GET /half'))
      peer.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
  });
  const texts = [
    GET,
    'GET /half HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET / HT',
    'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
  ];
  const clients = await Promise.all(texts.map(() => site.client()));
  for (const [i, client] of clients.entries()) client.write(texts[i] as string);
  t.true(await eventually(() => site.seen === 3 && (clients[1]?.received ?? 0) > 0));
  t.true(await eventually(() => site.proxy.activities.lent === 4), 'the half head has come');
  const started = performance.now();
  await site.proxy.close({ drainMs: DRAIN_MS });
  const ms = performance.now() - started;
  t.log(`closed after ${Math.round(ms)} of ${DRAIN_MS} ms`);
  t.true(ms >= DRAIN_MS - EARLY_MS_MAX && ms < PATIENT.readMs, 'before any other deadline');
  for (const client of clients) t.is((await client.rest()).end, 'reset');
  t.true(await eventually(() => site.upstreams[0]?.open === 0), 'the upstreams are closed');
  t.deepEqual(await site.statuses(3), ['499', '499', '499']);
});
