import test from 'ava';
import { answer, failure, negative, RecordWorld } from './record-world.ts';

const DAY_MS = 86_400_000;

/** Records that have expired a moment ago. */
function expired(options: ConstructorParameters<typeof RecordWorld>[0] = {}): RecordWorld {
  const world = new RecordWorld(options);
  world.learn(answer(1));
  world.pass(1_000);
  return world;
}

test('case 54: stale records are served after 1.8 s of silence, with a TTL of 30 s', (t) => {
  const world = expired();
  const { told } = world.call('a.example', { ms: 30_000 });
  world.pass(1_799);
  t.deepEqual(told, []);
  world.pass(1);
  t.like(told, [{ kind: 'records', source: 'stale', expiresAtMs: world.nowMs + 30_000 }]);
});

test('case 54: or after three quarters of the own time of a call, if that is sooner', (t) => {
  const world = expired();
  const caller = world.call('a.example', { ms: 400 });
  world.pass(299);
  t.deepEqual(caller.told, []);
  world.pass(1);
  t.like(caller.told, [{ source: 'stale' }]);
});

test('case 54: the refresh goes on, and its answer is kept', (t) => {
  const world = expired();
  world.call();
  world.pass(1_800);
  t.false(world.exchanger.asked.at(-1)?.cancelled);
  world.reply(answer(60));
  t.like(world.peek(), { kind: 'records', source: 'cache' });
});

test('case 54: who comes when the silence has lasted 1.8 s already need not wait', (t) => {
  const world = expired();
  world.call();
  world.pass(5_000);
  const { told, atMs } = world.call();
  t.deepEqual(told, []);
  world.pass(0);
  t.like(told, [{ source: 'stale' }]);
  t.is(world.questions, 2, `joined at ${atMs}`);
});

test('case 54: a failure of all servers gives the stale records at once', (t) => {
  const world = expired();
  const { told } = world.call();
  world.reply(failure());
  t.like(told, [{ kind: 'records', source: 'stale' }]);
});

test('case 54: after a failure nobody is asked again for 30 s', (t) => {
  const world = expired();
  world.call();
  world.reply(failure());
  for (let second = 0; second < 30; second += 1) {
    t.like(world.found(), { source: 'stale' });
    world.pass(1_000);
  }
  t.is(world.questions, 2);
  const { told } = world.call();
  t.is(world.questions, 3, 're-checked');
  world.reply(answer(60));
  t.like(told, [{ source: 'network' }]);
});

test('case 54: NXDOMAIN takes the place of stale records', (t) => {
  const world = expired();
  t.like(world.learn(negative('nxdomain', 1)), { kind: 'nxdomain' });
  world.pass(2_000);
  t.like(world.learn(failure()), { kind: 'failure' });
});

test('case 54: NXDOMAIN for one type takes the place of stale records of others', (t) => {
  const world = expired();
  world.learn(negative('nxdomain', 1), 'a.example', { type: 28 });
  world.pass(2_000);
  t.like(world.learn(failure()), { kind: 'failure' });
});

test('case 54: so does NODATA', (t) => {
  const world = expired();
  t.like(world.learn(negative('nodata', 1)), { kind: 'nodata' });
  world.pass(2_000);
  t.like(world.learn(failure()), { kind: 'failure' });
});

test('case 54: SERVFAIL does not, however often', (t) => {
  const world = expired();
  for (let i = 0; i < 5; i += 1) {
    t.like(world.learn(failure()), { source: 'stale' });
    world.pass(31_000);
  }
});

test('stale records are kept for a day', (t) => {
  const world = expired();
  world.pass(DAY_MS - 1);
  t.like(world.learn(failure()), { source: 'stale' });
  world.pass(1);
  t.like(world.found(), { kind: 'failure' });
});

test('stale records can be off', (t) => {
  const world = expired({ stale: false });
  const { told } = world.call('a.example', { ms: 5_000 });
  world.pass(4_999);
  t.deepEqual(told, []);
  world.pass(1);
  t.like(told, [{ kind: 'failure', code: 'ETIMEOUT' }]);
});

test('how old, and after how long, can be chosen', (t) => {
  const world = expired({ stale: { maxAgeMs: 10_000, afterMs: 50 } });
  const early = world.call();
  world.pass(50);
  t.like(early.told, [{ source: 'stale' }]);
  world.reply(failure());
  world.pass(10_000);
  t.like(world.learn(failure()), { kind: 'failure' });
});

test('peek never gives stale records', (t) => {
  const world = expired();
  world.call();
  world.reply(failure());
  t.like(world.found(), { source: 'stale' });
  t.is(world.peek(), undefined);
});

test('a refresh is told the truth: stale records are not for it', (t) => {
  const world = expired();
  const failed = world.call('a.example', { mode: 'refresh' });
  world.reply(failure());
  t.like(failed.told, [{ kind: 'failure', code: 'ESERVFAIL' }]);
  const silent = world.call('a.example', { mode: 'refresh', ms: 5_000 });
  world.pass(4_999);
  t.deepEqual(silent.told, []);
  world.pass(1);
  t.like(silent.told, [{ kind: 'failure', code: 'ETIMEOUT' }]);
});

test('nothing is made up when the last caller leaves before stale records are due', (t) => {
  const world = expired();
  const { search } = world.call();
  search.cancel();
  t.true(world.exchanger.asked[1]?.cancelled);
  t.is(world.records.flights, 0);
});

test('other servers are asked at once, and what is stale stays', (t) => {
  const world = expired();
  world.learn(failure());
  world.records.serversChanged();
  const { told } = world.call();
  t.is(world.exchanger.open.length, 1);
  world.reply(failure());
  t.like(told, [{ source: 'stale' }]);
});

test('case 41: servers that are dead for 60 s at 1,000 lookups/s: all served, one timer, few questions', (t) => {
  const world = new RecordWorld();
  const names = Array.from({ length: 20 }, (_, i) => `host-${i}.example`);
  for (const name of names) world.learn(answer(1), name);
  world.pass(1_000);
  const before = world.questions;
  const endMs = world.nowMs + 60_000;
  let late = 0;
  let calls = 0;
  const check = { bound: 0, timers: 0 };
  while (world.nowMs < endMs) {
    const startMs = world.nowMs;
    for (let i = 0; i < 10; i += 1) {
      const onTold = (): void => {
        if (world.nowMs - startMs > 1_800) late += 1;
        calls += 1;
      };
      world.call(names[(startMs / 10 + i) % names.length], { onTold });
    }
    world.pass(10);
    for (const asked of world.exchanger.open) {
      if (world.nowMs >= asked.deadlineMs) world.reply(failure('ETIMEOUT'), asked);
    }
    check.bound = Math.max(check.bound, world.records.waiters);
    check.timers = Math.max(check.timers, world.host.loop.pendingTimers);
  }
  world.pass(1_800);
  t.is(calls, 60_000);
  t.is(late, 0);
  t.is(check.timers, 1);
  t.true(check.bound <= 1_900, `${check.bound} waited at once`);
  t.true(world.questions - before <= 2 * names.length, `${world.questions - before} questions`);
});
