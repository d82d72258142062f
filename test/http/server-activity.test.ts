import test from 'ava';
import { get, post, ServerWorld, TIMEOUTS } from './server-world.ts';

test('a connection borrows an activity with the first byte, and gives it back once answered', (t) => {
  const world = new ServerWorld('by hand');
  t.is(world.activities.lent, 0, 'a new connection has none');
  world.comes(get('/1').slice(0, 1));
  t.is(world.activities.lent, 1);
  world.comes(get('/1').slice(1));
  t.is(world.activities.lent, 1);
  world.does(() => world.answer());
  t.is(world.activities.lent, 0);
  world.comes(get('/2'));
  world.does(() => world.answer());
  t.deepEqual(world.statuses, ['200', '200']);
  t.is(world.activities.lent, 0);
});

test('an activity stays until the answer is with the kernel', (t) => {
  const world = new ServerWorld('at once');
  world.port.sendsAtOnce = false;
  world.comes(get('/1'));
  t.true(world.connection.idle);
  t.true(world.connection.queuedBytes > 0);
  t.is(world.activities.lent, 1);
  world.sendDone();
  t.is(world.connection.queuedBytes, 0);
  t.is(world.activities.lent, 0);
});

test('an activity stays while part of the next request has come', (t) => {
  for (const part of ['G', '\r', '\r\n']) {
    const world = new ServerWorld('at once');
    world.comes(get('/1') + part);
    t.is(world.activities.lent, 1, JSON.stringify(part));
    const whole = part === 'G' ? get('/2') : `\r\n${get('/2')}`;
    world.comes(whole.slice(part.length));
    t.deepEqual(world.statuses, ['200', '200']);
    t.is(world.activities.lent, 0);
  }
});

const ENDINGS: Readonly<Record<string, (world: ServerWorld) => void>> = {
  'the client leaves while idle': (world) => world.eof(),
  'the client leaves in a head': (world) => {
    world.comes('GET');
    world.eof();
  },
  'the client leaves in a body': (world) => {
    world.comes(post('hello').slice(0, -1));
    world.eof();
  },
  'a reset while the answer is awaited': (world) => {
    world.comes(get('/1'));
    world.reset();
  },
  'a send that fails': (world) => {
    world.port.sendsAtOnce = false;
    world.comes(get('/1'));
    world.does(() => world.answer());
    world.sendFails();
  },
  'a head that does not end': (world) => {
    world.comes('GET');
    world.expires();
  },
  'a request that is refused': (world) => world.comes('no request\r\n\r\n'),
  'an answer that is cut': (world) => {
    world.comes(get('/1'));
    world.does(() => world.beginAnswer());
    world.does(() => world.connection.abort());
  },
};

for (const [what, end] of Object.entries(ENDINGS)) {
  test(`nothing is lent once the connection is closed: ${what}`, (t) => {
    const world = new ServerWorld('by hand');
    end(world);
    world.closes();
    t.is(world.told.at(-1), 'closed');
    t.is(world.activities.lent, 0);
    t.is(world.parsers.lent, 0);
    t.is(world.buffers.lent, 0);
  });
}

test('an activity that a cut answer left behind serves the next connection as if it were new', (t) => {
  const first = new ServerWorld('by hand');
  first.comes(get('/1') + get('/2').slice(0, 7));
  first.does(() => first.beginAnswer());
  first.does(() => first.connection.abort());
  first.closes();
  const activity = first.activities.take(first.connection, 1);
  first.activities.give(activity);
  const { reader, outbox } = activity;
  t.is(first.activities.take(first.connection, 1), activity);
  t.true(reader.fresh);
  t.false(outbox.broken);
  t.true(outbox.appendText('x'));
});

test('an activity that a late head left behind counts the time of the next head anew', (t) => {
  const world = new ServerWorld('by hand');
  world.comes('GET');
  world.expires();
  world.closes();
  const activity = world.activities.take(world.connection, 1);
  t.is(activity.headDeadlineMs, 0);
  t.is(activity.deadlineMs(5_000, TIMEOUTS), 5_000 + TIMEOUTS.idleMs);
});

test('1024 activities are kept, and not one more', (t) => {
  const { activities, connection } = new ServerWorld('by hand');
  const lent = Array.from({ length: 1025 }, () => activities.take(connection, 1));
  t.is(activities.lent, 1025);
  for (const activity of lent) activities.give(activity);
  t.is(activities.lent, 0);
  const again = new Set(Array.from({ length: 1025 }, () => activities.take(connection, 1)));
  t.is(lent.filter((activity) => again.has(activity)).length, 1024);
});
