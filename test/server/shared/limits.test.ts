import test from 'ava';
import { ConnectionTable } from '../../../src/server/shared/connection-table.ts';
import {
  excessText,
  NO_ROOM,
  NOT_LIMITED,
  OVER_LIMIT,
  RateLimits,
} from '../../../src/server/shared/rate-limits.ts';
import { RateTable } from '../../../src/server/shared/rate-table.ts';
import { SharedConnectionTable } from '../../../src/server/shared/shared-connection-table.ts';
import { SharedRateTable } from '../../../src/server/shared/shared-rate-table.ts';
import { SharedSessionTable } from '../../../src/server/shared/shared-session-table.ts';
import { Zones } from '../../../src/server/shared/zones.ts';

const ROOM = 32 * 1024;
/** One request per second. */
const RATE = 1000;

function limits(burst: number, delay: number, table: RateTable = new RateTable(ROOM)): RateLimits {
  return new RateLimits([{ table, rate: RATE, burst: burst * 1000, delay: delay * 1000 }]);
}

test('a bucket takes its burst and no more, and leaks at its rate', (t) => {
  const limit = limits(2, Number.POSITIVE_INFINITY);
  const admitted = [0, 0, 0, 0].map((nowMs) => limit.admit(['key'], nowMs));
  t.deepEqual(admitted, [0, 0, 0, OVER_LIMIT]);
  t.is(excessText(limit.excess), '3.000');
  t.is(limit.admit(['key'], 999), OVER_LIMIT);
  t.is(limit.admit(['key'], 1000), 0);
  t.is(limit.admit(['another'], 1000), 0);
});

test('requests over the rate wait until it is their turn', (t) => {
  const limit = limits(5, 1);
  t.deepEqual(
    [0, 0, 0, 500].map((nowMs) => limit.admit(['key'], nowMs)),
    [0, 0, 1000, 1500],
  );
});

test('an empty key is not limited', (t) => {
  t.is(limits(0, 0).admit([''], 0), NOT_LIMITED);
});

test('a request is charged to all of its limits, or to none', (t) => {
  const wide = new RateTable(ROOM);
  const narrow = new RateTable(ROOM);
  const both = new RateLimits([
    { table: wide, rate: RATE, burst: 10_000, delay: Number.POSITIVE_INFINITY },
    { table: narrow, rate: RATE, burst: 0, delay: 0 },
  ]);
  t.is(both.admit(['a', 'b'], 0), 0);
  t.is(both.admit(['a', 'b'], 0), OVER_LIMIT);
  t.is(both.limit, 1);
  t.is(wide.get('a')?.excess, 0, 'the second request was charged to nobody');
  t.is(wide.get('a')?.holds, 0);
  t.is(both.admit(['a', 'b'], 1000), 0);
  t.is(both.admit(['a', ''], 1000), 0, 'the limit without a key is left out');
  t.is(wide.get('a')?.excess, 1000);
});

test('the longest wait of several limits counts', (t) => {
  const both = new RateLimits([
    { table: new RateTable(ROOM), rate: 500, burst: 9000, delay: 0 },
    { table: new RateTable(ROOM), rate: 1000, burst: 9000, delay: 0 },
  ]);
  both.admit(['a', 'b'], 0);
  t.is(both.admit(['a', 'b'], 0), 2000);
  t.is(both.limit, 0);
});

test('a full table forgets what was used least recently', (t) => {
  const table = new RateTable(ROOM);
  const entries = ROOM / 128;
  const limit = limits(0, 0, table);
  for (let number = 0; number < entries; number += 1) limit.admit([`key ${number}`], 0);
  t.is(table.size, entries);
  t.is(limit.admit(['key 0'], 0), OVER_LIMIT, 'it is known, and now the newest');
  limit.admit(['one more'], 0);
  t.is(table.size, entries);
  t.is(limit.admit(['key 0'], 0), OVER_LIMIT);
  t.is(limit.admit(['key 1'], 0), 0, 'it was forgotten');
});

