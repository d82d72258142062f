import test from 'ava';
import { encodeQuery, reletter } from '../../../src/dns/wire/query.ts';
import { isBareFormerr, readReply, strayReason } from '../../../src/dns/wire/read-reply.ts';
import { a, replyTo, wireName } from '../../support/dns-reply.ts';
import { ASKED, bytes, outcome, queryFor, responseTo } from './reply-message.ts';

const QUERY = queryFor('www.example', 'A');
const PLAIN = { exactCase: false, hadOpt: false };
const EXACT = { exactCase: true, hadOpt: false };
const question = (name: string, rest: string) => Buffer.concat([wireName(name), bytes(rest)]);

const STRAYS: Readonly<Record<string, Uint8Array>> = {
  'another name': replyTo(QUERY, [], { question: question('wwx.example', '0001 0001') }),
  'a longer name': replyTo(QUERY, [], { question: question('www.example.a', '0001 0001') }),
  'another type': replyTo(QUERY, [], { question: question('www.example', '001c 0001') }),
  'another class': replyTo(QUERY, [], { question: question('www.example', '0001 0003') }),
  'QDCOUNT 0, and no question': bytes('0000 8180 0000 0000 0000 0000'),
  'QDCOUNT 0, and a question': Buffer.concat([
    bytes('0000 8180 0000 0000 0000 0000'),
    QUERY.subarray(12),
  ]),
  'QDCOUNT 2': Buffer.concat([
    bytes('0000 8180 0002 0000 0000 0000'),
    QUERY.subarray(12),
    QUERY.subarray(12),
  ]),
  'QDCOUNT 257': Buffer.concat([bytes('0000 8180 0101 0000 0000 0000'), QUERY.subarray(12)]),
};

for (const [what, message] of Object.entries(STRAYS)) {
  test(`case 3: a question that was not asked is dropped: ${what}`, (t) => {
    t.deepEqual(readReply(QUERY, message, PLAIN), { kind: 'drop', reason: 'question' });
    t.is(strayReason(QUERY, message, false), 'question');
  });
}

test('case 3: type and class are compared as numbers, not as letters', (t) => {
  // HTTPS is 65, the letter A; 97 is a small one.
  const query = queryFor('www.example', 'HTTPS');
  const message = responseTo(query, { question: question('www.example', '0061 0001') });
  t.is(strayReason(query, message, false), 'question');
});

test('case 3: bytes that differ as two cases of a letter do, and are none, are another name', (t) => {
  for (const [asked, other] of [
    [0x40, 0x60],
    [0x5b, 0x7b],
    [0xc1, 0xe1],
    [0x30, 0x10],
  ] as const) {
    const query = encodeQuery(
      { name: `\x01${String.fromCharCode(asked)}\0`, type: 1 },
      { ednsBytes: 0, random: undefined },
    );
    const message = responseTo(query, {});
    message[13] = other;
    t.is(outcome(readReply(query, message, PLAIN)), 'question');
  }
});

test('case 4: a query, and an opcode that is not 0, are dropped', (t) => {
  for (const flags of [0x0100, 0x8980, 0xf980]) {
    t.is(outcome(readReply(QUERY, replyTo(QUERY, [], { flags }), PLAIN)), 'header');
  }
});

test('case 5: letters that do not come back as they went are dropped only under 0x20', (t) => {
  const query = queryFor('www.example', 'A');
  reletter(query, { nextUint32: () => 0b1011 });
  const answers = [a(ASKED, '192.0.2.1')];
  const small = responseTo(QUERY, { answers });
  t.is(outcome(readReply(query, small, EXACT)), 'case');
  t.is(outcome(readReply(query, small, PLAIN)), 'answer');
  t.is(outcome(readReply(query, responseTo(query, { answers }), EXACT)), 'answer');
  t.is(outcome(readReply(QUERY, responseTo(query, { answers }), EXACT)), 'case');
});

test('case 5: another question is never taken for another case', (t) => {
  const query = queryFor('www.example', 'A');
  reletter(query, { nextUint32: () => 0xffff_ffff });
  const message = responseTo(QUERY, {});
  message[message.length - 3] = 28;
  t.is(strayReason(query, message, true), 'question');
});

test('a FORMERR of a header alone is recognised, and dropped', (t) => {
  const bare = bytes('1234 8181 0000 0000 0000 0000');
  t.true(isBareFormerr(bare));
  t.is(outcome(readReply(QUERY, bare, PLAIN)), 'question');
  for (const other of [
    bytes('1234 8181 0000 0000 0000 00'),
    bytes('1234 8181 0000 0000 0000 0000 00'),
    bytes('1234 0101 0000 0000 0000 0000'),
    bytes('1234 8981 0000 0000 0000 0000'),
    bytes('1234 8182 0000 0000 0000 0000'),
    bytes('1234 8181 0001 0000 0000 0000'),
  ]) {
    t.false(isBareFormerr(other));
  }
});
