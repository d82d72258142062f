import test from 'ava';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import { alias, answer, failure, key, negative, RecordWorld } from './record-world.ts';

const { A, AAAA } = TYPE;

test('an answer is kept for its TTL, and not a millisecond longer', (t) => {
  const world = new RecordWorld();
  t.like(world.learn(answer(60)), { kind: 'records', source: 'network', expiresAtMs: 60_000 });
  world.pass(59_999);
  t.like(world.peek(), { kind: 'records', source: 'cache', expiresAtMs: 60_000 });
  world.pass(1);
  t.is(world.peek(), undefined);
});

test('what is peeked at stays the same object until another answer has come', (t) => {
  const world = new RecordWorld({ prefetch: false });
  world.learn(answer(60));
  const first = world.peek();
  world.pass(30_000);
  t.is(world.peek(), first);
  world.learn(answer(60), 'a.example', { mode: 'refresh' });
  t.not(world.peek(), first);
  t.like(first, { expiresAtMs: 60_000 }, 'what was given out does not change');
});

test('TTLs are raised to the smallest and cut to the largest', (t) => {
  const world = new RecordWorld({ ttl: { minMs: 5_000, maxMs: 10_000 } });
  t.like(world.learn(answer(1), 'a.example'), { expiresAtMs: 5_000 });
  t.like(world.learn(answer(60), 'b.example'), { expiresAtMs: 10_000 });
  t.like(world.learn(answer(7), 'c.example'), { expiresAtMs: 7_000 });
});

test('by default a record is kept for a day at most', (t) => {
  const world = new RecordWorld();
  t.like(world.learn(answer(2 ** 31 - 1)), { expiresAtMs: 86_400_000 });
});

test('`valid` takes the place of the TTL, but for negative answers', (t) => {
  const world = new RecordWorld({ valid: 30_000 });
  t.like(world.learn(answer(0), 'a.example'), { expiresAtMs: 30_000 });
  t.like(world.learn(answer(3_600), 'b.example'), { expiresAtMs: 30_000 });
  t.like(world.learn(negative('nodata', 5), 'c.example'), { expiresAtMs: 5_000 });
});

test('a TTL of 0 is given to all who asked, and not kept', (t) => {
  const world = new RecordWorld();
  const callers = [world.call(), world.call(), world.call()];
  world.reply(answer(0));
  for (const { told } of callers) t.like(told, [{ kind: 'records', expiresAtMs: 0 }]);
  t.is(world.questions, 1);
  t.is(world.peek(), undefined);
  t.is(world.records.stats.entries, 0);
});

test('a TTL of 0 takes the place of what was kept before', (t) => {
  const world = new RecordWorld();
  world.learn(answer(1));
  world.pass(2_000);
  world.learn(answer(0));
  world.call();
  world.reply(failure());
  t.is(world.records.stats.stale, 0);
});

test('NXDOMAIN holds for all types of a name', (t) => {
  const world = new RecordWorld();
  world.learn(negative('nxdomain', 60));
  t.like(world.peek('a.example', AAAA), { kind: 'nxdomain', source: 'cache' });
  t.like(world.found('a.example', { type: AAAA }), { kind: 'nxdomain', expiresAtMs: 60_000 });
  t.is(world.questions, 1);
});

test('NODATA holds for its type', (t) => {
  const world = new RecordWorld();
  world.learn(negative('nodata', 60));
  t.like(world.peek('a.example', A), { kind: 'nodata' });
  t.is(world.peek('a.example', AAAA), undefined);
});

test('NXDOMAIN for one type takes good records of another one not away', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  world.learn(negative('nxdomain', 900), 'a.example', { type: AAAA });
  t.like(world.peek('a.example', A), { kind: 'records' });
  t.like(world.peek('a.example', AAAA), { kind: 'nxdomain' });
  world.pass(61_000);
  t.is(world.peek('a.example', A), undefined, 'it is asked for again, whatever AAAA is');
});