test('what nothing is left of goes after a minute, two at a time', (t) => {
  const table = new RateTable(ROOM);
  const limit = limits(0, 0, table);
  for (const key of ['a', 'b', 'c']) limit.admit([key], 0);
  limit.admit(['d'], 59_999);
  t.is(table.size, 4);
  limit.admit(['e'], 60_000);
  t.is(table.size, 3);
});

test('a table that is too small for its key refuses it', (t) => {
  const limit = limits(0, 0, new RateTable(100));
  t.is(limit.admit(['key'], 0), NO_ROOM);
});

test('as many are let in as may be, and others when these are gone', (t) => {
  const table = new ConnectionTable(ROOM);
  const first = table.enter('key', 2);
  const second = table.enter('key', 2);
  t.is(table.enter('key', 2), 'limited');
  t.is(table.enter('key', 1), 'limited');
  if (typeof first === 'string' || typeof second === 'string') return t.fail();
  first.release();
  t.not(table.enter('key', 2), 'limited');
  t.is(table.size, 1);
  second.release();
  second.release();
  t.is(table.size, 0);
});

test('a full table of connections takes no new key until one is gone', (t) => {
  const table = new ConnectionTable(ROOM);
  const counts = Array.from({ length: ROOM / 64 }, (_, number) => table.enter(`key ${number}`, 1));
  t.false(counts.some((count) => typeof count === 'string'));
  t.is(table.enter('one more', 1), 'full');
  t.is(table.enter('key 1', 1), 'limited');
  const [first] = counts;
  if (typeof first === 'object') first.release();
  t.is(typeof table.enter('one more', 1), 'object');
});

test('a zone is taken over where its name and size are the same', (t) => {
  const old = new Zones();
  const rates = old.rates('one', ROOM, '$a');
  const counts = old.connections('one', ROOM, '$a');
  t.is(old.rates('one', ROOM, '$a'), rates, 'servers of a process share it');
  const next = new Zones(old);
  t.is(next.rates('one', ROOM, '$a'), rates);
  t.is(next.connections('one', ROOM, '$a'), counts);
  t.not(next.rates('two', ROOM, '$a'), rates);
  t.not(new Zones(old).rates('one', 2 * ROOM, '$a'), rates);
  t.not(new Zones(new Zones(old)).rates('one', ROOM, '$a'), rates, 'it was not used in between');
});

test('a zone whose key has changed is refused', (t) => {
  const old = new Zones();
  old.rates('one', ROOM, '$a');
  t.throws(() => new Zones(old).rates('one', ROOM, '$b'), {
    message: 'limit_req "one" uses the "$b" key while previously it used the "$a" key',
  });
});

test('zones say what of them processes can share', (t) => {
  const zones = new Zones();
  zones.rates('one', ROOM, '$a');
  zones.connections('one', ROOM, '$b');
  zones.sessions('two', ROOM);
  t.is(zones.counters(), undefined);
  t.is(zones.peers('http', 'three'), undefined);
  t.deepEqual(
    zones.wanted.map(({ id, kind, key }) => [id, kind, key]),
    [
      ['limit_req one', 'limit_req', '$a'],
      ['limit_conn_zone one', 'limit_conn_zone', '$b'],
      ['sticky two', 'sticky', ''],
      ['connections http', 'connections', ''],
      ['upstream http three', 'upstream', ''],
    ],
  );
});

test('zones whose memory others have, too, are shared', (t) => {
  const memory = {
    buffer: new SharedArrayBuffer(2 ** 21),
    slots: 8,
    slot: 0,
    originMs: 0,
    pause: () => {},
  };
  const zones = new Zones(undefined, { zone: () => memory });
  t.true(zones.rates('one', ROOM, '$a') instanceof SharedRateTable);
  t.true(zones.connections('one', ROOM, '$a') instanceof SharedConnectionTable);
  t.true(zones.sessions('two', ROOM) instanceof SharedSessionTable);
  t.truthy(zones.counters());
  t.is(zones.peers('http', 'u'), zones.peers('http', 'u'));
  t.not(zones.peers('http', 'u'), zones.peers('stream', 'u'));
});
