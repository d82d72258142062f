import test from 'ava';
import { ok } from '../upstream.ts';
import { type Serve, SimHealth } from './sim-health.ts';

const INTERVAL_MS = 5_000;

const good: Serve = async (stream) => {
  await stream.send(ok('fine'));
};

/** Answers with one status after the other; the last one stays. */
function statuses(...list: number[]): Serve {
  let at = 0;
  return async (stream) => {
    const status = list[Math.min(at, list.length - 1)];
    at += 1;
    await stream.send(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  };
}

test('a server goes down with its third bad answer in a row, not with the second', async (t) => {
  const site = new SimHealth({ uri: '/' });
  await site.listen(statuses(500, 500, 200, 500, 500, 500));
  site.checks.start();
  await site.pass(7 * INTERVAL_MS);
  t.deepEqual(site.events, ['down 0 after 6']);
  t.is(site.group.pick({ clientAddress: '', hashKey: '' }, []), -1);
});

test('a server comes back with its second good answer in a row', async (t) => {
  const site = new SimHealth({ uri: '/' });
  await site.listen(statuses(500, 500, 500, 200, 500, 200, 204));
  site.checks.start();
  await site.pass(9 * INTERVAL_MS);
  t.deepEqual(site.events, ['down 0 after 3', 'up 0 after 7']);
});

test('rise and fall may be others', async (t) => {
  const site = new SimHealth({ uri: '/', rise: 1, fall: 2 });
  await site.listen(statuses(500, 500, 200));
  site.checks.start();
  await site.pass(5 * INTERVAL_MS);
  t.deepEqual(site.events, ['down 0 after 2', 'up 0 after 3']);
});

test('a check is one GET on a connection of its own', async (t) => {
  const site = new SimHealth({ uri: '/health?full=1' });
  await site.listen(good);
  site.checks.start();
  await site.pass(2 * INTERVAL_MS);
  const request = 'GET /health?full=1 HTTP/1.1\r\nHost: 10.0.0.2:80\r\nConnection: close\r\n\r\n';
  t.true(site.requests.length >= 2);
  t.deepEqual([...new Set(site.requests)], [request]);
  t.is(site.reached.length, site.requests.length);
});

test('checks come every interval, a tenth earlier or later, and never in step', async (t) => {
  const site = new SimHealth({ uri: '/' });
  await site.listen(good);
  site.checks.start();
  await site.pass(100 * INTERVAL_MS);
  const gaps = site.reached.slice(1).map((ms, i) => ms - (site.reached[i] as number));
  t.true(gaps.length > 90);
  t.true(gaps.every((ms) => ms >= INTERVAL_MS * 0.899 && ms <= INTERVAL_MS * 1.101));
  t.true(Math.max(...gaps) - Math.min(...gaps) > INTERVAL_MS * 0.15);
  t.true((site.reached[0] as number) <= INTERVAL_MS / 10 + 1);
});

test('2xx and 3xx are good, unless accept decides', async (t) => {
  for (const [status, event] of [
    [200, []],
    [399, []],
    [400, ['down']],
    [503, ['down']],
  ] as const) {
    const site = new SimHealth({ uri: '/' });
    await site.listen(statuses(status));
    site.checks.start();
    await site.pass(4 * INTERVAL_MS);
    t.deepEqual(
      site.events.map((text) => text.split(' ')[0]),
      event,
      `${status}`,
    );
  }
  const site = new SimHealth({ uri: '/', accept: (head) => head.status === 503 });
  await site.listen(statuses(503));
  site.checks.start();
  await site.pass(4 * INTERVAL_MS);
  t.deepEqual(site.events, []);
});

test('accept sees the fields; one that throws says no', async (t) => {
  const seen: (string | undefined)[] = [];
  const site = new SimHealth({
    uri: '/',
    accept: (head) => {
      seen.push(head.get('x-load'));
      throw new Error('a bug of the user');
    },
  });
  await site.listen((stream) => stream.send(ok('', 'X-Load: 9\r\n')) as Promise<never>);
  site.checks.start();
  await site.pass(4 * INTERVAL_MS);
  t.is(seen[0], '9');
  t.deepEqual(site.events, ['down 0 after 3']);
});

const BAD: Readonly<Record<string, Serve>> = {
  'says nothing': () => new Promise(() => {}),
  'closes at once': async () => {},
  'speaks no HTTP': (stream) => stream.send('SSH-2.0-x\r\n\r\n') as Promise<never>,
  'cuts its body short': (stream) =>
    stream.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort') as Promise<never>,
  'drips its head': async (stream) => {
    for (const letter of ok('fine')) {
      await stream.send(letter);
      await stream.recv({ timeoutMs: 300 }).catch(() => {});
    }
  },
};

for (const [what, serve] of Object.entries(BAD)) {
  test(`a server that ${what} goes down, each check within its timeout`, async (t) => {
    const site = new SimHealth({ uri: '/' });
    await site.listen(serve);
    site.checks.start();
    await site.pass(2.5 * INTERVAL_MS + 1_000);
    t.deepEqual(site.events, ['down 0 after 3']);
    t.is(site.port.openSockets, 0);
    t.deepEqual([site.client.buffers.lent, site.client.parsers.lent], [0, 0]);
  });
}

test('a server that refuses connections goes down, and comes back when it listens', async (t) => {
  const site = new SimHealth({ uri: '/' });
  site.checks.start();
  await site.pass(4 * INTERVAL_MS);
  t.deepEqual(site.events, ['down 0 after 0']);
  await site.listen(good);
  await site.pass(3 * INTERVAL_MS);
  t.deepEqual(site.events, ['down 0 after 0', 'up 0 after 2']);
});

test('a server that cannot be reached goes down within its timeouts', async (t) => {
  const site = new SimHealth({ uri: '/' }, ['10.9.9.9:80']);
  await site.listen(good);
  site.checks.start();
  await site.pass(4 * INTERVAL_MS);
  t.deepEqual(
    site.events.map((text) => text.slice(0, 6)),
    ['down 1'],
  );
  t.true(site.port.openSockets <= 1);
});

test('without a uri, a connection that opens is good, and nothing is sent', async (t) => {
  const site = new SimHealth({});
  await site.listen(good);
  site.checks.start();
  await site.pass(3 * INTERVAL_MS);
  t.true(site.reached.length >= 3);
  t.deepEqual(site.requests, []);
  await site.deafen();
  await site.pass(4 * INTERVAL_MS);
  t.deepEqual(
    site.events.map((text) => text.slice(0, 6)),
    ['down 0'],
  );
});

test('a server that is configured as down is not asked', async (t) => {
  const site = new SimHealth({ uri: '/' }, [{ url: '10.0.0.2:81', down: true }]);
  await site.listen(good);
  site.checks.start();
  t.is(site.checks.size, 1);
  site.checks.stop();
  t.is(site.checks.size, 0);
});

test('checks follow the peers as names change their addresses', async (t) => {
  const site = new SimHealth({ uri: '/' }, ['app.example']);
  await site.listen(good);
  site.checks.start();
  t.is(site.checks.size, 1);
  const endpoint = { family: 'ipv4', address: '10.9.9.9', port: 80 } as const;
  site.group.resolved(1, [{ endpoint }]);
  t.is(site.checks.size, 2);
  await site.pass(4 * INTERVAL_MS);
  site.group.resolved(1, [{ endpoint: { ...endpoint, address: '10.9.9.8' } }]);
  t.is(site.checks.size, 2);
  const later = site.events.length;
  await site.pass(4 * INTERVAL_MS);
  t.deepEqual(
    site.events.slice(later).map((text) => text.slice(0, 6)),
    ['down 2'],
  );
});

for (const [moment, ms] of Object.entries({
  'before the first': 0,
  'while one connects': 0.5,
  'while one waits for its answer': 1_000,
  'between two': 4_000,
})) {
  test(`stopped ${moment}, checks leave nothing and say nothing`, async (t) => {
    const site = new SimHealth({ uri: '/', timeoutMs: 3_000, fall: 1 });
    await site.listen(() => new Promise(() => {}));
    site.checks.start();
    if (ms > 0) site.world.runUntil(() => site.port.openSockets > 0, INTERVAL_MS);
    if (ms > 0.5) await site.pass(ms);
    const before = site.events.length;
    site.checks.stop();
    await site.pass(50);
    t.is(site.port.openSockets, 0);
    t.is(site.port.loop.pendingTimers, 0);
    await site.pass(3 * INTERVAL_MS);
    t.is(site.events.length, before);
    t.deepEqual([site.client.buffers.lent, site.client.parsers.lent], [0, 0]);
  });
}

test('with a timeout as long as the interval, each check still ends before the next', async (t) => {
  const site = new SimHealth({ uri: '/', timeoutMs: INTERVAL_MS });
  await site.listen(() => new Promise(() => {}));
  site.checks.start();
  await site.pass(4 * INTERVAL_MS);
  t.is(site.port.openSockets, 1);
  t.regex(site.events[0] as string, /^down 0 after [34]$/);
});