test('an answer of any type shows that the name exists', (t) => {
  const world = new RecordWorld();
  const callers = [world.call('a.example', { type: AAAA }), world.call('a.example', { type: A })];
  world.reply(negative('nxdomain', 900));
  world.reply(answer(60));
  t.like(callers[1]?.told, [{ kind: 'records' }]);
  t.like(world.peek('a.example', A), { kind: 'records' });
  t.is(world.peek('a.example', AAAA), undefined);
});

test('NXDOMAIN behind an alias says nothing about other types of the first name', (t) => {
  const world = new RecordWorld();
  world.learn(negative('nxdomain', 60, { canonical: key('gone.example'), links: 1 }));
  t.like(world.peek('a.example', A), { kind: 'nxdomain' });
  t.is(world.peek('a.example', AAAA), undefined);
  t.is(world.peek('gone.example', A), undefined, 'nor is it an answer about the target');
});

test('negative answers are kept for 15 minutes at most', (t) => {
  const world = new RecordWorld();
  t.like(world.learn(negative('nxdomain', 86_400)), { expiresAtMs: 900_000 });
});

test('case 52: NODATA without a SOA record is kept as briefly as a failure, 5 s at most', (t) => {
  const world = new RecordWorld();
  for (const seconds of [1, 2, 4, 5, 5]) {
    const { nowMs } = world;
    const found = world.learn(negative('nodata', undefined));
    t.like(found, { kind: 'nodata', expiresAtMs: nowMs + seconds * 1_000 });
    world.pass(seconds * 1_000);
    t.is(world.peek(), undefined);
  }
});

test('case 52: the same holds for NXDOMAIN without a SOA record', (t) => {
  const world = new RecordWorld();
  t.like(world.learn(negative('nxdomain', undefined)), { expiresAtMs: 1_000 });
  world.pass(1_000);
  t.like(world.learn(negative('nxdomain', undefined)), { expiresAtMs: 3_000 });
});

test('case 56: an alias with a shorter TTL than the records shortens theirs', (t) => {
  const world = new RecordWorld();
  world.call();
  world.reply(alias('b.example', 5));
  world.reply(answer(300, { canonical: key('b.example') }));
  t.like(world.peek(), { canonical: key('b.example'), expiresAtMs: 5_000 });
  t.like(world.peek('b.example'), { expiresAtMs: 300_000 }, 'not that of the target itself');
});

test('case 57: a name in another letter case is a hit', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60), 'a.example');
  t.like(world.peek('A.eXample'), { kind: 'records' });
});

test('`constructor` and `__proto__` are names like others', (t) => {
  const world = new RecordWorld();
  for (const name of ['constructor', '__proto__', 'toString']) {
    t.is(world.peek(name), undefined);
    t.like(world.learn(answer(60), name), { kind: 'records' });
    t.like(world.peek(name), { kind: 'records' });
  }
});

test('flush forgets a name with all its types, or everything', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60), 'a.example');
  world.learn(answer(60), 'a.example', { type: AAAA });
  world.learn(answer(60), 'b.example');
  world.records.flush(key('a.example'));
  t.is(world.peek('a.example'), undefined);
  t.is(world.peek('a.example', AAAA), undefined);
  t.like(world.peek('b.example'), { kind: 'records' });
  world.records.flush();
  t.is(world.peek('b.example'), undefined);
  t.is(world.records.stats.entries, 0);
});

test('flush leaves questions under way alone', (t) => {
  const world = new RecordWorld();
  const { told } = world.call();
  world.records.flush();
  world.reply(answer(60));
  t.like(told, [{ kind: 'records' }]);
  t.like(world.peek(), { kind: 'records' });
});

test('hits, misses, negative and stale answers are counted', (t) => {
  const world = new RecordWorld();
  world.learn(answer(1));
  world.peek();
  world.found();
  world.learn(negative('nodata', 1), 'b.example');
  world.peek('b.example');
  world.pass(1_000);
  world.call();
  world.reply(failure());
  t.deepEqual(world.records.stats, { entries: 2, hits: 3, misses: 3, stale: 1, negative: 1 });
});
