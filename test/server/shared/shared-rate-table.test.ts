import test from 'ava';
import fc from 'fast-check';
import { LOCKED, NO_ROOM, OVER_LIMIT, RateLimits } from '../../../src/server/shared/rate-limits.ts';
import { type Rates, RateTable } from '../../../src/server/shared/rate-table.ts';
import { SharedRateTable } from '../../../src/server/shared/shared-rate-table.ts';
import { type WantedZone, zoneMemoryBytes } from '../../../src/server/shared/zone-kinds.ts';
import { TestMemory } from './zone-kit.ts';

const ROOM = 32 * 1024;
/** What an entry with a short key counts for. */
const ENTRY_BYTES = 128;
const RATE = 1000;

const wanted = (bytes: number): WantedZone => ({
  id: 'limit_req one',
  kind: 'limit_req',
  bytes,
  key: '$a',
});

function tableOf(memory: TestMemory, slot: number, bytes = ROOM, originMs = 0): SharedRateTable {
  return new SharedRateTable(bytes, 'limit_req one', memory.seenBy(slot, originMs));
}

function limitsOf(table: Rates, burst = 0): RateLimits {
  return new RateLimits([{ table, rate: RATE, burst: burst * 1000, delay: Infinity }]);
}

test('processes charge one bucket', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const [one, two] = [limitsOf(tableOf(memory, 0), 2), limitsOf(tableOf(memory, 1), 2)];
  t.deepEqual(
    [one, two, one, two, one].map((limits) => limits.admit(['key'], 0)),
    [0, 0, 0, OVER_LIMIT, OVER_LIMIT],
  );
  t.is(two.admit(['key'], 1000), 0);
  t.is(one.admit(['key'], 1000), OVER_LIMIT);
});

test('processes whose clocks began at different times agree on the time', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const one = limitsOf(tableOf(memory, 0, ROOM, 5_000));
  const two = limitsOf(tableOf(memory, 1, ROOM, 3_000));
  t.is(one.admit(['key'], 0), 0);
  t.is(two.admit(['key'], 2_999), OVER_LIMIT);
  t.is(two.admit(['key'], 3_000), 0);
});

test('a zone of rates takes no more memory than its size', (t) => {
  for (const bytes of [ROOM, 1024 * 1024, 10 * 1024 * 1024]) {
    t.true(zoneMemoryBytes(wanted(bytes), 64) <= bytes);
  }
});

test('with its last place taken, a new key takes that of the one used longest ago', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const [one, two] = [tableOf(memory, 0), tableOf(memory, 1)];
  const entries = ROOM / ENTRY_BYTES;
  for (let number = 0; number < entries; number += 1) {
    limitsOf(number % 2 === 0 ? one : two).admit([`key ${number}`], 0);
  }
  t.is(one.size, entries);
  t.is(limitsOf(one).admit(['key 0'], 0), OVER_LIMIT, 'it is known, and now the newest');
  limitsOf(two).admit(['one more'], 0);
  t.is(two.size, entries);
  t.is(limitsOf(two).admit(['key 0'], 0), OVER_LIMIT);
  t.is(limitsOf(one).admit(['key 1'], 0), 0, 'it was forgotten');
});

test('an excess is a number of any size', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const table = tableOf(memory, 0);
  const huge = { table, rate: RATE, burst: 2 ** 50, delay: Infinity };
  table.open('key');
  const state = table.add('key', 0, RATE);
  if (state === undefined) return t.fail();
  state.excess = 2 ** 40;
  table.close();
  const limits = new RateLimits([huge]);
  t.is(limits.admit(['key'], 0), 0);
  t.is(limits.excess, 2 ** 40 + 1000);
});

test('a zone that is too small for a key has no room', (t) => {
  const memory = new TestMemory(wanted(ENTRY_BYTES));
  const limits = limitsOf(tableOf(memory, 0, ENTRY_BYTES));
  t.is(limits.admit(['k'.repeat(48)], 0), 0);
  t.is(limits.admit(['k'.repeat(49)], 0), NO_ROOM);
});

