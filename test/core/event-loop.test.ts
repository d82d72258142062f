import test from 'ava';
import { InvariantError } from '../../src/core/invariant-error.ts';
import { begin, type Operation } from '../../src/core/operation.ts';
import { acceptOperation, recvOperation, timerOperation } from '../../src/core/operations.ts';
import { ManualHost } from './manual-host.ts';

const TASKS_PER_TURN_MAX = 1024;
const TASKS_MAX = 1 << 20;
const ROUNDS_PER_TURN_MAX = 32;

function pendingRecv(onComplete: (operation: Operation) => void = () => {}) {
  const recv = recvOperation(0, onComplete);
  begin(recv, undefined);
  return recv;
}

test('a turn delivers completions, then time, accepts, tasks and flushes', (t) => {
  const host = new ManualHost();
  const { loop } = host;
  const order: string[] = [];
  const accept = acceptOperation(0, () => order.push('accept'));
  begin(accept, undefined);
  const timer = timerOperation(() => order.push('timer'));
  loop.flushAtTurnEnd({ flushAsked: false, flush: () => order.push('flush') });
  loop.post(() => order.push('task'));
  loop.completeLast(accept, 'done');
  loop.submitTimer(timer);
  loop.completeSoon(
    pendingRecv(() => order.push('recv')),
    'done',
  );
  t.deepEqual(order, [], 'nothing happens inside the calls');
  host.turn();
  t.deepEqual(order, ['recv', 'timer', 'accept', 'task', 'flush']);
  t.false(loop.hasWork);
});

test('what a flush completes is delivered in the same turn', (t) => {
  const host = new ManualHost();
  const recv = pendingRecv();
  const flush = () => host.loop.completeSoon(recv, 'eof');
  host.loop.flushAtTurnEnd({ flushAsked: false, flush });
  host.turn();
  t.is(recv.status, 'eof');
});

test('what is completed without a hurry asks for no turn, and comes first in the next', (t) => {
  const host = new ManualHost();
  const { loop } = host;
  const order: string[] = [];
  const ends = (name: string) => pendingRecv(() => order.push(name));
  loop.completeRelaxed(ends('first'));
  t.is(host.wakes, 0);
  t.false(loop.hasWork);
  loop.completeSoon(ends('second'), 'done');
  loop.completeRelaxed(ends('third'));
  t.deepEqual(order, []);
  host.turn();
  t.deepEqual(order, ['first', 'second', 'third']);
});

test('a loop that closes leaves nobody without the completion that could wait', (t) => {
  const host = new ManualHost();
  const before = pendingRecv();
  const after = pendingRecv();
  host.loop.completeRelaxed(before);
  host.loop.close();
  t.is(host.wakes, 1);
  host.loop.completeRelaxed(after);
  host.turn();
  t.is(before.status, 'done');
  t.is(after.status, 'done');
});

test('a flush is called once, however often it was asked for', (t) => {
  const host = new ManualHost();
  let flushes = 0;
  const flushable = {
    flushAsked: false,
    flush: () => {
      flushes += 1;
    },
  };
  host.loop.flushAtTurnEnd(flushable);
  host.loop.flushAtTurnEnd(flushable);
  host.turn();
  t.is(flushes, 1);
  host.loop.flushAtTurnEnd(flushable);
  host.turn();
  t.is(flushes, 2);
});

test('a flush and a completion that call for each other get 32 rounds of a turn, not more', (t) => {
  const host = new ManualHost();
  const { loop } = host;
  let completions = 0;
  const flushable = { flushAsked: false, flush: () => loop.completeSoon(recv, 'done') };
  const recv = pendingRecv(() => {
    completions += 1;
    begin(recv, undefined);
    loop.flushAtTurnEnd(flushable);
  });
  loop.completeSoon(recv, 'done');
  host.turn();
  t.is(completions, ROUNDS_PER_TURN_MAX);
  t.true(loop.hasWork);
  const { wakes } = host;
  host.turn();
  t.is(completions, 2 * ROUNDS_PER_TURN_MAX);
  t.is(host.wakes, wakes + 1, 'each turn asks for the next one');
});

