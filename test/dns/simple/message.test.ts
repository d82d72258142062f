import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { DnsError } from '../../../src/dns/simple/dns-error.ts';
import {
  CNAME_LINKS_MAX,
  decodeResponse,
  encodeQuery,
  isResponseTo,
  TTL_MS_MAX,
} from '../../../src/dns/simple/message.ts';
import { a, cname, type ReplyRecord, replyTo, wireName } from '../../support/dns-reply.ts';

const bytes = (...hex: string[]) => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');
const QUERY = encodeQuery(0x1234, 'www.example', 'A');
/** A pointer to the name of the question. */
const ASKED = Buffer.from([0xc0, 12]);
const END = QUERY.length;
const decode = (records: readonly ReplyRecord[], flags = 0x8180) =>
  decodeResponse(QUERY, replyTo(QUERY, records, { flags }));
/** `call` finds the message wrong at `offset`. */
function refused(t: ExecutionContext, call: () => unknown, offset: number): void {
  const error = t.throws(call, { instanceOf: DnsError, code: 'BAD_MESSAGE' });
  t.is(error?.offset, offset);
}

// Written by hand from RFC 1035 §4.1: no code of this repository has made them.
const HEADER = '1234 0100 0001 0000 0000 0000';
const QUESTION = '03 777777 07 6578616d706c65 00 0001 0001';

test('a query is a header, one question, and nothing else', (t) => {
  t.deepEqual(Buffer.from(QUERY), bytes(HEADER, QUESTION));
});

test('a query for IPv6 addresses asks for type 28', (t) => {
  const query = encodeQuery(0xffff, '.', 'AAAA');
  t.deepEqual(Buffer.from(query), bytes('ffff 0100 0001 0000 0000 0000 00 001c 0001'));
});

test('a response by hand: an alias, compressed, and two addresses', (t) => {
  const response = bytes(
    '1234 8180 0001 0003 0000 0000',
    QUESTION,
    // 29: www.example, CNAME, IN, 300 s, 4 bytes: "a" and then "example" from byte 16.
    'c00c 0005 0001 0000012c 0004 01 61 c010',
    // The alias lies at byte 41.
    'c029 0001 0001 0000003c 0004 c0000201',
    'c029 0001 0001 0000003d 0004 c0000202',
  );
  t.deepEqual(decodeResponse(QUERY, response), {
    addresses: ['192.0.2.1', '192.0.2.2'],
    ttlMs: 60_000,
  });
});

test('a response by hand: an IPv6 address, as RFC 5952 writes it', (t) => {
  const query = encodeQuery(1, 'www.example', 'AAAA');
  const response = bytes(
    '0001 8180 0001 0001 0000 0000 03 777777 07 6578616d706c65 00 001c 0001',
    'c00c 001c 0001 00000001 0010 20010db8 00000000 00000000 00000001',
  );
  t.deepEqual(decodeResponse(query, response), { addresses: ['2001:db8::1'], ttlMs: 1_000 });
});

test('the question may come back in other letters', (t) => {
  const response = replyTo(QUERY, [a('wWw.Example', '192.0.2.1')], {
    question: Buffer.concat([wireName('WWW.eXAMPLE'), bytes('0001 0001')]),
  });
  t.deepEqual(decodeResponse(QUERY, response).addresses, ['192.0.2.1']);
});

const strays: Readonly<Record<string, [Uint8Array, number]>> = {
  'another number': [replyTo(QUERY, [], { id: 0x1235 }), 0],
  'a query': [replyTo(QUERY, [], { flags: 0x0100 }), 2],
  'another opcode': [replyTo(QUERY, [], { flags: 0x8980 }), 2],
  'no question': [bytes('1234 8181 0000 0000 0000 0000'), 12],
  'a question that is not counted': [bytes('1234 8180 0000 0000 0000 0000', QUESTION), 4],
  'two questions': [bytes('1234 8180 0002 0000 0000 0000', QUESTION, QUESTION), 4],
  'another name': [
    replyTo(QUERY, [], { question: Buffer.concat([wireName('wwx.example'), bytes('00010001')]) }),
    15,
  ],
  'another type': [
    replyTo(QUERY, [], { question: Buffer.concat([wireName('www.example'), bytes('001c0001')]) }),
    END - 3,
  ],
  'another class': [
    replyTo(QUERY, [], { question: Buffer.concat([wireName('www.example'), bytes('00010003')]) }),
    END - 1,
  ],
};

