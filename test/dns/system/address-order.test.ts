import test from 'ava';
import { orderAddresses, traitsOf } from '../../../src/dns/system/address-order.ts';

type Row = readonly [
  title: string,
  destinations: Readonly<Record<string, string | null | undefined>>,
  order: readonly string[],
];

/** Destinations in the order in which they came, with the source of each; RFC 6724 §10.2 and more. */
const ROWS: readonly Row[] = [
  [
    'rule 1: no way',
    { '2001:db8:1::1': null, '198.51.100.121': '198.51.100.117' },
    ['198.51.100.121', '2001:db8:1::1'],
  ],
  [
    'rule 1: no way to either keeps the others',
    { '2001:db8:1::1': null, '192.0.2.1': null },
    ['2001:db8:1::1', '192.0.2.1'],
  ],
  [
    'rule 2: matching scope',
    { '2001:db8:1::1': 'fe80::1', '198.51.100.121': '198.51.100.117' },
    ['198.51.100.121', '2001:db8:1::1'],
  ],
  [
    'rule 2: a link-local IPv4 source does not fit',
    {
      '198.51.100.121': '169.254.13.78',
      '2001:db8:1::1': '2001:db8:1::2',
    },
    ['2001:db8:1::1', '198.51.100.121'],
  ],
  [
    'rule 5: matching label',
    {
      '2002:c633:6401::1': '2001:db8:1::2',
      '2001:db8:1::1': '2001:db8:1::2',
    },
    ['2001:db8:1::1', '2002:c633:6401::1'],
  ],
  [
    'rule 5: a 6to4 source does not fit a global address',
    {
      '2001:db8:1::1': '2002:c633:6401::2',
      '192.0.2.1': '192.0.2.9',
    },
    ['192.0.2.1', '2001:db8:1::1'],
  ],
  [
    'rule 5: from a ULA alone, IPv4 is better than a global address',
    {
      '2001:db8:1::1': 'fd00::2',
      '192.0.2.1': '10.0.0.2',
    },
    ['192.0.2.1', '2001:db8:1::1'],
  ],
  [
    'rule 6: IPv6 before IPv4',
    { '10.1.2.3': '10.1.2.4', '2001:db8:1::1': '2001:db8:1::2' },
    ['2001:db8:1::1', '10.1.2.3'],
  ],
  ['rule 6: loopback', { '127.0.0.1': '127.0.0.1', '::1': '::1' }, ['::1', '127.0.0.1']],
  [
    'rule 6: a native address before 6to4',
    {
      '2002:c633:6401::1': '2002:c633:6401::2',
      '2001:db8:1::1': '2001:db8:1::2',
    },
    ['2001:db8:1::1', '2002:c633:6401::1'],
  ],
  [
    'rule 8: smaller scope',
    { '2001:db8:1::1': '2001:db8:1::2', 'fe80::1%e': 'fe80::2%e' },
    ['fe80::1%e', '2001:db8:1::1'],
  ],
  [
    'rule 9: longest prefix',
    {
      '2001:db8:3ffe::1': '2001:db8:1::2',
      '2001:db8:1::1': '2001:db8:1::2',
    },
    ['2001:db8:1::1', '2001:db8:3ffe::1'],
  ],
  [
    'rule 9: nothing counts beyond 64 bits',
    {
      '2001:db8:1::ffff': '2001:db8:1::2',
      '2001:db8:1::3': '2001:db8:1::2',
    },
    ['2001:db8:1::ffff', '2001:db8:1::3'],
  ],
  [
    'rule 9: not for IPv4',
    { '192.0.2.1': '10.0.0.2', '10.0.0.1': '10.0.0.2' },
    ['192.0.2.1', '10.0.0.1'],
  ],
  [
    'rule 10: otherwise unchanged',
    { '192.0.2.3': '10.0.0.2', '192.0.2.1': '10.0.0.2' },
    ['192.0.2.3', '192.0.2.1'],
  ],
  [
    'unknown sources: precedence alone',
    { '192.0.2.3': undefined, '2001:db8::1': undefined },
    ['2001:db8::1', '192.0.2.3'],
  ],
];

for (const [title, destinations, order] of ROWS) {
  test(`addresses are ordered by ${title}`, (t) => {
    const addresses = Object.keys(destinations);
    t.deepEqual(
      orderAddresses(addresses, (address) => destinations[address]),
      order,
    );
    t.deepEqual(
      orderAddresses(order, (address) => destinations[address]),
      order,
      'stable',
    );
    t.deepEqual(addresses, Object.keys(destinations), 'what was given is not changed');
  });
}

test('the policy table of RFC 6724 §2.1 is the default one', (t) => {
  const rows: readonly [string, number, number][] = [
    ['::1', 50, 0],
    ['2001:db8::1', 40, 1],
    ['192.0.2.1', 35, 4],
    ['::ffff:192.0.2.1', 35, 4],
    ['2002::1', 30, 2],
    ['2001::1', 5, 5],
    ['fd00::1', 3, 13],
    ['::192.0.2.1', 1, 3],
    ['fec0::1', 1, 11],
    ['3ffe::1', 1, 12],
  ];
  for (const [address, precedence, label] of rows) {
    const traits = traitsOf(address);
    t.deepEqual([traits.precedence, traits.label], [precedence, label], address);
  }
});
