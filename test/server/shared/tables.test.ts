import test from 'ava';
import { MapTable } from '../../../src/server/shared/map-table.ts';
import { murmur2 } from '../../../src/server/shared/murmur2.ts';
import { SplitTable } from '../../../src/server/shared/split-table.ts';

test('a map compares texts without regard to case, then asks regular expressions in order', (t) => {
  const map = new MapTable<number>([
    ['Plain', 1],
    [/^p(.)/, 2],
    [/n$/, 3],
    ['', 4],
  ]);
  t.is(map.find('pLAIN')?.value, 1);
  t.is(map.find('pq')?.value, 2);
  t.is(map.find('pq')?.captures?.[1], 'q');
  t.is(map.find('man')?.value, 3);
  t.is(map.find('')?.value, 4);
  t.is(map.find('other'), undefined);
});

test('names have masks: the exact one, the longest in front, the longest behind', (t) => {
  const map = new MapTable<string>(
    [
      ['www.example.org', 'exact'],
      ['*.example.org', 'star'],
      ['*.deep.example.org', 'deeper'],
      ['.dot.org', 'dot'],
      ['www.example.*', 'behind'],
      ['www.example.co.*', 'longer behind'],
    ],
    true,
  );
  const found = (name: string) => map.find(name)?.value;
  t.is(found('www.example.org.'), 'exact', 'the dot of the root does not count');
  t.is(found('a.example.org'), 'star');
  t.is(found('a.b.example.org'), 'star');
  t.is(found('a.deep.example.org'), 'deeper');
  t.is(found('example.org'), undefined);
  t.is(found('dot.org'), 'dot');
  t.is(found('a.dot.org'), 'dot');
  t.is(found('www.example.net'), 'behind');
  t.is(found('www.example.co.uk'), 'longer behind');
  t.is(found('www.example.'), undefined);
});

test('a key that is there twice, or that is no name, is refused', (t) => {
  t.throws(
    () =>
      new MapTable([
        ['a', 1],
        ['A', 2],
      ]),
    { message: /conflicting parameter "A"/ },
  );
  for (const name of ['*', 'a.*.b', '*a.b', 'a..b']) {
    t.throws(() => new MapTable([[name, 1]], true), { message: /invalid hostname/ }, name);
  }
});

test('the hash is MurmurHash2', (t) => {
  t.is(murmur2(''), 0);
  // Of the reference implementation, with seed 0.
  t.deepEqual(
    ['a', 'ab', 'abc', 'abcd', 'hello world'].map(murmur2),
    [2_456_313_694, 446_775_395, 324_500_635, 646_393_889, 1_151_865_881],
  );
});

test('shares are parts of all hashes, and the rest gets what is left', (t) => {
  const table = new SplitTable([
    { share: 5000, value: 'half' },
    { share: 1, value: 'little' },
    { share: 'rest', value: 'rest' },
  ]);
  const counts = new Map<string | undefined, number>();
  for (let number = 0; number < 10_000; number += 1) {
    const value = table.find(`key ${number}`);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const half = counts.get('half') ?? 0;
  t.true(half > 4800 && half < 5200, String(half));
  t.is(half + (counts.get('little') ?? 0) + (counts.get('rest') ?? 0), 10_000);
  t.is(new SplitTable([{ share: 1, value: 'x' }]).find('key 1'), undefined);
});

test('shares of more than the whole are refused', (t) => {
  const shares = [
    { share: 5000, value: 'a' },
    { share: 5001, value: 'b' },
  ];
  t.throws(() => new SplitTable(shares), { message: /greater than 100%/ });
  t.notThrows(() => new SplitTable([shares[0] as (typeof shares)[0], { share: 5000, value: 'b' }]));
});
