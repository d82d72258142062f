import test from 'ava';
import { Bench, servers, tally } from './hand-clock.ts';

test('a failed peer is left alone while now - checked <= fail_timeout, in whole seconds', (t) => {
  const bench = new Bench(servers(2));
  bench.clock.ms = 1_000_900;
  bench.group.failed(0);
  t.is(bench.picks(4), 'bbbb');
  bench.clock.ms = 1_010_999;
  t.is(bench.picks(4), 'bbbb', '10.1 s, but 10 whole seconds');
  bench.clock.ms = 1_011_000;
  t.true(bench.picks(2).includes('a'));
});

test('after the pause one request is the probe, and others are held off for another pause', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.clock.ms += 11_000;
  t.deepEqual(tally(bench.picks(10)), { a: 1, b: 9 });
  bench.clock.ms += 10_000;
  t.deepEqual(tally(bench.picks(10)), { b: 10 });
  bench.clock.ms += 1_000;
  t.deepEqual(tally(bench.picks(10)), { a: 1, b: 9 }, 'a probe that never ended is repeated');
});

test('a probe that succeeds brings the peer back', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.clock.ms += 11_000;
  bench.picks(2);
  bench.group.succeeded(0);
  t.is(bench.group.peer(0).fails, 0);
  t.deepEqual(tally(bench.picks(10)), { a: 5, b: 5 });
  t.deepEqual(bench.events, ['paused 0', 'recovered 0']);
});

test('a probe that fails begins another pause', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.clock.ms += 11_000;
  bench.picks(2);
  bench.group.failed(0);
  bench.clock.ms += 10_000;
  t.is(bench.picks(4), 'bbbb');
  t.deepEqual(bench.events, ['paused 0', 'paused 0'], 'each failure is said');
});

test('max_fails failures pause a peer, one fewer does not', (t) => {
  const bench = new Bench(servers(2, { maxFails: 3 }));
  bench.group.failed(0);
  bench.group.failed(0);
  t.true(bench.picks(6).includes('a'));
  bench.group.failed(0);
  t.is(bench.picks(6), 'bbbbbb');
});

test('a success that was on its way during the failure does not clear it', (t) => {
  const bench = new Bench(servers(2, { maxFails: 2 }));
  bench.pick();
  bench.group.failed(0);
  bench.group.succeeded(0);
  t.is(bench.group.peer(0).fails, 1);
});

test('failures below max_fails are cleared by a success after fail_timeout', (t) => {
  const bench = new Bench(servers(2, { maxFails: 2 }));
  bench.group.failed(0);
  bench.clock.ms += 11_000;
  bench.picks(2);
  bench.group.succeeded(0);
  t.is(bench.group.peer(0).fails, 0);
  t.deepEqual(bench.events, [], 'it was never paused');
});

test('max_fails of 0 switches counting off', (t) => {
  const bench = new Bench(servers(2, { maxFails: 0 }));
  for (let i = 0; i < 20; i += 1) bench.group.failed(0);
  t.is(bench.group.peer(0).effectiveWeight, 1);
  t.deepEqual(tally(bench.picks(10)), { a: 5, b: 5 });
  t.deepEqual(bench.events, []);
});

test('fail_timeout is rounded up to whole seconds', (t) => {
  const bench = new Bench(servers(2, { failTimeoutMs: 1_001 }));
  bench.group.failed(0);
  bench.clock.ms += 2_000;
  t.is(bench.picks(4), 'bbbb');
  bench.clock.ms += 1_000;
  t.true(bench.picks(2).includes('a'));
});

test('when all have failed there is no live peer, and none is revived early', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.group.failed(1);
  t.is(bench.pick(), '-');
  bench.clock.ms += 10_000;
  t.is(bench.pick(), '-');
  bench.clock.ms += 1_000;
  t.not(bench.pick(), '-');
});

test('a single server is always tried, however often it failed', (t) => {
  const bench = new Bench(servers(1));
  for (let i = 0; i < 5; i += 1) bench.group.failed(0);
  t.is(bench.pick(), 'a');
  t.deepEqual(bench.events, []);
});

test('a single server that is down is not tried', (t) => {
  t.is(new Bench(servers(1, { down: true })).pick(), '-');
});

