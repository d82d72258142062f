import test from 'ava';
import { NameReader, workMaxOf } from '../../../src/dns/wire/name-reader.ts';
import { type ReadNotes, readReply } from '../../../src/dns/wire/read-reply.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { MESSAGE_BYTES_MAX } from '../../../src/dns/wire/sections.ts';
import { a, cname } from '../../support/dns-reply.ts';
import { deepHops, labelBomb, longOwners } from './hostile-messages.ts';
import { ASKED, bytes, outcome, pointer, queryFor, responseTo } from './reply-message.ts';

const QUERY = queryFor('www.example', 'A');
const PLAIN = { exactCase: false, hadOpt: false };
/** Where the first record of an answer is. */
const FIRST = QUERY.length;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

test('case 21: 4,000 pointers backwards, times many records, end at the budget', (t) => {
  const { query, message } = deepHops();
  const notes: ReadNotes = { work: 0, trailingBytes: 0 };
  t.is(outcome(readReply(query, message, { ...PLAIN, notes })), 'parse');
  t.true(notes.work > workMaxOf(message.length), 'the budget is what ended it');
  t.true(notes.work <= workMaxOf(message.length) + 257);
});

test('case 22: a label bomb of 64 KiB ends at the budget', (t) => {
  const { query, message } = labelBomb();
  t.true(message.length > 60_000 && message.length <= MESSAGE_BYTES_MAX);
  const notes: ReadNotes = { work: 0, trailingBytes: 0 };
  t.is(outcome(readReply(query, message, { ...PLAIN, notes })), 'parse');
  t.true(notes.work > workMaxOf(message.length), 'the budget is what ended it');
  t.true(notes.work <= workMaxOf(message.length) + 257);
});

test('an owner of 255 bytes on every address of 64 KiB is within the budget', (t) => {
  const { query, message, count } = longOwners();
  const notes: ReadNotes = { work: 0, trailingBytes: 0 };
  const reply = readReply(query, message, { ...PLAIN, notes });
  t.is((reply as Answer).data.length, count);
  t.true(notes.work > 15 * message.length && notes.work <= workMaxOf(message.length));
});

test('an honest message of a chain and 120 addresses needs less than twice its length', (t) => {
  const answers = [
    cname(ASKED, 'b.example'),
    cname('b.example', 'c.example'),
    ...Array.from({ length: 120 }, (_, index) => a('c.example', `192.0.2.${index}`)),
  ];
  const message = responseTo(QUERY, { answers });
  const notes: ReadNotes = { work: 0, trailingBytes: 0 };
  t.is(outcome(readReply(QUERY, message, { ...PLAIN, notes })), 'answer');
  t.true(notes.work < 2 * message.length, `${notes.work} of ${message.length}`);
});

test('a message beyond 65,535 bytes is invalid', (t) => {
  const answers = [a(ASKED, '192.0.2.1')];
  const trailing = Buffer.alloc(MESSAGE_BYTES_MAX - FIRST - 16);
  t.is(outcome(readReply(QUERY, responseTo(QUERY, { answers, trailing }), PLAIN)), 'answer');
  const longer = Buffer.alloc(trailing.length + 1);
  const message = responseTo(QUERY, { answers, trailing: longer });
  t.is(outcome(readReply(QUERY, message, PLAIN)), 'parse');
});

test('as many records as fit into the largest message are looked at', (t) => {
  const query = queryFor('.', 'A');
  // 11 bytes each: an alias, or an address, without data, owned by the root.
  const count = Math.floor((MESSAGE_BYTES_MAX - query.length) / 11);
  const one = bytes('00 0005 0001 00000000 0000');
  const message = Buffer.concat([responseTo(query, {}), Buffer.alloc(count * 11, one)]);
  message.writeUInt16BE(count, 6);
  message[17 + 2] = 9; // The first is of no interest, the others are aliases without data.
  t.is(outcome(readReply(query, message, PLAIN)), 'parse');
});

test('the work for one message is bounded, and what is beyond fails', (t) => {
  const names = new NameReader();
  names.reset(Buffer.concat([Buffer.alloc(12), latin1('\x01a\0')]));
  const each = 3;
  const times = Math.floor(workMaxOf(15) / each);
  for (let done = 0; done < times; done += 1) t.true(names.load(12));
  t.false(names.exhausted);
  t.false(names.load(12));
  t.true(names.exhausted);
  t.is(names.skip(12), -1);
  t.is(names.same(12, 12), 1, 'a name is itself for nothing');
});

test('a pointer that leads not backwards is refused at once, not by the budget', (t) => {
  const names = new NameReader();
  names.reset(Buffer.concat([Buffer.alloc(12), pointer(12), latin1('\x01a'), pointer(14)]));
  t.is(names.skip(12), -1);
  t.false(names.load(12));
  t.false(names.load(14));
  t.is(names.skip(14), -1);
  t.true(names.work < 10);
});
