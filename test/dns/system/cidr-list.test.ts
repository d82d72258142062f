import test from 'ava';
import { answerGuard, parseCidrs, RANGES_MAX } from '../../../src/dns/system/cidr-list.ts';

const ROWS: readonly [range: string, inside: readonly string[], outside: readonly string[]][] = [
  [
    '10.0.0.0/8',
    ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'],
    ['9.255.255.255', '11.0.0.0', '::a00:1'],
  ],
  ['10.1.2.3/8', ['10.9.9.9'], ['11.0.0.0']],
  ['192.0.2.1', ['192.0.2.1', '::ffff:c000:201'], ['192.0.2.0', '192.0.2.2']],
  ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
  ['192.0.2.6/31', ['192.0.2.6', '192.0.2.7'], ['192.0.2.5', '192.0.2.8']],
  ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.1.1.1'], ['::', '2001:db8::1']],
  ['fc00::/7', ['fc00::', 'fdff::1', 'fd00::1%eth0'], ['fbff::1', 'fe00::1']],
  ['::1', ['::1', '0:0::1'], ['::2', '0.0.0.1', '127.0.0.1']],
  ['::/0', ['::', '2001:db8::1'], ['127.0.0.1', '::ffff:127.0.0.1']],
  ['::ffff:10.0.0.0/104', ['10.9.9.9', '::ffff:10.9.9.9'], ['11.0.0.0']],
  ['::ffff:10.0.0.1', ['10.0.0.1'], ['10.0.0.2']],
];

for (const [range, inside, outside] of ROWS) {
  test(`the range ${range} has its addresses and no others`, (t) => {
    const list = parseCidrs([range]);
    t.deepEqual(
      inside.filter((address) => !list.has(address)),
      [],
    );
    t.deepEqual(
      outside.filter((address) => list.has(address)),
      [],
    );
  });
}

test('what is no address is in no range', (t) => {
  const list = parseCidrs(['0.0.0.0/0', '::/0']);
  t.deepEqual(
    ['', 'a.example', '10.0.0', '10.0.0.0/8'].filter((text) => list.has(text)),
    [],
  );
});

test('what is no range is refused, and the option is named', (t) => {
  const odd = [
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10/8',
    'a.example',
    'fe80::%e/10',
    '10.0.0.0/-1',
    '1.1.1.1/8/8',
  ];
  for (const text of odd) {
    const error = t.throws(
      () => parseCidrs([text], 'denyAnswers'),
      { instanceOf: TypeError },
      text,
    );
    t.true(error.message.startsWith(`denyAnswers: ${JSON.stringify(text)} is no range`));
  }
});

test('a list has ranges up to the bound', (t) => {
  const ranges = new Array<string>(RANGES_MAX).fill('10.0.0.0/8');
  t.true(parseCidrs(ranges).has('10.0.0.1'));
  t.throws(() => parseCidrs([...ranges, '::1']), { message: 'ranges: at most 1024 ranges' });
});

test('case 17: answers in denied ranges do not come, but for those that are allowed', (t) => {
  const may = answerGuard(['10.0.0.0/8', '::1'], ['10.9.0.0/16']);
  t.deepEqual(
    ['10.1.1.1', '10.9.1.1', '192.0.2.1', '::1', '::2', '::ffff:10.1.1.1'].filter((one) =>
      may?.(one),
    ),
    ['10.9.1.1', '192.0.2.1', '::2'],
  );
  t.is(answerGuard([], ['10.9.0.0/16']), undefined, 'nothing is denied');
  t.throws(() => answerGuard([], ['nonsense']), { message: /^allowAnswers: "nonsense"/ });
});
