import test from 'ava';
import { Flight } from '../../../src/dns/records/flight.ts';
import { FlightTable } from '../../../src/dns/records/flight-table.ts';

function flight(table: FlightTable, name: string, type: number): Flight {
  return new Flight(name, type, table.hashOf(name, type), 0, 0, true);
}

test('flights are found by name and type, as many as there are, until they are removed', (t) => {
  const table = new FlightTable(1);
  const flights = Array.from({ length: 1_000 }, (_, i) => flight(table, `n${i >> 1}`, i & 1));
  for (const one of flights) table.add(one);
  t.is(table.size, 1_000);
  for (const one of flights) t.is(table.get(one.name, one.type, one.hash), one);
  for (const [i, one] of flights.entries()) if (i % 3 > 0) table.remove(one);
  table.remove(flights[1] as Flight);
  t.is(table.size, 334);
  for (const [i, one] of flights.entries()) {
    t.is(table.get(one.name, one.type, one.hash), i % 3 === 0 ? one : undefined);
  }
  t.is(table.takeAll().length, 334);
  t.is(table.size, 0);
});

test('two that share a hash are told apart', (t) => {
  const table = new FlightTable(1);
  const [a, b] = ['a', 'b'].map((name) => new Flight(name, 1, 5, 0, 0, true));
  table.add(a as Flight);
  table.add(b as Flight);
  t.is(table.get('a', 1, 5), a);
  t.is(table.get('b', 1, 5), b);
  t.is(table.get('a', 28, 5), undefined);
});

test('which names share a bucket depends on the seed', (t) => {
  const hashes = [1, 2].map((seed) => {
    const table = new FlightTable(seed);
    return Array.from({ length: 256 }, (_, i) => table.hashOf(`n${i}`, 1) & 63).join(' ');
  });
  t.not(hashes[0], hashes[1]);
});
