import test from 'ava';
import fc from 'fast-check';
import { ConnectionTable, type Held } from '../../../src/server/shared/connection-table.ts';
import { SharedConnectionTable } from '../../../src/server/shared/shared-connection-table.ts';
import type { WantedZone } from '../../../src/server/shared/zone-kinds.ts';
import { TestMemory } from './zone-kit.ts';

const ROOM = 32 * 1024;
/** What an entry with a short key counts for. */
const ENTRY_BYTES = 64;

const wanted = (bytes: number): WantedZone => ({
  id: 'limit_conn_zone one',
  kind: 'limit_conn_zone',
  bytes,
  key: '$a',
});

function processes(
  bytes = ROOM,
  count = 2,
): { memory: TestMemory; tables: readonly SharedConnectionTable[] } {
  const memory = new TestMemory(wanted(bytes));
  const tables = Array.from(
    { length: count },
    (_, slot) => new SharedConnectionTable(bytes, memory.seenBy(slot)),
  );
  return { memory, tables };
}

function entered(held: Held | string | undefined): Held {
  if (typeof held !== 'object') throw new Error(`not let in: ${held}`);
  return held;
}

test('processes let in as many as may be together', (t) => {
  const [one, two] = processes().tables as [SharedConnectionTable, SharedConnectionTable];
  const first = entered(one.enter('key', 2));
  const second = entered(two.enter('key', 2));
  t.is(one.enter('key', 2), 'limited');
  t.is(two.enter('key', 2), 'limited');
  t.is(typeof two.enter('another', 1), 'object');
  first.release();
  entered(two.enter('key', 2)).release();
  second.release();
  t.is(one.size, 1, 'what nobody counts has gone');
});

test('a full zone takes no new key until one is gone', (t) => {
  const [one, two] = processes().tables as [SharedConnectionTable, SharedConnectionTable];
  const entries = ROOM / ENTRY_BYTES;
  const held = Array.from({ length: entries }, (_, number) => one.enter(`key ${number}`, 1));
  t.false(held.some((count) => typeof count === 'string'));
  t.is(two.enter('one more', 1), 'full');
  t.is(two.enter('key 1', 1), 'limited');
  entered(held[0]).release();
  t.is(typeof two.enter('one more', 1), 'object');
  t.is(two.enter('and another', 1), 'full');
});

test('what a process counted that has gone counts no more, what others count does', (t) => {
  const { memory, tables } = processes();
  const [one, two] = tables as [SharedConnectionTable, SharedConnectionTable];
  entered(one.enter('key', 3));
  entered(one.enter('key', 3));
  entered(one.enter('its own', 1));
  const mine = entered(two.enter('key', 3));
  t.is(two.enter('key', 3), 'limited');
  new SharedConnectionTable(ROOM, memory.whole).left(0);
  t.is(two.size, 1);
  t.is(two.enter('key', 1), 'limited');
  mine.release();
  t.is(two.size, 0);
});

test('a process that ends in the midst of a change does not spoil the zone', (t) => {
  const { memory, tables } = processes();
  const [one, two] = tables as [SharedConnectionTable, SharedConnectionTable];
  const care = new SharedConnectionTable(ROOM, memory.whole);
  const mine = entered(two.enter('key', 2));
  entered(one.enter('key', 2));
  memory.lockFor(0);
  t.is(two.enter('key', 2), 'full', 'it cannot be counted');
  care.left(1);
  t.is(two.enter('key', 2), 'full', 'another one has gone, without the lock');
  care.left(0);
  const again = entered(two.enter('key', 1));
  t.is(two.enter('key', 1), 'limited');
  again.release();
  mine.release();
});

test('what ends while the zone is locked is not counted any more', (t) => {
  const { memory, tables } = processes();
  const [one, two] = tables as [SharedConnectionTable, SharedConnectionTable];
  const held = entered(one.enter('key', 1));
  memory.lockFor(1);
  held.release();
  memory.unlock();
  t.is(typeof two.enter('key', 1), 'object');
});

test('places that could not be given back at once are found when they are needed', (t) => {
  const bytes = 2 * ENTRY_BYTES;
  const { memory, tables } = processes(bytes);
  const [one, two] = tables as [SharedConnectionTable, SharedConnectionTable];
  const held = ['a', 'b'].map((key) => entered(one.enter(key, 1)));
  memory.lockFor(1);
  for (const one of held) one.release();
  memory.unlock();
  t.is(one.size, 2);
  t.is(typeof two.enter('c', 1), 'object');
  t.is(typeof two.enter('d', 1), 'object');
  t.is(two.enter('e', 1), 'full');
});

test('it decides as a table of one process does', (t) => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'.repeat(40)),
    slot: fc.nat(2),
    max: fc.integer({ min: 1, max: 3 }),
    /** Which of those let in ends first, if any. */
    ends: fc.option(fc.nat(9)),
  });
  const bytes = 4 * ENTRY_BYTES;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (all) => {
      const { tables } = processes(bytes, 3);
      const model = new ConnectionTable(bytes);
      const held: [Held, Held][] = [];
      for (const { key, slot, max, ends } of all) {
        const over = ends === null ? [] : held.splice(ends, 1);
        for (const one of over.flat()) one.release();
        const answer = tables[slot]?.enter(key, max);
        const expected = model.enter(key, max);
        if (typeof answer === 'object' && typeof expected === 'object') {
          held.push([answer, expected]);
        } else t.is(answer, expected as never);
        t.is(tables[0]?.size, model.size);
      }
    }),
  );
});
