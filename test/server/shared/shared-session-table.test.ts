import test from 'ava';
import fc from 'fast-check';
import { SessionTable } from '../../../src/server/shared/session-table.ts';
import { SharedSessionTable } from '../../../src/server/shared/shared-session-table.ts';
import { type WantedZone, zoneMemoryBytes } from '../../../src/server/shared/zone-kinds.ts';
import { TestMemory } from './zone-kit.ts';

const SESSION_BYTES = 128;
const at = (nowMs: number) => ({ nowMs, timeoutMs: 1000 });
const wanted = (bytes: number): WantedZone => ({
  id: 'sticky one',
  kind: 'sticky',
  bytes,
  key: '',
});

function processes(bytes = 1024): {
  memory: TestMemory;
  one: SharedSessionTable;
  two: SharedSessionTable;
} {
  const memory = new TestMemory(wanted(bytes));
  const [one, two] = [0, 1].map((slot) => new SharedSessionTable(bytes, memory.seenBy(slot)));
  return { memory, one, two } as ReturnType<typeof processes>;
}

test('what one process has learned others know', (t) => {
  const { one, two } = processes();
  one.use('a', 'x', true, at(0));
  t.is(two.find('a', at(1000)), 'x');
  two.use('a', 'longer', false, at(1000));
  t.is(one.find('a', at(2000)), 'longer');
  t.is(one.find('a', at(2001)), '');
  t.is(two.size, 0);
});

test('routes are as long as they may be, and no longer', (t) => {
  const { one, two } = processes();
  one.use('a', '\xff'.repeat(32), true, at(0));
  one.use('b', 'r'.repeat(33), true, at(0));
  t.is(two.find('a', at(0)), '\xff'.repeat(32));
  t.is(two.find('b', at(0)), '');
});

test('a full zone forgets the session that was used longest ago', (t) => {
  const { one, two } = processes(3 * SESSION_BYTES);
  for (const name of ['a', 'b', 'c']) one.use(name, name, true, at(0));
  two.use('a', 'a', false, at(1));
  t.is(one.size, 3);
  two.use('d', 'd', true, at(1));
  t.is(one.size, 3);
  t.is(one.find('b', at(1)), '');
  t.is(one.find('a', at(1)), 'a');
});

test('without the lock there is no session, and with its owner gone none of the old ones', (t) => {
  const { memory, one } = processes();
  one.use('a', 'x', true, at(0));
  memory.lockFor(1);
  t.is(one.find('a', at(0)), '');
  one.use('b', 'x', true, at(0));
  new SharedSessionTable(1024, memory.whole).left(1);
  t.is(one.find('a', at(0)), '');
  one.use('b', 'x', true, at(0));
  t.is(one.find('b', at(0)), 'x');
});

test('a zone of sessions takes no more memory than its size', (t) => {
  for (const bytes of [32 * 1024, 1024 * 1024]) t.true(zoneMemoryBytes(wanted(bytes), 64) <= bytes);
});

test('it knows what a table of one process knows', (t) => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    route: fc.constantFrom('x', 'yy', 'z'.repeat(32)),
    slot: fc.nat(1),
    begins: fc.boolean(),
    finds: fc.boolean(),
    passedMs: fc.constantFrom(0, 1, 400, 1001),
  });
  const bytes = 4 * SESSION_BYTES;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { one, two } = processes(bytes);
      const model = new SessionTable(bytes);
      let nowMs = 0;
      for (const { name, route, slot, begins, finds, passedMs } of steps) {
        nowMs += passedMs;
        const table = slot === 0 ? one : two;
        if (finds) t.is(table.find(name, at(nowMs)), model.find(name, at(nowMs)));
        else for (const each of [table, model]) each.use(name, route, begins, at(nowMs));
        t.is(table.size, model.size);
      }
    }),
  );
});
