import test from 'ava';
import fc from 'fast-check';
import { DeadlineQueue } from '../../src/core/deadline-queue.ts';
import type { Operation } from '../../src/core/operation.ts';
import { timerOperation } from '../../src/core/operations.ts';

const ignore = (): void => {};

function takeAll(queue: DeadlineQueue, nowMs: number): Operation[] {
  const taken: Operation[] = [];
  const { added } = queue;
  for (;;) {
    const operation = queue.takeDue(nowMs, added);
    if (operation === undefined) return taken;
    taken.push(operation);
  }
}

test('any operations, some removed, come out by time and then in the order of adding', (t) => {
  const entry = fc.record({ dueMs: fc.nat(50), removed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (plan) => {
      const queue = new DeadlineQueue();
      const operations = plan.map(({ dueMs }) => {
        const operation = timerOperation(ignore);
        queue.add(operation, dueMs);
        return operation;
      });
      const kept = operations.filter((_, i) => !plan[i]?.removed);
      for (const [i, operation] of operations.entries()) {
        if (plan[i]?.removed) queue.remove(operation);
      }
      t.is(queue.size, kept.length);
      const taken: Operation[] = [];
      for (let nowMs = 0; nowMs <= 50; nowMs += 1) {
        const now = takeAll(queue, nowMs);
        t.true(now.every(({ dueMs }) => dueMs === nowMs));
        taken.push(...now);
      }
      const expected = [...kept].sort((a, b) => a.dueMs - b.dueMs);
      t.true(taken.every((operation, i) => operation === expected[i]));
      t.is(taken.length, expected.length);
      t.is(queue.nextMs, Number.POSITIVE_INFINITY);
    }),
  );
});

test('nothing comes out before its time', (t) => {
  const queue = new DeadlineQueue();
  const operation = timerOperation(ignore);
  queue.add(operation, 10);
  t.is(queue.takeDue(9.9, queue.added), undefined);
  t.is(queue.takeDue(10, queue.added), operation);
});

test('what was added after the look at the queue waits for the next one', (t) => {
  const queue = new DeadlineQueue();
  const { added } = queue;
  queue.add(timerOperation(ignore), 0);
  t.is(queue.takeDue(100, added), undefined);
  t.not(queue.takeDue(100, queue.added), undefined);
});

test('an operation that was taken or removed is known to be outside, and may be removed again', (t) => {
  const queue = new DeadlineQueue();
  const [taken, removed, kept] = [1, 2, 3].map((dueMs) => {
    const operation = timerOperation(ignore);
    queue.add(operation, dueMs);
    return operation;
  });
  if (!taken || !removed || !kept) throw new Error('three were made');
  queue.takeDue(1, queue.added);
  queue.remove(removed);
  t.deepEqual([taken.dueIndex, removed.dueIndex], [-1, -1]);
  queue.remove(taken);
  queue.remove(removed);
  t.is(queue.size, 1);
  t.is(queue.takeAny(), kept);
});

test('100,000 added and removed in any order leave nothing', (t) => {
  const queue = new DeadlineQueue();
  const operations = Array.from({ length: 100_000 }, () => timerOperation(ignore));
  for (const [i, operation] of operations.entries()) queue.add(operation, (i * 7919) % 1000);
  for (const operation of operations) queue.remove(operation);
  t.is(queue.size, 0);
  t.is(queue.nextMs, Number.POSITIVE_INFINITY);
});