test('1024 tasks run in a turn, and one more waits for the next', (t) => {
  const host = new ManualHost();
  let ran = 0;
  for (let i = 0; i <= TASKS_PER_TURN_MAX; i += 1)
    host.loop.post(() => {
      ran += 1;
    });
  host.turn();
  t.is(ran, TASKS_PER_TURN_MAX);
  t.true(host.loop.hasWork);
  host.turn();
  t.is(ran, TASKS_PER_TURN_MAX + 1);
});

test('a task that a task posts runs on the next turn', (t) => {
  const host = new ManualHost();
  const order: string[] = [];
  host.loop.post(() => {
    order.push('first');
    host.loop.post(() => order.push('second'));
  });
  host.turn();
  t.deepEqual(order, ['first']);
  host.turn();
  t.deepEqual(order, ['first', 'second']);
});

test('2^20 tasks may wait, one more is refused, and room comes back', (t) => {
  const host = new ManualHost();
  const task = (): void => {};
  for (let i = 0; i < TASKS_MAX; i += 1) host.loop.post(task);
  t.false(host.loop.post(task));
  host.turn();
  t.true(host.loop.post(task));
});

test('an idle loop is woken once for all that comes from outside of a turn', (t) => {
  const host = new ManualHost();
  host.loop.post(() => {});
  host.loop.post(() => {});
  t.is(host.wakes, 1);
  host.turn(() => {});
  t.is(host.wakes, 1, 'a turn with nothing left asks for no other');
});

test('an exception costs no other completion, task or flush its turn', (t) => {
  const host = new ManualHost();
  const { loop } = host;
  const fail = (): never => {
    throw new Error('broken');
  };
  const recv = pendingRecv();
  loop.completeSoon(pendingRecv(fail), 'done');
  loop.completeSoon(recv, 'done');
  loop.post(fail);
  let ran = 0;
  loop.post(() => {
    ran += 1;
  });
  loop.flushAtTurnEnd({ flushAsked: false, flush: fail });
  loop.flushAtTurnEnd({
    flushAsked: false,
    flush: () => {
      ran += 1;
    },
  });
  host.turn();
  t.is(recv.status, 'done');
  t.is(ran, 2);
  t.is(host.uncaughtErrors.length, 3);
});

test('a host that throws what it is told does not put the rest to sleep', (t) => {
  const host = new ManualHost();
  host.uncaught = (error) => {
    throw error;
  };
  const recv = pendingRecv();
  const broken = pendingRecv(() => {
    throw new Error('broken');
  });
  host.loop.completeSoon(broken, 'done');
  host.loop.completeSoon(recv, 'done');
  const { wakes } = host;
  t.throws(() => host.turn(), { message: 'broken' });
  t.is(host.wakes, wakes + 1);
  host.turn();
  t.is(recv.status, 'done');
});

test('a timer completes at its time or later, ties in the order of submission', (t) => {
  const host = new ManualHost();
  const order: string[] = [];
  for (const [name, atMs] of [
    ['b', 10],
    ['c', 10],
    ['a', 5],
    ['past', -1],
  ] as const) {
    const timer = timerOperation(() => order.push(name));
    timer.atMs = atMs;
    host.loop.submitTimer(timer);
  }
  t.is(host.wakeAtMs, 0);
  t.true(host.keepAlive);
  host.turn();
  t.deepEqual(order, ['past']);
  host.now = 9.9;
  host.turn();
  t.deepEqual(order, ['past', 'a']);
  host.now = 10;
  host.turn();
  t.deepEqual(order, ['past', 'a', 'b', 'c']);
  t.is(host.loop.pendingTimers, 0);
});

test('a timer that always renews itself in the past does not starve the others', (t) => {
  const host = new ManualHost();
  host.now = 7;
  const greedy = timerOperation(() => host.loop.submitTimer(greedy));
  const modest = timerOperation(() => {});
  modest.atMs = 7;
  host.loop.submitTimer(greedy);
  host.loop.submitTimer(modest);
  host.turn();
  t.is(modest.status, 'done');
  t.is(greedy.status, 'pending');
});

test('a cancelled timer completes once, as cancelled, and not inside the call', (t) => {
  const host = new ManualHost();
  const statuses: string[] = [];
  const timer = timerOperation(({ status }) => statuses.push(status));
  timer.atMs = 100;
  host.loop.submitTimer(timer);
  host.loop.cancelTimer(timer);
  host.loop.cancelTimer(timer);
  t.deepEqual(statuses, []);
  host.turn();
  host.now = 200;
  host.turn();
  t.deepEqual(statuses, ['cancelled']);
  t.is(host.loop.pendingTimers, 0);
});

