import test from 'ava';
import fc from 'fast-check';
import { RingQueue } from '../../src/core/ring-queue.ts';

test('behaves as an array under any pushes, shifts and removals', (t) => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), item: fc.nat(30) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('shift' as const), item: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), item: fc.nat(30) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new RingQueue<number>();
      const model: number[] = [];
      for (const { do: what, item } of steps) {
        if (what === 'push') {
          queue.push(item);
          model.push(item);
        } else if (what === 'shift') {
          t.is(queue.shift(), model.shift());
        } else {
          const index = model.indexOf(item);
          t.is(queue.remove(item), index >= 0);
          if (index >= 0) model.splice(index, 1);
        }
        t.is(queue.size, model.length);
        t.is(queue.peek(), model[0]);
      }
      while (model.length > 0) t.is(queue.shift(), model.shift());
      t.is(queue.shift(), undefined);
    }),
  );
});

test('grows from 16 to 17 items, also when they are wrapped around', (t) => {
  const queue = new RingQueue<number>();
  for (let i = 0; i < 16; i += 1) queue.push(i);
  for (let i = 0; i < 5; i += 1) queue.shift();
  for (let i = 16; i < 22; i += 1) queue.push(i);
  t.is(queue.size, 17);
  const items = Array.from({ length: 17 }, () => queue.shift());
  t.deepEqual(
    items,
    Array.from({ length: 17 }, (_, i) => i + 5),
  );
});