test('a single server at max_conns is not tried', (t) => {
  const bench = new Bench(servers(1, { maxConns: 2 }));
  bench.group.acquire(0);
  t.is(bench.pick(), 'a');
  bench.group.acquire(0);
  t.is(bench.pick(), '-');
  bench.group.release(0);
  t.is(bench.pick(), 'a');
});

test('a single server that was tried is not tried again', (t) => {
  t.is(new Bench(servers(1)).pick({}, [0]), '-');
});

test('a server with a backup is not single: its failures count', (t) => {
  const [a, b] = servers(2);
  const bench = new Bench([a as { url: string }, { ...(b as { url: string }), backup: true }]);
  t.is(bench.picks(3), 'aaa');
  bench.group.failed(0);
  t.is(bench.picks(3), 'bbb');
});

test('a backup is asked only when no primary can be', (t) => {
  const all = servers(4).map((server, i) => ({ ...server, backup: i >= 2 }));
  const bench = new Bench(all);
  t.is(bench.picks(4), 'abab');
  t.is(bench.pick({}, [0]), 'b');
  t.is(bench.pick({}, [0, 1]), 'c');
  t.is(bench.pick({}, [0, 1, 2]), 'd');
  t.is(bench.pick({}, [0, 1, 2, 3]), '-');
});

test('backups count their own failures', (t) => {
  const all = servers(3).map((server, i) => ({ ...server, backup: i >= 1 }));
  const bench = new Bench(all);
  bench.group.failed(0);
  bench.group.failed(1);
  t.is(bench.picks(3), 'ccc');
});

test('least connections: backups are chosen from in the same way', (t) => {
  const all = servers(3).map((server, i) => ({ ...server, backup: i >= 1 }));
  const bench = new Bench({ servers: all, balance: 'least-conn' });
  bench.group.failed(0);
  bench.group.acquire(1);
  t.is(bench.picks(3), 'ccc');
});

test('a peer at max_conns is skipped, one below is not', (t) => {
  const bench = new Bench(servers(2, { maxConns: 2 }));
  bench.group.acquire(0);
  t.true(bench.picks(4).includes('a'));
  bench.group.acquire(0);
  t.is(bench.picks(4), 'bbbb');
});

test('slow start: after its recovery a peer gets more requests as time goes', (t) => {
  const bench = new Bench(servers(2, { slowStartMs: 10_000 }));
  bench.group.failed(0);
  bench.clock.ms += 11_000;
  bench.picks(2);
  bench.group.succeeded(0);
  const shares = [0, 2_500, 2_500, 5_000, 5_000].map((ms) => {
    bench.clock.ms += ms;
    return (tally(bench.picks(1_000)).a ?? 0) / 1_000;
  });
  const [begin = 0, quarter = 0, half = 0, end = 0, later = 0] = shares;
  t.true(Math.abs(begin - 0.01) < 0.01, `${begin}`);
  t.true(Math.abs(quarter - 0.2) < 0.01, `a quarter of a weight against a whole: ${quarter}`);
  t.true(Math.abs(half - 1 / 3) < 0.01, `${half}`);
  t.is(end, 0.5);
  t.is(later, 0.5, 'and no more than its weight');
});

test('active checks outrank passive health: a peer that is down is not probed', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.group.checked(bench.group.peer(0), false);
  bench.clock.ms += 60_000;
  t.is(bench.picks(4), 'bbbb');
});

test('recovery by active checks clears the passive counters', (t) => {
  const bench = new Bench(servers(2));
  bench.group.failed(0);
  bench.group.checked(bench.group.peer(0), false);
  bench.group.checked(bench.group.peer(0), true);
  bench.group.checked(bench.group.peer(0), true);
  t.deepEqual(tally(bench.picks(4)), { a: 2, b: 2 });
  t.deepEqual(bench.events, ['paused 0', 'down 0', 'up 0'], 'a change is said once');
});

test('the tries of a request: its limit, but no more than there are servers that are not down', (t) => {
  t.is(new Bench(servers(5)).group.triesMax, 3);
  t.is(new Bench({ servers: servers(5), retry: { tries: 0 } }).group.triesMax, 5);
  t.is(new Bench(servers(2)).group.triesMax, 2);
  t.is(new Bench(servers(1, { down: true })).group.triesMax, 1);
});