for (const [what, [message, offset]] of Object.entries(strays)) {
  test(`a message is no response: ${what}`, (t) => {
    t.false(isResponseTo(QUERY, message));
    refused(t, () => decodeResponse(QUERY, message), offset);
  });
}

test('a message that is shorter than its question is no response', (t) => {
  const whole = replyTo(QUERY, []);
  for (let length = 0; length < whole.length; length += 1) {
    t.false(isResponseTo(QUERY, whole.subarray(0, length)));
    refused(t, () => decodeResponse(QUERY, whole.subarray(0, length)), length);
  }
  t.true(isResponseTo(QUERY, whole));
});

const RCODES = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'OTHER_RCODE',
  15: 'OTHER_RCODE',
} as const;

for (const [rcode, code] of Object.entries(RCODES)) {
  test(`response code ${rcode} is ${code}, whatever records come with it`, (t) => {
    const flags = 0x8180 | Number(rcode);
    t.throws(() => decode([a(ASKED, '192.0.2.1')], flags), { instanceOf: DnsError, code });
  });
}

test('of a truncated response nothing is used', (t) => {
  t.throws(() => decode([a(ASKED, '192.0.2.1')], 0x8380), { code: 'TRUNCATED' });
});

test('a name without addresses of the type is NODATA', (t) => {
  t.throws(() => decode([]), { instanceOf: DnsError, code: 'NODATA' });
  t.throws(() => decode([{ ...a(ASKED, '192.0.2.1'), type: 28 }]), { code: 'NODATA' });
  t.throws(() => decode([cname(ASKED, 'other.example')]), { code: 'NODATA' });
});

test('records of another name, class or type are not looked at', (t) => {
  const records = [
    a('other.example', '192.0.2.66'),
    { ...a(ASKED, '192.0.2.67'), classCode: 3 },
    { ...a(ASKED, '192.0.2.68'), type: 16 },
    { ...a('other.example', '192.0.2.69'), data: bytes('00') },
    a(ASKED, '192.0.2.1'),
  ];
  t.deepEqual(decode(records).addresses, ['192.0.2.1']);
});

test('sections behind the answers are not looked at', (t) => {
  const message = replyTo(QUERY, [a(ASKED, '192.0.2.1'), a(ASKED, '192.0.2.66')], {
    answerCount: 1,
  });
  t.deepEqual(decodeResponse(QUERY, message).addresses, ['192.0.2.1']);
});

test('an address that is given twice counts once, and order is kept', (t) => {
  const given = ['192.0.2.2', '192.0.2.1', '192.0.2.2'];
  const { addresses } = decode(given.map((address) => a(ASKED, address)));
  t.deepEqual(addresses, ['192.0.2.2', '192.0.2.1']);
});

test('the records of a chain may stand in any order', (t) => {
  const chain = [a('c', '192.0.2.1'), cname('b', 'c'), cname(ASKED, 'b')];
  t.deepEqual(decode(chain).addresses, ['192.0.2.1']);
  t.deepEqual(decode(chain.toReversed()).addresses, ['192.0.2.1']);
});

test('the TTL is the least of the chain and its addresses', (t) => {
  const ttlOf = (...[alias, first, second]: [number, number, number]) =>
    decode([cname(ASKED, 'b', alias), a('b', '192.0.2.1', first), a('b', '192.0.2.2', second)])
      .ttlMs;
  t.is(ttlOf(1, 2, 3), 1_000);
  t.is(ttlOf(2, 1, 3), 1_000);
  t.is(ttlOf(3, 2, 1), 1_000);
  t.is(ttlOf(0, 2, 1), 0);
});

