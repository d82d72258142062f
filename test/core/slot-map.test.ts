import test from 'ava';
import { NO_SOCKET } from '../../src/core/operation.ts';
import { SlotMap } from '../../src/core/slot-map.ts';

const SLOTS = 1 << 20;

test('an entry is found by its socket’s number, and by no other of the same slot', (t) => {
  const map = new SlotMap<{ readonly socket: number }>();
  const entry = { socket: SLOTS + 3 };
  map.add(entry);
  t.is(map.get(SLOTS + 3), entry);
  for (const other of [3, 2 * SLOTS + 3, 2, 4, SLOTS - 1, NO_SOCKET]) {
    t.is(map.get(other), undefined);
  }
  t.deepEqual(map.entries(), [entry]);
});

test('a late removal leaves the slot’s next entry alone', (t) => {
  const map = new SlotMap<{ readonly socket: number }>();
  map.add({ socket: 3 });
  map.remove(3);
  t.is(map.get(3), undefined);
  const next = { socket: SLOTS + 3 };
  map.add(next);
  map.remove(3);
  t.is(map.get(SLOTS + 3), next);
  map.clear();
  t.deepEqual(map.entries(), []);
});