test('whoever does not get the lock says so, and does not wait a second time', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const limits = limitsOf(tableOf(memory, 0), 9);
  memory.lockFor(1);
  t.is(limits.admit(['key'], 0), LOCKED);
  const { pauses } = memory;
  t.true(pauses > 0);
  t.is(limits.admit(['key'], 0), LOCKED);
  t.is(memory.pauses, pauses);
  memory.unlock();
  t.is(limits.admit(['key'], 0), 0);
  memory.lockFor(1);
  t.is(limits.admit(['key'], 0), LOCKED);
  t.is(memory.pauses, 2 * pauses, 'it was given back meanwhile: patience is back, too');
});

test('a lock that is given back while somebody waits is had', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  memory.onPause = () => memory.unlock();
  memory.lockFor(1);
  t.is(limitsOf(tableOf(memory, 0)).admit(['key'], 0), 0);
  t.is(memory.pauses, 1);
});

test('a lock whose owner has gone is opened, and only that one', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  const limits = limitsOf(tableOf(memory, 0));
  const care = new SharedRateTable(ROOM, 'limit_req one', memory.whole);
  limits.admit(['key'], 0);
  memory.lockFor(1);
  care.left(2);
  t.is(limits.admit(['key'], 0), LOCKED);
  t.is(care.size, 1);
  care.left(1);
  t.is(limits.admit(['key'], 0), 0, 'what it was changing is not trusted');
});

test('a process that ends without the lock leaves what it has charged', (t) => {
  const memory = new TestMemory(wanted(ROOM));
  limitsOf(tableOf(memory, 0)).admit(['key'], 0);
  new SharedRateTable(ROOM, 'limit_req one', memory.whole).left(0);
  t.is(limitsOf(tableOf(memory, 1)).admit(['key'], 0), OVER_LIMIT);
});

test('nothing is left locked, whatever the outcome', (t) => {
  const [first, second] = [new TestMemory(wanted(ROOM)), new TestMemory(wanted(ROOM))];
  const tables = [
    new SharedRateTable(ROOM, 'limit_req b', first.seenBy(0)),
    new SharedRateTable(ROOM, 'limit_req a', second.seenBy(0)),
  ];
  const both = new RateLimits(
    tables.map((table) => ({ table, rate: RATE, burst: 0, delay: Infinity })),
  );
  const outcomes = [
    both.admit(['a', 'b'], 0),
    both.admit(['a', 'c'], 0),
    both.admit(['', 'b'], 0),
    both.admit(['', ''], 0),
  ];
  t.deepEqual(outcomes, [0, OVER_LIMIT, OVER_LIMIT, -2]);
  first.lockFor(3);
  t.is(both.admit(['a', 'b'], 2000), LOCKED);
  t.is(both.limit, 0);
  t.deepEqual([first.words[0], second.words[0]], [4, 0]);
});

test('it decides as a table of one process does', (t) => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'.repeat(60));
  const steps = fc.array(
    fc.record({
      key: keys,
      slot: fc.nat(2),
      passedMs: fc.constantFrom(0, 1, 300, 1_000, 30_000, 61_000),
    }),
    { maxLength: 80 },
  );
  const bytes = 6 * ENTRY_BYTES;
  fc.assert(
    fc.property(steps, (all) => {
      const memory = new TestMemory(wanted(bytes));
      const tables = [0, 1, 2].map((slot) => tableOf(memory, slot, bytes));
      const shared = tables.map((table) => limitsOf(table, 1));
      const own = new RateTable(bytes);
      const model = limitsOf(own, 1);
      let nowMs = 0;
      for (const { key, slot, passedMs } of all) {
        nowMs += passedMs;
        const limits = shared[slot] as RateLimits;
        t.is(limits.admit([key], nowMs), model.admit([key], nowMs));
        t.is(limits.excess, model.excess);
        t.is(tables[0]?.size, own.size);
      }
    }),
  );
});