test('a TTL is at most a day, and 0 with its top bit set', (t) => {
  const ttlOf = (ttl: number) => decode([a(ASKED, '192.0.2.1', ttl)]).ttlMs;
  t.is(ttlOf(86_400), TTL_MS_MAX);
  t.is(ttlOf(86_401), TTL_MS_MAX);
  t.is(ttlOf(0x7fff_ffff), TTL_MS_MAX);
  t.is(ttlOf(0x8000_0000), 0);
  t.is(ttlOf(0xffff_ffff), 0);
});

test('8 aliases in a row are followed, and not one more', (t) => {
  const chain = (links: number) => [
    ...Array.from({ length: links }, (_, i) => cname(i === 0 ? ASKED : `n${i}`, `n${i + 1}`)),
    a(`n${links}`, '192.0.2.1'),
  ];
  t.deepEqual(decode(chain(CNAME_LINKS_MAX)).addresses, ['192.0.2.1']);
  t.throws(() => decode(chain(CNAME_LINKS_MAX + 1)), { code: 'BAD_MESSAGE' });
});

test('aliases in a circle are refused', (t) => {
  t.throws(() => decode([cname(ASKED, 'www.example')]), { code: 'BAD_MESSAGE' });
  t.throws(() => decode([cname(ASKED, 'b'), cname('b', ASKED)]), { code: 'BAD_MESSAGE' });
});

test('two different aliases of one name are refused, the same one twice is not', (t) => {
  const address = a('b', '192.0.2.1');
  t.deepEqual(decode([cname(ASKED, 'b'), cname(ASKED, 'B'), address]).addresses, ['192.0.2.1']);
  t.throws(() => decode([cname(ASKED, 'b'), cname(ASKED, 'c'), address]), { code: 'BAD_MESSAGE' });
});

test('an alias that does not fill its data, or leaves it, is refused', (t) => {
  const address = a('b', '192.0.2.1');
  const target = wireName('b');
  const longer = Buffer.concat([target, bytes('00')]);
  refused(t, () => decode([cname(ASKED, longer), address]), END + 12);
  refused(t, () => decode([cname(ASKED, target.subarray(0, 2)), address]), END + 12);
  refused(t, () => decode([cname(ASKED, bytes('')), address]), END + 12);
});

test('an alias whose pointer makes it too long is refused, though nobody has that name', (t) => {
  const long = wireName(Array(3).fill('x'.repeat(63)).join('.'));
  const target = (bytes: number) =>
    Buffer.concat([wireName('y'.repeat(bytes)).subarray(0, -1), Buffer.from([0xc0, END])]);
  const other = a(long, '192.0.2.1');
  t.throws(() => decode([other, cname(ASKED, target(61))]), { code: 'NODATA' });
  const error = t.throws(() => decode([other, cname(ASKED, target(62))]), { code: 'BAD_MESSAGE' });
  t.regex(error.message, /over 255 bytes/);
});

for (const length of [0, 3, 5]) {
  test(`an IPv4 address of ${length} bytes is refused`, (t) => {
    const record = { ...a(ASKED, '192.0.2.1'), data: new Uint8Array(length) };
    refused(t, () => decode([record]), END + 10);
  });
}

for (const length of [15, 17]) {
  test(`an IPv6 address of ${length} bytes is refused`, (t) => {
    const query = encodeQuery(1, 'www.example', 'AAAA');
    const record = { owner: ASKED, type: 28, ttl: 1, data: new Uint8Array(length) };
    refused(t, () => decodeResponse(query, replyTo(query, [record])), END + 10);
  });
}

test('more answers than there are bytes are refused where the bytes end', (t) => {
  refused(t, () => decodeResponse(QUERY, replyTo(QUERY, [], { answerCount: 65_535 })), END);
});

test('a record that is cut anywhere is refused', (t) => {
  const whole = replyTo(QUERY, [a('www.example', '192.0.2.1')]);
  for (let length = END; length < whole.length; length += 1) {
    t.throws(() => decodeResponse(QUERY, whole.subarray(0, length)), { code: 'BAD_MESSAGE' });
  }
});

