import test from 'ava';
import { answer, failure, negative, RecordWorld } from './record-world.ts';

test('case 55: a hit in the last tenth of the TTL asks anew, once per entry', (t) => {
  const world = new RecordWorld();
  world.learn(answer(100));
  world.pass(89_999);
  world.peek();
  t.is(world.questions, 1);
  world.pass(1);
  for (let i = 0; i < 10; i += 1) t.like(world.peek(), { source: 'cache' });
  t.like(world.found(), { source: 'cache' }, 'whoever hits does not wait');
  t.is(world.questions, 2);
  world.reply(answer(100));
  t.like(world.peek(), { expiresAtMs: 190_000 });
  world.pass(90_000);
  world.peek();
  t.is(world.questions, 3, 'once per entry, and this is another one');
});

test('case 55: a prefetch that failed is not repeated', (t) => {
  const world = new RecordWorld();
  world.learn(answer(100));
  world.pass(90_000);
  world.peek();
  world.reply(failure());
  world.pass(5_000);
  t.like(world.peek(), { source: 'cache' });
  t.is(world.questions, 2);
});

test('a prefetch needs no caller, and who comes meanwhile joins it', (t) => {
  const world = new RecordWorld();
  world.learn(answer(100));
  world.pass(99_000);
  world.peek();
  world.pass(1_500);
  const { told, search } = world.call();
  const other = world.call();
  search.cancel();
  t.is(world.questions, 2);
  world.reply(answer(100));
  t.deepEqual(told, []);
  t.like(other.told, [{ source: 'network' }]);
  world.pass(5_000);
  t.is(world.host.loop.pendingTimers, 0);
});

test('a prefetch waits with no timer of ours', (t) => {
  const world = new RecordWorld();
  world.learn(answer(100));
  world.pass(95_000);
  world.peek();
  world.pass(0);
  t.is(world.host.loop.pendingTimers, 0);
  t.is(world.exchanger.open[0]?.deadlineMs, world.nowMs + 30_000);
});

test('prefetching can be off', (t) => {
  const world = new RecordWorld({ prefetch: false });
  world.learn(answer(100));
  world.pass(99_000);
  world.peek();
  t.is(world.questions, 1);
});

test('negative answers are not prefetched', (t) => {
  const world = new RecordWorld();
  world.learn(negative('nxdomain', 100));
  world.pass(99_000);
  world.peek();
  t.is(world.questions, 1);
});

test('the tenth is one of how long the records are kept, whatever their TTL', (t) => {
  const world = new RecordWorld({ valid: 10_000 });
  world.learn(answer(100));
  world.pass(9_000);
  world.peek();
  t.is(world.questions, 2);
});
