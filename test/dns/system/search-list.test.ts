import test from 'ava';
import { searchCandidates } from '../../../src/dns/system/search-list.ts';

const SEARCH = ['a.example', 'b.example'];

const ROWS: readonly [title: string, name: string, ndots: number, candidates: readonly string[]][] =
  [
    [
      'a name of fewer dots is tried as it is last',
      'www',
      1,
      ['www.a.example', 'www.b.example', 'www'],
    ],
    [
      'a name of enough dots is tried as it is first',
      'www.x',
      1,
      ['www.x', 'www.x.a.example', 'www.x.b.example'],
    ],
    [
      'more dots than enough change nothing',
      'a.b.c',
      1,
      ['a.b.c', 'a.b.c.a.example', 'a.b.c.b.example'],
    ],
    ['a final dot ends the search before it begins', 'www.', 1, ['www']],
    ['a final dot beats ndots', 'a.b.', 15, ['a.b']],
    [
      'case 49: with ndots 0 every name is tried as it is first',
      'www',
      0,
      ['www', 'www.a.example', 'www.b.example'],
    ],
    [
      'case 49: with ndots 15, a name of 14 dots is tried as it is last',
      '0.1.2.3.4.5.6.7.8.9.0.1.2.3.n',
      15,
      [
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.n.a.example',
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.n.b.example',
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.n',
      ],
    ],
    [
      'case 49: ndots 999 counts as 15',
      '0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.n',
      999,
      [
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.n',
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.n.a.example',
        '0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.n.b.example',
      ],
    ],
    ['ndots below 0 counts as 0', 'www', -1, ['www', 'www.a.example', 'www.b.example']],
  ];

for (const [title, name, ndots, candidates] of ROWS) {
  test(title, (t) => {
    t.deepEqual(searchCandidates(name, SEARCH, ndots), candidates);
  });
}

test('without a search list a name is its only candidate', (t) => {
  t.deepEqual(searchCandidates('www', [], 1), ['www']);
  t.deepEqual(searchCandidates('www.x', [], 1), ['www.x']);
});

test('the root and what comes twice are not searched', (t) => {
  const search = ['.', '', 'a.example.', 'a.example'];
  t.deepEqual(searchCandidates('www', search, 1), ['www.a.example', 'www']);
});

test('a candidate is 253 characters long at most, but the name is always tried', (t) => {
  const name = 'n'.repeat(253 - '.a.example'.length);
  t.deepEqual(searchCandidates(name, ['a.example'], 1), [`${name}.a.example`, name]);
  t.deepEqual(searchCandidates(`${name}n`, ['a.example'], 1), [`${name}n`]);
  t.deepEqual(searchCandidates('n'.repeat(300), ['a.example'], 1), ['n'.repeat(300)]);
});
