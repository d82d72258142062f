import test from 'ava';
import type { Found } from '../../../src/dns/records/found.ts';
import { FLIGHTS_MAX, WAITERS_MAX } from '../../../src/dns/records/record-settings.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import { answer, failure, key, RecordWorld } from './record-world.ts';

test('case 11: 500 callers at once are one question per type', (t) => {
  const world = new RecordWorld();
  const callers = Array.from({ length: 500 }, (_, i) =>
    world.call('a.example', { type: i % 2 === 0 ? TYPE.A : TYPE.AAAA }),
  );
  t.is(world.questions, 2);
  world.reply(answer(60));
  world.reply(answer(60));
  t.true(callers.every(({ told }) => told.length === 1 && told[0]?.kind === 'records'));
  t.is(world.records.waiters, 0);
});

test('a caller is told from the loop, never inside its call, also of what is kept', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  const { told } = world.call();
  t.deepEqual(told, []);
  world.host.settle();
  t.like(told, [{ kind: 'records', source: 'cache' }]);
});

test('case 45: of 1,000 callers 999 leave, and the last one is answered', (t) => {
  const world = new RecordWorld();
  const callers = Array.from({ length: 1_000 }, () => world.call());
  const last = callers.splice(500, 1)[0];
  for (const { search } of callers) search.cancel();
  world.host.settle();
  t.is(world.records.waiters, 1);
  world.reply(answer(60));
  t.is(last?.told.length, 1);
  t.true(callers.every(({ told }) => told.length === 0));
});

test('the last caller to leave ends the question', (t) => {
  const world = new RecordWorld();
  const [first, second] = [world.call(), world.call()];
  first.search.cancel();
  t.false(world.exchanger.asked[0]?.cancelled);
  second.search.cancel();
  t.true(world.exchanger.asked[0]?.cancelled);
  t.is(world.records.flights, 0);
  world.call();
  t.is(world.questions, 2, 'who comes later asks anew');
});

test('cancelling twice, or after the end, does nothing', (t) => {
  const world = new RecordWorld();
  const [first, second] = [world.call(), world.call()];
  first.search.cancel();
  first.search.cancel();
  world.reply(answer(60));
  second.search.cancel();
  t.is(first.told.length, 0);
  t.is(second.told.length, 1);
  t.is(world.records.waiters, 0);
});

test('a caller who leaves between the answer and its delivery is not told', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  const { search, told } = world.call();
  search.cancel();
  world.host.settle();
  t.deepEqual(told, []);
});

test('every caller has a deadline of its own', (t) => {
  const world = new RecordWorld();
  const callers = [300, 100, 200].map((ms) => world.call('a.example', { ms }));
  world.pass(99);
  t.deepEqual(
    callers.map(({ told }) => told.length),
    [0, 0, 0],
  );
  world.pass(500);
  t.deepEqual(
    callers.map(({ atMs }) => atMs),
    [300, 100, 200],
  );
  for (const { told } of callers) t.like(told, [{ kind: 'failure', code: 'ETIMEOUT' }]);
  t.true(world.exchanger.asked[0]?.cancelled, 'nobody is left');
});

test('a deadline that is past still gets what is kept', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  t.like(world.found('a.example', { ms: -5 }), { kind: 'records' });
  t.like(world.found('b.example', { ms: -5 }), { kind: 'failure', code: 'ETIMEOUT' });
});

test('one caller in a hurry does not make the question a short one for others', (t) => {
  const world = new RecordWorld();
  world.call('a.example', { ms: 100 });
  const patient = world.call('a.example', { ms: 20_000 });
  t.is(world.exchanger.asked[0]?.deadlineMs, 30_000);
  world.pass(200);
  world.reply(answer(60));
  t.like(patient.told, [{ kind: 'records' }]);
});

test('the deadline of one caller is no failure of the servers', (t) => {
  const world = new RecordWorld();
  world.call('a.example', { ms: 100 });
  world.pass(200);
  world.call();
  t.is(world.questions, 2);
});

test('a refresh asks although an answer is kept, and joins a question under way', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  const callers = [
    world.call('a.example', { mode: 'refresh' }),
    world.call('a.example', { mode: 'refresh' }),
  ];
  t.is(world.questions, 2);
  t.like(world.found(), { source: 'cache' }, 'others go on with what is kept');
  world.reply(answer(90));
  for (const { told } of callers) t.like(told, [{ source: 'network', expiresAtMs: 90_000 }]);
});

