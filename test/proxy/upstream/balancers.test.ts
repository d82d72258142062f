import test from 'ava';
import { Bench, servers, tally } from './hand-clock.ts';

const [A, B, C] = ['127.0.0.1:8001', '127.0.0.1:8002', '127.0.0.1:8003'];

test('smooth round robin: weights of 5, 1 and 1 give a a b a c a a, again and again', (t) => {
  const bench = new Bench([{ url: A, weight: 5 }, { url: B }, { url: C }]);
  t.is(bench.picks(14), 'aabacaaaabacaa');
});

test('smooth round robin: equal weights take turns', (t) => {
  t.is(new Bench(servers(3)).picks(7), 'abcabca');
});

test('smooth round robin: a failure takes weight / max_fails, and each pick gives one back', (t) => {
  const bench = new Bench([
    { url: A, weight: 4, maxFails: 2 },
    { url: B, weight: 4 },
  ]);
  bench.group.failed(0);
  t.is(bench.group.peer(0).effectiveWeight, 2);
  bench.pick();
  t.is(bench.group.peer(0).effectiveWeight, 3);
  bench.picks(3);
  t.is(bench.group.peer(0).effectiveWeight, 4, 'and no more than its weight');
});

test('smooth round robin: the effective weight never falls below 0', (t) => {
  const bench = new Bench([{ url: A, weight: 4, maxFails: 2 }, { url: B }]);
  for (let i = 0; i < 3; i += 1) bench.group.failed(0);
  t.is(bench.group.peer(0).effectiveWeight, 0);
});

test('least connections: the fewest active per weight', (t) => {
  const bench = new Bench({
    servers: [
      { url: A, weight: 3 },
      { url: B, weight: 1 },
    ],
    balance: 'least-conn',
  });
  let order = '';
  for (let i = 0; i < 8; i += 1) {
    const name = bench.pick();
    order += name;
    bench.group.acquire(name.charCodeAt(0) - 97);
  }
  t.deepEqual(tally(order), { a: 6, b: 2 });
  bench.group.release(1);
  bench.group.release(1);
  t.is(bench.pick(), 'b');
});

test('least connections: those with equally many take turns by weight', (t) => {
  const bench = new Bench({ servers: [{ url: A, weight: 2 }, { url: B }], balance: 'least-conn' });
  t.deepEqual(tally(bench.picks(30)), { a: 20, b: 10 });
});

test('random of two: of any two peers the one with fewer active is taken', (t) => {
  const bench = new Bench({ servers: servers(3), balance: 'random-2' });
  for (let i = 0; i < 5; i += 1) bench.group.acquire(1);
  t.false(bench.picks(300).includes('b'), 'the busiest one never wins');
});

test('random of two: weights count in the picks', (t) => {
  const bench = new Bench({
    servers: [{ url: A, weight: 8 }, { url: B }, { url: C }],
    balance: 'random-2',
  });
  for (let i = 0; i < 1_000; i += 1) {
    bench.group.acquire(bench.group.pick({ clientAddress: '', hashKey: '' }, []));
  }
  const [a = 0, b = 0, c = 0] = bench.group.members.all.map(({ active }) => active);
  t.true(a > 780 && a < 820 && Math.abs(b - c) < 10, `${a} ${b} ${c}`);
});

test('random of two: the load of 10,000 balls in 100 bins stays within ln ln n of its mean', (t) => {
  const bench = new Bench({ servers: servers(100), balance: 'random-2' });
  for (let i = 0; i < 10_000; i += 1) {
    bench.group.acquire(bench.group.pick({ clientAddress: '', hashKey: '' }, []));
  }
  const highest = Math.max(...bench.group.members.all.map(({ active }) => active));
  t.true(highest <= 104, `a single choice would reach about 130: ${highest}`);
});

test('least time: the faster peer gets the requests, until it has too many of them', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'least-time' });
  bench.picks(2);
  bench.group.sampled(0, 30, 35);
  bench.group.sampled(1, 190, 195);
  t.is(bench.picks(5), 'aaaaa');
  for (let i = 0; i < 4; i += 1) bench.group.acquire(0);
  t.is(bench.pick(), 'a', '40 × 5 does not exceed 200 × 1, and a has turns to come');
  bench.group.acquire(0);
  t.is(bench.pick(), 'b', '40 × 6 exceeds 200 × 1');
});

test('least time: times within one step of 20 ms are equal, and take turns', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'least-time' });
  bench.picks(2);
  bench.group.sampled(0, 21, 21);
  bench.group.sampled(1, 39, 39);
  t.deepEqual(tally(bench.picks(10)), { a: 5, b: 5 });
  bench.group.sampled(1, 80, 80);
  t.deepEqual(tally(bench.picks(10)), { a: 10 });
});

test('least time: the average takes a twentieth of each sample, in whole milliseconds', (t) => {
  const bench = new Bench({ servers: servers(2), balance: { leastTime: 'response' } });
  bench.group.sampled(0, 10, 100);
  bench.group.sampled(0, 10, 200);
  t.is(bench.group.peer(0).responseMs, 105);
  bench.group.sampled(0, 10, 0);
  t.is(bench.group.peer(0).responseMs, 100, '0.5 + 99.75, cut');
});

test('least time: above 5 s all are equally slow', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'least-time' });
  bench.picks(2);
  bench.group.sampled(0, 5_001, 1);
  bench.group.sampled(1, 60_000, 1);
  t.deepEqual(tally(bench.picks(10)), { a: 5, b: 5 });
});

test('least time: a peer that was not used gets half its time for each pause', (t) => {
  const bench = new Bench({
    servers: servers(2, { failTimeoutMs: 10_000 }),
    balance: 'least-time',
  });
  bench.picks(2);
  bench.group.sampled(0, 100, 1);
  bench.group.sampled(1, 300, 1);
  t.is(bench.picks(3), 'aaa');
  bench.clock.ms += 22_000;
  // Quarters first, 40 against 80; then 120 against 80, then 120 against 320: a choice ends it.
  t.is(bench.picks(4), 'abaa');
});

test('peak EWMA: two picks, and the lower latency × (outstanding + 1) wins', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'peak-ewma' });
  bench.group.sampled(0, 10, 10);
  bench.group.sampled(1, 25, 25);
  t.is(bench.picks(5), 'aaaaa');
  bench.group.acquire(0);
  t.is(bench.pick(), 'a', '20 against 25');
  bench.group.acquire(0);
  t.is(bench.pick(), 'b', '30 against 25');
});

test('peak EWMA: an unmeasured peer is tried first, and once', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'peak-ewma' });
  bench.group.sampled(0, 10, 10);
  t.is(bench.pick(), 'b');
  bench.group.acquire(1);
  t.is(bench.picks(3), 'aaa', 'until it has answered');
});

test('peak EWMA: a sample above the average replaces it, one below is mixed in by time', (t) => {
  const bench = new Bench({ servers: servers(2), balance: 'peak-ewma' });
  const peer = bench.group.peer(0);
  bench.group.sampled(0, 10, 10);
  bench.group.sampled(0, 50, 50);
  t.is(peer.latencyMs, 50);
  bench.clock.ms += 10_000;
  bench.group.sampled(0, 10, 10);
  const kept = Math.exp(-1);
  t.true(Math.abs(peer.latencyMs - (50 * kept + 10 * (1 - kept))) < 1e-9);
});
