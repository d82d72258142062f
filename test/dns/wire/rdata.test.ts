import test from 'ava';
import { type RecordType, TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { wireName } from '../../support/dns-reply.ts';
import { ASKED, bytes, outcome, read, record } from './reply-message.ts';

const text = (...strings: string[]) =>
  Buffer.concat(strings.map((each) => Buffer.from(`${String.fromCharCode(each.length)}${each}`)));

/** The data of one record, or why the message was dropped. */
function decoded(type: RecordType, data: Uint8Array): unknown {
  const reply = read('www.example', type, { answers: [record(ASKED, TYPE[type], data)] });
  return reply.kind === 'answer' ? (reply as Answer).data[0] : outcome(reply);
}

const NUMBERS = bytes('00000001 00000002 00000003 00000004 fffffffe');
const SOA_NAMES = Buffer.concat([wireName('Ns.example'), bytes('05 612e622063 c010')]);

/** Type, data, and what it says; names behind pointers are those of the question. */
const GOOD: readonly [RecordType, Uint8Array, unknown][] = [
  ['A', bytes('c0000201'), '192.0.2.1'],
  ['AAAA', bytes('20010db8 00000000 00000000 00000001'), '2001:db8::1'],
  ['CNAME', bytes('01 41 c010'), 'A.example'],
  ['NS', ASKED, 'www.example'],
  ['PTR', bytes('00'), '.'],
  [
    'SRV',
    Buffer.concat([bytes('0001 ffff 0050'), wireName('x')]),
    { target: 'x', port: 80, priority: 1, weight: 65_535 },
  ],
  ['SRV', bytes('0001 0002 0003 c010'), { target: 'example', port: 3, priority: 1, weight: 2 }],
  ['TXT', text('a', '', 'b'), ['a', '', 'b']],
  ['TXT', bytes('02 c3bc'), ['ü']],
  ['TXT', bytes('02 c328'), ['\ufffd(']],
  ['TXT', bytes('00'), ['']],
  ['TXT', bytes(''), []],
  ['MX', bytes('000a c00c'), { priority: 10, exchange: 'www.example' }],
  ['MX', bytes('0000 00'), { priority: 0, exchange: '.' }],
  [
    'SOA',
    Buffer.concat([SOA_NAMES, NUMBERS]),
    {
      nsname: 'Ns.example',
      hostmaster: 'a\\.b\\032c.example',
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minttl: 0xffff_fffe,
    },
  ],
  [
    'CAA',
    Buffer.concat([bytes('80'), text('issue'), Buffer.from('ca.example; a=b')]),
    { critical: true, tag: 'issue', value: 'ca.example; a=b' },
  ],
  ['CAA', bytes('7f 01 61'), { critical: false, tag: 'a', value: '' }],
  [
    'NAPTR',
    Buffer.concat([bytes('0001 0002'), text('u', 'E2U+sip', '!^.*$!sip:a@b!'), bytes('00')]),
    {
      order: 1,
      preference: 2,
      flags: 'u',
      service: 'E2U+sip',
      regexp: '!^.*$!sip:a@b!',
      replacement: '.',
    },
  ],
];

for (const [index, [type, data, said]] of GOOD.entries()) {
  test(`a record ${type} says what its bytes say, number ${index + 1}`, (t) => {
    t.deepEqual(decoded(type, data), said);
  });

  // Of values and lists of strings, every other length may be right.
  if (type === 'CAA' || type === 'TXT') continue;
  test(`case 25: a record ${type} with a byte more or less is invalid, number ${index + 1}`, (t) => {
    t.is(decoded(type, Buffer.concat([data, bytes('00')])), 'parse');
    for (let length = 0; length < data.length; length += 1) {
      t.is(decoded(type, data.subarray(0, length)), 'parse', `${length} bytes`);
    }
  });
}

for (const [type, hex, what] of [
  ['SRV', '0001 0002 0003', 'SRV of 6 bytes'],
  ['SRV', '', 'SRV of 0 bytes'],
  ['MX', '000a', 'MX of 2 bytes'],
  ['MX', '00', 'MX of 1 byte'],
  ['TXT', '02 61', 'TXT whose string is longer than its record'],
  ['TXT', '01 61 ff', 'TXT whose second string is longer than its record'],
  ['CAA', '00', 'CAA without a tag'],
  ['CAA', '00 00 61', 'CAA with an empty tag'],
  ['CAA', '00 02 61', 'CAA whose tag is longer than its record'],
  ['NAPTR', '0001 0002 00 00 01 00', 'NAPTR whose regexp takes its name'],
  ['NAPTR', '0001 0002 ff', 'NAPTR whose flags are longer than its record'],
  ['SOA', 'c00c c00c 0000', 'SOA without its numbers'],
  ['PTR', '', 'PTR of 0 bytes'],
  ['NS', 'c0', 'NS of half a pointer'],
] as const) {
  test(`case 25: invalid: ${what}`, (t) => {
    t.is(decoded(type, bytes(hex)), 'parse');
  });
}

test('case 26: a name in data never takes bytes of the next record', (t) => {
  // Each name would end in the record behind.
  const cases: readonly [RecordType, string][] = [
    ['CNAME', '03 6161'],
    ['MX', '0001 0c 6161'],
    ['SRV', '0001 0002 0003 0c 6161'],
    ['SOA', '01 61 00 0c 6161'],
    ['NAPTR', '0001 0002 00 00 00 0c 6161'],
    ['SVCB', '0001 0c 6161'],
  ];
  for (const [type, hex] of cases) {
    const answers = [record(ASKED, TYPE[type], bytes(hex)), record('aaaa', 99, bytes('00000000'))];
    t.is(outcome(read('www.example', type, { answers })), 'parse', type);
  }
});

test('data of a type that is not asked for is not looked at', (t) => {
  const answers = Object.values(TYPE)
    .filter((type) => type !== TYPE.OPT && type !== TYPE.A && type !== TYPE.CNAME)
    .map((type) => record(ASKED, type, bytes('ff')));
  const good = record(ASKED, TYPE.A, bytes('c0000201'));
  const reply = read('www.example', 'A', { answers: [...answers, good] });
  t.deepEqual((reply as Answer).data, ['192.0.2.1']);
});

test('one malformed record of a set makes the message invalid', (t) => {
  const answers = [record(ASKED, 1, bytes('c0000201')), record(ASKED, 1, bytes('c00002'))];
  t.is(outcome(read('www.example', 'A', { answers })), 'parse');
});