test('a timer that is submitted while pending is a bug', (t) => {
  const host = new ManualHost();
  const timer = timerOperation(() => {});
  host.loop.submitTimer(timer);
  t.throws(() => host.loop.submitTimer(timer), { instanceOf: InvariantError });
});

/** An operation that is held by a port and has a deadline. */
function held(host: ManualHost, expired: Operation[], deadlineMs: number) {
  const recv = recvOperation(0, () => {});
  recv.deadlineMs = deadlineMs;
  const expire = (operation: Operation): void => {
    expired.push(operation);
    host.loop.deliver(operation, 'expired');
  };
  begin(recv, { expire });
  host.loop.watchDeadline(recv);
  return recv;
}

test('a deadline is told to the holder once it has passed, and keeps no process alive', (t) => {
  const host = new ManualHost();
  const expired: Operation[] = [];
  const recv = held(host, expired, 10);
  t.is(host.wakeAtMs, 10);
  t.false(host.keepAlive);
  host.now = 9;
  host.turn();
  t.deepEqual(expired, []);
  host.now = 10;
  host.turn();
  t.is(expired[0], recv);
  t.is(host.loop.nextDueMs, Number.POSITIVE_INFINITY);
});

test('a deadline that moves on is looked at when the old one is due, not before', (t) => {
  const host = new ManualHost();
  const expired: Operation[] = [];
  const recv = held(host, expired, 10);
  recv.deadlineMs = 50;
  host.loop.watchDeadline(recv);
  t.is(host.loop.nextDueMs, 10, 'the queue was not touched');
  host.now = 10;
  host.turn();
  t.deepEqual(expired, []);
  t.is(host.loop.nextDueMs, 50);
  host.now = 50;
  host.turn();
  t.is(expired.length, 1);
});

test('a deadline that moves forward is met early', (t) => {
  const host = new ManualHost();
  const expired: Operation[] = [];
  const recv = held(host, expired, 50);
  recv.deadlineMs = 10;
  host.loop.watchDeadline(recv);
  t.is(host.loop.nextDueMs, 10);
  host.now = 10;
  host.turn();
  t.is(expired.length, 1);
});

test('the deadline of an operation that has ended is dropped', (t) => {
  const host = new ManualHost();
  const expired: Operation[] = [];
  const recv = held(host, expired, 10);
  host.loop.deliver(recv, 'done');
  host.now = 10;
  host.turn();
  t.deepEqual(expired, []);
  t.is(host.loop.nextDueMs, Number.POSITIVE_INFINITY);
});

test('a deadline that is always in the past does not starve the timers', (t) => {
  const host = new ManualHost();
  const { loop } = host;
  host.now = 100;
  loop.beginTurn();
  loop.endTurn();
  const greedy = recvOperation(0, () => submit());
  greedy.deadlineMs = 1;
  const holder = { expire: (it: Operation) => loop.deliver(it, 'expired') };
  const submit = (): void => {
    begin(greedy, holder);
    loop.watchDeadline(greedy);
  };
  const timers = [110, 110].map((atMs) =>
    Object.assign(
      timerOperation(() => {}),
      { atMs },
    ),
  );
  for (const timer of timers) loop.submitTimer(timer);
  submit();
  host.now = 110;
  host.turn();
  host.turn();
  t.deepEqual(
    timers.map(({ status }) => status),
    ['done', 'done'],
  );
});

test('a closed loop has cancelled its timers, and refuses tasks', (t) => {
  const host = new ManualHost();
  const timer = timerOperation(() => {});
  timer.atMs = 100;
  host.loop.submitTimer(timer);
  const expired: Operation[] = [];
  held(host, expired, 50);
  host.loop.close();
  t.false(host.loop.post(() => {}));
  t.is(timer.status, 'pending', 'nothing may complete inside the call');
  host.now = 200;
  host.turn();
  t.is(timer.status, 'cancelled');
  t.deepEqual(expired, []);
  host.loop.submitTimer(timer);
  host.turn();
  t.is(timer.status, 'cancelled');
  t.is(host.loop.pendingTimers, 0);
});