test('an owner whose labels hold a dot, or a NUL, is another name', (t) => {
  const dotted = Buffer.from('\x0bwww.example\0', 'latin1');
  t.throws(() => decode([a(dotted, '192.0.2.1')]), { code: 'NODATA' });
  const padded = Buffer.from('\x04www\0\x07example\0', 'latin1');
  t.throws(() => decode([a(padded, '192.0.2.1')]), { code: 'NODATA' });
});

test('names that cost more than four looks at the largest message are refused', (t) => {
  const label = (last: string) => `\x3f${'a'.repeat(62)}${last}`;
  const long = encodeQuery(1, Array(3).fill('a'.repeat(63)).join('.'), 'A');
  // All owners are one name that differs from the question in its last byte.
  const other = Buffer.from(`${label('a')}${label('a')}${label('b')}\0`, 'latin1');
  const pointer = Buffer.from([0xc0, long.length]);
  const message = (records: number) =>
    replyTo(long, [a(other, '192.0.2.1'), ...Array(records).fill(a(pointer, '192.0.2.1'))]);
  t.throws(() => decodeResponse(long, message(1_000)), { code: 'NODATA' });
  t.throws(() => decodeResponse(long, message(2_000)), { message: /cost too much/ });
});

const ipv4 = fc.ipV4();
const ttl = fc.nat(100_000);
const host = fc.stringMatching(/^[a-z]{1,8}(?:\.[a-z]{1,8}){0,3}$/);

test('what a server says comes out as it was said', (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(host, { minLength: 1, maxLength: CNAME_LINKS_MAX + 1 }),
      fc.uniqueArray(fc.tuple(ipv4, ttl), { minLength: 1, maxLength: 20, selector: ([ip]) => ip }),
      fc.nat(0xffff),
      ttl,
      (names, given, id, aliasTtl) => {
        const query = encodeQuery(id, names[0] as string, 'A');
        const aliases = names.slice(1).map((name, i) => cname(names[i] as string, name, aliasTtl));
        const own = given.map(([ip, seconds]) => a(names.at(-1) as string, ip, seconds));
        const answer = decodeResponse(query, replyTo(query, [...aliases, ...own]));
        const ttls = [...aliases, ...own].map((record) => record.ttl * 1000);
        t.deepEqual(answer, {
          addresses: given.map(([ip]) => ip),
          ttlMs: Math.min(TTL_MS_MAX, ...ttls),
        });
      },
    ),
  );
});

test('a response that was tampered with is an answer or a DnsError', (t) => {
  const pointers = [Buffer.from([0xc0, 16]), Buffer.from('\x01b\xc0\x10', 'latin1')] as const;
  const valid = replyTo(QUERY, [
    cname(ASKED, pointers[1]),
    a(Buffer.from([0xc0, END + 12]), '192.0.2.1'),
    a(pointers[0], '192.0.2.2'),
    a(Buffer.from([0xc0, END + 12]), '192.0.2.3'),
  ]);
  t.deepEqual(decodeResponse(QUERY, valid).addresses, ['192.0.2.1', '192.0.2.3']);
  // Behind the question: in front of it nearly every change makes a stray, which is tested above.
  const at = fc.integer({ min: END, max: valid.length - 1 });
  const change = fc.record({ at, byte: fc.nat(255), cut: fc.boolean(), insert: fc.boolean() });
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let message = Buffer.from(valid);
      for (const { at, byte, cut, insert } of changes) {
        const rest = message.subarray(at + (insert ? 0 : 1));
        const parts = [message.subarray(0, at), Buffer.from([byte]), rest];
        message = Buffer.concat(cut && byte < 16 ? parts.slice(0, 2) : parts);
      }
      try {
        const { addresses, ttlMs } = decodeResponse(QUERY, message);
        seen.add('answer');
        return addresses.length > 0 && ttlMs >= 0 && ttlMs <= TTL_MS_MAX;
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        seen.add(error.code);
        return error.code !== 'BAD_MESSAGE' || (error.offset ?? -1) <= message.length;
      }
    }),
    { numRuns: 5_000 },
  );
  t.deepEqual([...seen].sort(), ['BAD_MESSAGE', 'NODATA', 'answer']);
});