test('no timer is left soon after nobody waits, and none is set per question', (t) => {
  const world = new RecordWorld();
  const { search } = world.call();
  world.host.settle();
  t.is(world.host.loop.pendingTimers, 1);
  world.call('b.example', { ms: 5 });
  world.call('c.example');
  world.host.settle();
  t.is(world.host.loop.pendingTimers, 1, 'one for all');
  world.reply(answer(60), world.exchanger.open[1]);
  world.reply(answer(60), world.exchanger.open[1]);
  search.cancel();
  world.pass(0);
  world.learn(answer(60), 'd.example');
  const { nextDueMs } = world.host.loop;
  world.pass(1);
  world.learn(answer(60), 'e.example');
  t.is(world.host.loop.nextDueMs, nextDueMs, 'the same timer');
  world.pass(5_000);
  t.is(world.host.loop.pendingTimers, 0);
});

test('case 46: a callback may cancel others, ask again and close', (t) => {
  const world = new RecordWorld();
  const victim: { cancel?: () => void } = {};
  const again: Found[] = [];
  const first = world.call('a.example', {
    onTold: () => {
      victim.cancel?.();
      world.records.find(key('a.example'), TYPE.A, 10_000, 'use', (found) => again.push(found));
      world.call('b.example', { onTold: (found) => again.push(found) });
      world.records.close();
    },
  });
  const second = world.call();
  victim.cancel = () => second.search.cancel();
  const third = world.call();
  world.reply(answer(60));
  t.is(first.told.length, 1);
  t.is(second.told.length, 0);
  t.like(third.told, [{ kind: 'records' }]);
  t.like(again, [{ kind: 'records' }, { kind: 'failure', code: 'ECANCELLED' }]);
});

test('case 46: close with 1,000 callers ends each of them once', (t) => {
  const world = new RecordWorld();
  const callers = Array.from({ length: 1_000 }, (_, i) => world.call(`host-${i % 10}.example`));
  world.records.close();
  t.true(
    callers.every(({ told }) => told.length === 0),
    'never inside the call',
  );
  world.records.close();
  world.host.settle();
  for (const { told } of callers) {
    t.is(told.length, 1);
    t.like(told, [{ kind: 'failure', code: 'ECANCELLED' }]);
  }
  t.true(world.exchanger.asked.every(({ cancelled }) => cancelled));
  world.pass(0);
  t.is(world.host.loop.pendingTimers, 0);
  t.like(world.found(), { kind: 'failure', code: 'ECANCELLED' }, 'nobody is asked any more');
  t.is(world.questions, 10);
});

test('case 46: a port that closes ends every wait', (t) => {
  const world = new RecordWorld();
  const { told } = world.call();
  world.host.loop.close();
  world.host.settle();
  t.like(told, [{ kind: 'failure', code: 'ECANCELLED' }]);
  t.like(world.found('b.example'), { kind: 'failure', code: 'ECANCELLED' });
});

test('a callback that throws costs no other its answer', (t) => {
  const world = new RecordWorld();
  const error = new Error('of the caller');
  world.call('a.example', {
    onTold: () => {
      throw error;
    },
  });
  const { told } = world.call();
  world.reply(answer(60));
  t.deepEqual(world.host.uncaughtErrors, [error]);
  t.like(told, [{ kind: 'records' }]);
});

test('one caller more than may wait is told ENOSERVER, and what is stale where there is some', (t) => {
  t.timeout(30_000);
  const world = new RecordWorld();
  world.learn(answer(1), 'old.example');
  world.pass(2_000);
  let told = 0;
  const count = (): void => {
    told += 1;
  };
  const searches = Array.from({ length: WAITERS_MAX }, () =>
    world.records.find(key('a.example'), TYPE.A, 10_000, 'use', count),
  );
  world.host.settle();
  t.is(world.records.waiters, WAITERS_MAX);
  t.is(told, 0);
  t.like(world.found('a.example'), { kind: 'failure', code: 'ENOSERVER' });
  t.like(world.found('old.example'), { kind: 'records', source: 'stale' });
  searches[7]?.cancel();
  const { told: late } = world.call('a.example');
  world.reply(answer(60));
  t.is(told, WAITERS_MAX - 1);
  t.like(late, [{ kind: 'records' }]);
});

test('one question more than may be under way is told ENOSERVER', (t) => {
  t.timeout(30_000);
  const world = new RecordWorld();
  for (let i = 0; i < FLIGHTS_MAX; i += 1) {
    world.records.find(key(`host-${i}`), TYPE.A, 10_000, 'use', () => {});
  }
  t.is(world.records.flights, FLIGHTS_MAX);
  t.like(world.found('one-more'), { kind: 'failure', code: 'ENOSERVER' });
  t.is(world.questions, FLIGHTS_MAX);
  const { told } = world.call('host-0');
  world.reply(failure(), world.exchanger.asked[0]);
  t.is(told.length, 1, 'a question under way may still be joined');
  world.records.close();
  world.host.settle();
});
