import test from 'ava';
import { nameKey, nameText } from '../../../src/dns/wire/name.ts';
import { type ReadNotes, readReply } from '../../../src/dns/wire/read-reply.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { a, cname, replyTo, wireName } from '../../support/dns-reply.ts';
import {
  ASKED,
  bytes,
  nameOfBytes,
  opt,
  outcome,
  pointer,
  queryFor,
  read,
  record,
  responseTo,
} from './reply-message.ts';

const QUERY = queryFor('www.example', 'A');
const PLAIN = { exactCase: false, hadOpt: false };
/** Where the first record of an answer is. */
const FIRST = QUERY.length;
/** Owner, type, class, TTL and length of a record whose owner is a pointer. */
const FIXED = 12;
const latin1 = (text: string) => Buffer.from(text, 'latin1');
/** What comes of a response whose first record is an alias to `target`, its second an address. */
function alias(target: Uint8Array, ...more: Parameters<typeof a>[]): string {
  const answers = [cname(ASKED, target), ...more.map((record) => a(...record))];
  return outcome(readReply(QUERY, responseTo(QUERY, { answers }), PLAIN));
}

test('case 18: messages of 0 to 11 bytes are too short', (t) => {
  const whole = responseTo(QUERY, { answers: [a(ASKED, '192.0.2.1')] });
  for (let length = 0; length < 12; length += 1) {
    t.is(outcome(readReply(QUERY, whole.subarray(0, length), PLAIN)), 'short');
  }
  t.is(outcome(readReply(QUERY, whole.subarray(0, 12), PLAIN)), 'question');
});

test('case 18: a message that is cut anywhere behind its question is invalid', (t) => {
  const whole = responseTo(QUERY, {
    answers: [a(ASKED, '192.0.2.1')],
    authorities: [a('b', '192.0.2.1')],
    additionals: [opt()],
  });
  for (let length = FIRST; length < whole.length; length += 1) {
    t.is(outcome(readReply(QUERY, whole.subarray(0, length), PLAIN)), 'parse', `${length} bytes`);
  }
});

test('case 19: counts of 65535 are not believed', (t) => {
  const header = bytes('0000 8180 ffff ffff ffff ffff');
  t.is(outcome(readReply(QUERY, header, PLAIN)), 'question');
  for (const at of [6, 8, 10]) {
    const message = responseTo(QUERY, {});
    message.writeUInt16BE(65_535, at);
    t.is(outcome(readReply(QUERY, message, PLAIN)), 'parse');
  }
  const one = replyTo(QUERY, [a(ASKED, '192.0.2.1')], { answerCount: 65_535 });
  t.is(outcome(readReply(QUERY, one, PLAIN)), 'parse');
});

test('case 20: a pointer to itself, forward, or into the header is invalid', (t) => {
  const owner = (target: number) =>
    outcome(
      read('www.example', 'A', {
        answers: [a(pointer(target), '192.0.2.1')],
      }),
    );
  t.is(owner(FIRST), 'parse');
  t.is(owner(FIRST + 14), 'parse');
  t.is(owner(0x3fff), 'parse');
  for (const target of [0, 11]) t.is(owner(target), 'parse');
  t.is(owner(12), 'answer');
});

test('case 20: two pointers that lead to each other are invalid', (t) => {
  // In the data of the alias: to the second, and to the first.
  const at = FIRST + FIXED;
  t.is(alias(pointer(at + 2)), 'parse');
  t.is(alias(Buffer.concat([latin1('\x01a'), pointer(at)])), 'parse');
  const loop = Buffer.concat([pointer(at + 2), pointer(at)]);
  const answers = [record('other', 16, loop), a(pointer(FIRST + 17), '192.0.2.1')];
  t.is(outcome(readReply(QUERY, responseTo(QUERY, { answers }), PLAIN)), 'parse');
});

test('case 20: a pointer to its own data is invalid', (t) => {
  const at = FIRST + FIXED;
  t.is(alias(pointer(at)), 'parse');
  t.is(alias(Buffer.concat([latin1('\x03abc'), pointer(at + 2)])), 'parse');
  t.is(alias(Buffer.concat([latin1('\x03abc'), pointer(12)])), 'alias');
});

test('case 23: labels of the kinds 0x40 and 0x80 are invalid, though their bytes are there', (t) => {
  for (const first of [0x40, 0x41, 0x80, 0xbf]) {
    const name = Buffer.concat([Buffer.from([first]), Buffer.alloc(first, 'a'), Buffer.alloc(1)]);
    const answers = [a(name, '192.0.2.66'), a(ASKED, '192.0.2.1')];
    t.is(outcome(read('www.example', 'A', { answers })), 'parse');
    t.is(alias(name), 'parse');
    // Behind a pointer as well: in the data of a record that is not looked at.
    const hidden = [record('x', 16, name), a(pointer(FIRST + 3 + 10), '192.0.2.1')];
    t.is(outcome(readReply(QUERY, responseTo(QUERY, { answers: hidden }), PLAIN)), 'parse');
  }
});

test('case 24: a name of 255 bytes is read, one of 256 is invalid, inline and by pointer', (t) => {
  t.is(alias(wireName(nameOfBytes(255))), 'alias');
  t.is(alias(wireName(nameOfBytes(256))), 'parse');
  // www.example has 13 bytes on the wire.
  const compressed = (count: number) =>
    Buffer.concat([wireName(nameOfBytes(count - 12)).subarray(0, -1), pointer(12)]);
  t.is(alias(compressed(255)), 'alias');
  t.is(alias(compressed(256)), 'parse');
  const owner = (name: Buffer) =>
    outcome(read('www.example', 'A', { answers: [a(name, '192.0.2.66')] }));
  t.is(owner(wireName(nameOfBytes(255))), 'nodata');
  t.is(owner(wireName(nameOfBytes(256))), 'parse');
});

