import test from 'ava';
import { InvariantError } from '../../src/core/invariant-error.ts';
import { NO_SOCKET } from '../../src/core/operation.ts';
import { SocketTable } from '../../src/core/socket-table.ts';

const SLOTS_MAX = 1 << 20;
const GENERATIONS = 1 << 11;

test('finds each socket by its number, and no other', (t) => {
  const table = new SocketTable<string>();
  const [a, b] = [table.add('a'), table.add('b')];
  t.is(table.get(a), 'a');
  t.is(table.get(b), 'b');
  t.is(table.get(b + 1), undefined);
  t.is(table.get(NO_SOCKET), undefined);
});

test('a slot that is used again has another number, and the old one finds nothing', (t) => {
  const table = new SocketTable<string>();
  const old = table.add('old');
  table.remove(old);
  t.is(table.get(old), undefined);
  const recycled = table.add('new');
  t.not(recycled, old);
  t.is(table.get(old), undefined);
  table.remove(old);
  t.is(table.get(recycled), 'new', 'a stale number removes nothing');
});

test('the generation wraps after 2048 uses of a slot, and no earlier', (t) => {
  const table = new SocketTable<number>();
  const first = table.add(0);
  table.remove(first);
  for (let i = 1; i < GENERATIONS; i += 1) {
    const id = table.add(i);
    t.not(id, first);
    t.true(id > 0 && id < 2 ** 31, 'a number stays a small integer');
    table.remove(id);
  }
  t.is(table.add(GENERATIONS), first);
});

test('counts what is open, and lists it', (t) => {
  const table = new SocketTable<string>();
  const ids = ['a', 'b', 'c'].map((entry) => table.add(entry));
  table.remove(ids[1] as number);
  table.remove(ids[1] as number);
  t.is(table.size, 2);
  t.deepEqual(table.entries(), ['a', 'c']);
});

test('holds 2^20 sockets, refuses one more, and recovers when one goes', (t) => {
  const table = new SocketTable<number>();
  let last = NO_SOCKET;
  for (let i = 0; i < SLOTS_MAX; i += 1) last = table.add(i);
  t.is(table.size, SLOTS_MAX);
  t.throws(() => table.add(SLOTS_MAX), { instanceOf: InvariantError });
  t.is(table.size, SLOTS_MAX);
  table.remove(last);
  t.is(table.get(table.add(7)), 7);
});
