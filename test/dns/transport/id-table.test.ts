import test from 'ava';
import fc from 'fast-check';
import { Attempt, AttemptPool } from '../../../src/dns/transport/attempt.ts';
import { IdTable } from '../../../src/dns/transport/id-table.ts';

const pool = new AttemptPool();
const ATTEMPTS = Array.from({ length: 4 }, () => new Attempt(pool));

/** Few numbers that fall together, and all others. */
const ID = fc.oneof(
  fc.integer({ min: 0, max: 7 }).map((n) => n * 128 + 127),
  fc.integer({ min: 0, max: 65_535 }),
);
const STEP = fc.record({ id: ID, what: fc.constantFrom('set', 'over', 'delete'), who: fc.nat(3) });

test('a table of numbers says what a Map would', (t) => {
  const law = fc.property(fc.array(STEP, { maxLength: 400 }), (steps) => {
    const table = new IdTable();
    const model = new Map<number, Attempt | null>();
    for (const { id, what, who } of steps) {
      const value = what === 'over' ? null : (ATTEMPTS[who] as Attempt);
      if (what === 'delete') {
        table.delete(id);
        model.delete(id);
      } else {
        table.set(id, value);
        model.set(id, value);
      }
      if (table.size !== model.size) throw new Error(`${table.size}, not ${model.size}`);
    }
    for (let id = 0; id <= 65_535; id += 1) {
      if (table.get(id) !== model.get(id)) throw new Error(`${id}`);
      if (table.has(id) !== model.has(id)) throw new Error(`has ${id}`);
    }
    const open = [...model.values()].filter((value) => value !== null);
    if (table.waiting().length !== open.length) throw new Error('waiting');
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('it holds every number that there is', (t) => {
  const table = new IdTable();
  for (let id = 0; id <= 65_535; id += 1) table.set(id, null);
  t.is(table.size, 65_536);
  t.is(table.get(65_535), null);
});