test('case 24: a name of 127 labels is read, one of 128 is invalid', (t) => {
  const labels = (count: number) => wireName(Array(count).fill('a').join('.'));
  t.is(alias(labels(127)), 'alias');
  t.is(alias(labels(128)), 'parse');
});

for (const [type, code, lengths] of [
  ['A', 1, [0, 3, 5]],
  ['AAAA', 28, [0, 15, 17]],
] as const) {
  for (const length of lengths) {
    test(`case 25: a record ${type} of ${length} bytes is invalid`, (t) => {
      const answers = [record(ASKED, code, Buffer.alloc(length))];
      t.is(outcome(read('www.example', type, { answers })), 'parse');
    });
  }
}

test('case 25: an OPT option past the end is invalid', (t) => {
  const withOptions = (hex: string) =>
    outcome(read('www.example', 'A', { additionals: [opt(0, 0, bytes(hex))] }));
  t.is(withOptions('000a 0002 abcd'), 'nodata');
  t.is(withOptions('000a 0002 abcd 0003 0000'), 'nodata');
  for (const hex of ['000a 0003 abcd', '000a 0001 abcd', '000a 00', '000a', 'ff', '000a ffff']) {
    t.is(withOptions(hex), 'parse', hex);
  }
});

test('case 25: a length past the end of the message is invalid, also of what is ignored', (t) => {
  for (const type of [1, 16, 99]) {
    const message = responseTo(QUERY, { answers: [record('other', type, bytes('00000000'))] });
    message[message.length - 5] = 5;
    t.is(outcome(readReply(QUERY, message, PLAIN)), 'parse');
    message[message.length - 5] = 3;
    t.is(outcome(readReply(QUERY, message, PLAIN)), 'nodata');
  }
});

test('case 26: a name that crosses the end of its data is invalid', (t) => {
  const whole = wireName('b.example');
  t.is(alias(whole, ['b.example', '192.0.2.1']), 'answer');
  for (let cut = 0; cut < whole.length; cut += 1) {
    t.is(alias(whole.subarray(0, cut), ['b.example', '192.0.2.1']), 'parse', `${cut} bytes`);
  }
  t.is(alias(pointer(12).subarray(0, 1), [ASKED, '192.0.2.1']), 'parse');
});

test('case 26: bytes behind a name in its data are invalid', (t) => {
  t.is(alias(Buffer.concat([wireName('b'), bytes('00')])), 'parse');
  t.is(alias(Buffer.concat([pointer(16), bytes('00')])), 'parse');
});

test('case 27: bytes behind the last record are ignored, and counted', (t) => {
  const answers = [a(ASKED, '192.0.2.1')];
  for (const count of [0, 1, 500]) {
    const notes: ReadNotes = { work: -1, trailingBytes: -1 };
    const message = responseTo(QUERY, { answers, trailing: Buffer.alloc(count, 0xff) });
    t.is(outcome(readReply(QUERY, message, { ...PLAIN, notes })), 'answer');
    t.is(notes.trailingBytes, count);
    t.true(notes.work > 0);
  }
});

test('case 29: a TTL with its top bit is 0, the largest and 0 stay what they are', (t) => {
  const ttlOf = (ttl: number) =>
    (read('www.example', 'A', { answers: [a(ASKED, '192.0.2.1', ttl)] }) as Answer).ttl;
  t.is(ttlOf(0x8000_0000), 0);
  t.is(ttlOf(0xffff_ffff), 0);
  t.is(ttlOf(0x7fff_ffff), 0x7fff_ffff);
  t.is(ttlOf(0), 0);
});

test('case 30: odd bytes in labels are another name, and escaped where they are shown', (t) => {
  for (const label of ['www.example', 'www\0', 'ww\\w', 'www\n', 'ww\xff']) {
    const wire = latin1(`${String.fromCharCode(label.length)}${label}\0`);
    t.is(outcome(read('www.example', 'A', { answers: [a(wire, '192.0.2.66')] })), 'nodata');
    const reply = read('www.example', 'CNAME', { answers: [cname(ASKED, wire)] }) as Answer;
    t.regex(reply.data[0] as string, /^[!-~]+$/);
    t.is(nameKey(reply.data[0] as string), wire.toString('latin1'));
    const odd = read('www.example', 'A', { answers: [cname(ASKED, wire), a(wire, '192.0.2.1')] });
    t.is((odd as Answer).canonical, wire.toString('latin1'));
    t.regex(nameText((odd as Answer).canonical), /^[!-~]+$/);
  }
});

test('case 30: a label with a dot is not two labels', (t) => {
  const dotted = latin1('\x0bwww.example\0');
  t.is(outcome(read('www.example', 'A', { answers: [a(dotted, '192.0.2.66')] })), 'nodata');
});

test('case 31: constructor and __proto__ are names like others', (t) => {
  for (const name of ['constructor', '__proto__']) {
    const answers = [
      cname(ASKED, '__proto__.constructor'),
      a('__proto__.constructor', '192.0.2.1'),
    ];
    const reply = read(name, 'A', { answers }) as Answer;
    t.deepEqual(reply.data, ['192.0.2.1']);
    t.is(reply.canonical, nameKey('__proto__.constructor'));
  }
});

test('case 32: a label that runs up to a NUL at the very end is invalid', (t) => {
  // CVE-2021-23017: the label's last byte is the root that the reader relies on.
  for (const name of ['\x02a\0', '\x01\0', '\x03www\x02a\0']) {
    const message = responseTo(QUERY, { trailing: latin1(name) });
    message[7] = 1;
    t.is(outcome(readReply(QUERY, message, PLAIN)), 'parse');
    t.is(alias(latin1(name)), 'parse');
  }
});
