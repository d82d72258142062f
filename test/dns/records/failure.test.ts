import test from 'ava';
import { answer, failure, RecordWorld } from './record-world.ts';

test('a failure of all servers is kept for 1 s, twice as long each time, 5 s at most', (t) => {
  const world = new RecordWorld();
  for (const seconds of [1, 2, 4, 5, 5]) {
    const { questions } = world;
    t.like(world.learn(failure()), { kind: 'failure', code: 'ESERVFAIL' });
    world.pass(seconds * 1_000 - 1);
    t.like(world.found(), { kind: 'failure', code: 'ESERVFAIL' });
    t.is(world.questions, questions + 1, 'nobody is asked meanwhile');
    world.pass(1);
  }
  world.call();
  t.is(world.exchanger.open.length, 1);
});

test('an answer ends a row of failures', (t) => {
  const world = new RecordWorld();
  world.learn(failure());
  world.pass(1_000);
  world.learn(failure());
  world.pass(2_000);
  world.learn(answer(1));
  world.records.flush();
  world.learn(failure());
  world.pass(1_000);
  world.call();
  t.is(world.exchanger.open.length, 1);
});

test('a failure long after the last one is a first one', (t) => {
  const world = new RecordWorld();
  world.learn(failure());
  world.pass(1_000 + 30_000);
  world.learn(failure());
  world.pass(1_000);
  world.call();
  t.is(world.exchanger.open.length, 1);
});

test('the failure is that of its type', (t) => {
  const world = new RecordWorld();
  world.learn(failure(), 'a.example', { type: 1 });
  world.call('a.example', { type: 28 });
  t.is(world.exchanger.open.length, 1);
});

test('that a question was cancelled, or there was nobody to ask, is not kept', (t) => {
  for (const code of ['ECANCELLED', 'ENOSERVER'] as const) {
    const world = new RecordWorld();
    t.like(world.learn(failure(code)), { kind: 'failure', code });
    world.call();
    t.is(world.questions, 2);
  }
});

test('timeouts and refusals of all servers are kept', (t) => {
  for (const code of ['ETIMEOUT', 'EREFUSED', 'ESERVFAIL'] as const) {
    const world = new RecordWorld();
    world.learn(failure(code));
    t.like(world.found(), { kind: 'failure', code });
    t.is(world.questions, 1);
  }
});

test('a failure is never peeked at', (t) => {
  const world = new RecordWorld();
  world.learn(failure());
  t.is(world.peek(), undefined);
});

test('other servers are asked at once, whatever the old ones failed at', (t) => {
  const world = new RecordWorld();
  world.learn(failure());
  world.records.serversChanged();
  world.call();
  t.is(world.exchanger.open.length, 1);
  world.reply(failure());
  world.pass(1_000);
  world.call();
  t.is(world.exchanger.open.length, 1, 'and their failures are counted from the first one');
});

test('a failed refresh leaves what is good alone', (t) => {
  const world = new RecordWorld();
  world.learn(answer(60));
  t.like(world.learn(failure(), 'a.example', { mode: 'refresh' }), { kind: 'failure' });
  t.like(world.peek(), { kind: 'records', source: 'cache' });
  t.like(world.found(), { kind: 'records', source: 'cache' });
});

test('a refresh asks although a failure is kept', (t) => {
  const world = new RecordWorld();
  world.learn(failure());
  t.like(world.learn(answer(60), 'a.example', { mode: 'refresh' }), { kind: 'records' });
});

test('whose own time is up is told what the servers have said until then', (t) => {
  const world = new RecordWorld();
  const attempts = [
    { server: '192.0.2.53:53', transport: 'udp', ms: 5, outcome: 'SERVFAIL' },
    { server: '192.0.2.54:53', transport: 'udp', ms: 95, outcome: 'timeout' },
  ] as const;
  world.exchanger.soFar = { ...failure(), attempts };
  const hasty = world.call('a.example', { ms: 100 });
  const patient = world.call();
  world.pass(100);
  t.deepEqual(hasty.told, [
    { kind: 'failure', code: 'ETIMEOUT', server: '192.0.2.53:53', attempts },
  ]);
  t.deepEqual(patient.told, [], 'the question goes on');
  world.reply(answer(60));
  t.like(patient.told, [{ kind: 'records' }]);
});
