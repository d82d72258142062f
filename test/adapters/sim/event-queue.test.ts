import test from 'ava';
import { EventQueue, type SimEvent } from '../../../adapters/sim/event-queue.ts';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';

function event(name: string, log: string[] = []): SimEvent {
  const fire = () => void log.push(name);
  return { atMs: 0, order: 0, index: -1, background: false, fire };
}

function runAll(queue: EventQueue): void {
  for (let next = queue.take(1e9); next !== undefined; next = queue.take(1e9)) next.fire();
}

test('events happen by time, ties in the order in which they were scheduled', (t) => {
  const queue = new EventQueue();
  const log: string[] = [];
  for (const [name, atMs] of Object.entries({ late: 20, early: 10, tied: 10, last: 20 })) {
    queue.schedule(event(name, log), atMs);
  }
  runAll(queue);
  t.deepEqual(log, ['early', 'tied', 'late', 'last']);
  t.is(queue.nowMs, 20);
});

test('scheduling again moves an event behind those of the same moment', (t) => {
  const queue = new EventQueue();
  const log: string[] = [];
  const moved = event('moved', log);
  queue.schedule(moved, 5);
  queue.schedule(event('other', log), 5);
  queue.schedule(moved, 5);
  runAll(queue);
  t.deepEqual(log, ['other', 'moved']);
});

test('a moment that is past means now', (t) => {
  const queue = new EventQueue();
  queue.schedule(event('first'), 50);
  queue.take(50);
  queue.schedule(event('past'), 10);
  t.is(queue.take(1e9)?.atMs, 50);
  t.is(queue.nowMs, 50);
});

test('any mix of scheduling and cancelling comes out in order', (t) => {
  const random = new SimRandom('heap');
  const queue = new EventQueue();
  const events = Array.from({ length: 500 }, (_, i) => event(`${i}`));
  for (let i = 0; i < 5_000; i += 1) {
    const picked = events[random.nextUint32() % events.length] as SimEvent;
    if (random.chance(0.4)) queue.cancel(picked);
    else queue.schedule(picked, random.nextUint32() % 100);
  }
  const expected = events
    .filter(({ index }) => index >= 0)
    .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  const taken: SimEvent[] = [];
  for (let next = queue.take(1e9); next !== undefined; next = queue.take(1e9)) taken.push(next);
  t.deepEqual(taken, expected);
});

test('only what is not in the background keeps the queue busy', (t) => {
  const queue = new EventQueue();
  const quiet = { ...event('quiet'), background: true };
  queue.schedule(quiet, 1);
  t.false(queue.busy);
  queue.setBackground(quiet, false);
  t.true(queue.busy);
  queue.setBackground(quiet, true);
  t.false(queue.busy);
  queue.cancel(quiet);
  t.is(queue.nextMs, Number.POSITIVE_INFINITY);
});
