import test from 'ava';
import { answer, failure, key, negative, RecordWorld } from './record-world.ts';

const LONG = process.env.SLUICE_LONG !== undefined;

test('the cache holds as many entries as it may, and one more drives out the oldest', (t) => {
  const world = new RecordWorld({ cacheEntries: 3 });
  for (const name of ['a', 'b', 'c']) world.learn(answer(60), name);
  t.is(world.records.stats.entries, 3);
  t.like(world.peek('a'), { kind: 'records' });
  world.learn(answer(60), 'd');
  t.is(world.records.stats.entries, 3);
  t.like(world.peek('a'), { kind: 'records' }, 'it was used after b');
  t.is(world.peek('b'), undefined);
  t.like(world.peek('c'), { kind: 'records' });
  t.like(world.peek('d'), { kind: 'records' });
});

test('negative, failed and stale entries count as any other', (t) => {
  const world = new RecordWorld({ cacheEntries: 3 });
  world.learn(answer(1), 'a');
  world.pass(1_000);
  world.learn(negative('nodata', 60), 'b');
  world.learn(failure(), 'c');
  world.learn(negative('nxdomain', 60, { canonical: key('d') }), 'd');
  t.is(world.records.stats.entries, 3);
  world.call('a');
  world.reply(failure());
  t.is(world.records.stats.stale, 0, 'the stale one has left');
});

test('types of one name are entries of their own', (t) => {
  const world = new RecordWorld({ cacheEntries: 2 });
  for (const type of [1, 28, 33]) world.learn(answer(60), 'a', { type });
  t.is(world.peek('a', 1), undefined);
  t.like(world.peek('a', 28), { kind: 'records' });
  t.like(world.peek('a', 33), { kind: 'records' });
  world.learn(answer(60), 'b');
  world.learn(answer(60), 'c');
  t.is(world.peek('a', 28), undefined);
  t.is(world.records.stats.entries, 2);
});

test('a cache of no entries keeps nothing', (t) => {
  const world = new RecordWorld({ cacheEntries: 0 });
  t.like(world.learn(answer(60)), { kind: 'records' });
  t.is(world.peek(), undefined);
});

test('case 44: the bound holds for very many names, and memory stays flat', (t) => {
  t.timeout(60_000);
  const names = LONG ? 1_000_000 : 60_000;
  const world = new RecordWorld();
  const residentBytes: number[] = [];
  for (let i = 0; i < names; i += 1) {
    world.learn(answer(3_600), `host-${i}.example`);
    world.exchanger.asked.length = 0;
    if (i === Math.floor(names / 4)) residentBytes.push(process.memoryUsage().rss);
  }
  residentBytes.push(process.memoryUsage().rss);
  t.is(world.records.stats.entries, 10_000);
  t.is(world.records.flights, 0);
  const [early = 0, late = 0] = residentBytes;
  t.true(late - early < 64 * 1024 * 1024, `${early} bytes, then ${late}`);
  t.like(world.peek(`host-${names - 10_000}.example`), { kind: 'records' });
  t.is(world.peek(`host-${names - 10_001}.example`), undefined);
});
