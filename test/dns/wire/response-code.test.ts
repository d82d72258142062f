import test from 'ava';
import { readReply } from '../../../src/dns/wire/read-reply.ts';
import { a, replyTo } from '../../support/dns-reply.ts';
import { ASKED, opt, outcome, queryFor, read, responseTo } from './reply-message.ts';

const QUERY = queryFor('www.example', 'A');
const PLAIN = { exactCase: false, hadOpt: false };

test('what the server refuses is a code, whatever records come with it', (t) => {
  for (const rcode of [1, 2, 4, 5, 9, 15]) {
    const parts = { answers: [a(ASKED, '192.0.2.1')], flags: 0x8180 | rcode };
    t.deepEqual(read('www.example', 'A', parts), { kind: 'rcode', rcode });
  }
});

test('what the server refuses is a code, though its records cannot be read', (t) => {
  const message = replyTo(QUERY, [], { flags: 0x8182, answerCount: 65_535 });
  t.deepEqual(readReply(QUERY, message, PLAIN), { kind: 'rcode', rcode: 2 });
});

test('case 16: of a truncated response nothing is used', (t) => {
  const whole = responseTo(QUERY, { answers: [a(ASKED, '192.0.2.1')], flags: 0x8380 });
  t.deepEqual(readReply(QUERY, whole, PLAIN), { kind: 'truncated' });
  // Cut anywhere behind its question, it is still an order to use TCP.
  t.deepEqual(readReply(QUERY, whole.subarray(0, QUERY.length + 5), PLAIN), { kind: 'truncated' });
  t.is(outcome(readReply(QUERY, whole.subarray(0, QUERY.length - 1), PLAIN)), 'question');
});

test('case 28: two OPT records, OPT in the answer or authority section, are invalid', (t) => {
  const answers = [a(ASKED, '192.0.2.1')];
  t.is(outcome(read('www.example', 'A', { answers, additionals: [opt()] })), 'answer');
  t.is(outcome(read('www.example', 'A', { answers, additionals: [opt(), opt()] })), 'parse');
  t.is(outcome(read('www.example', 'A', { answers: [...answers, opt()] })), 'parse');
  t.is(outcome(read('www.example', 'A', { answers, authorities: [opt()] })), 'parse');
});

test('case 28: an OPT record that is not owned by the root is invalid', (t) => {
  const additionals = [{ ...opt(), owner: 'a' }];
  t.is(outcome(read('www.example', 'A', { additionals })), 'parse');
});

test('case 28: BADVERS is understood, whatever version comes with it', (t) => {
  for (const version of [0, 1, 255]) {
    const reply = read('www.example', 'A', { additionals: [opt(1, version)] });
    t.deepEqual(reply, { kind: 'rcode', rcode: 16 });
  }
});

test('case 28: a server that knows a later version of EDNS answers in ours', (t) => {
  const parts = { answers: [a(ASKED, '192.0.2.1')], additionals: [opt(0, 1)] };
  t.is(outcome(read('www.example', 'A', parts)), 'answer');
});

test('case 28: an extended code has its upper bits from OPT, its lower ones from the header', (t) => {
  const reply = read('www.example', 'A', { additionals: [opt(0xff)], flags: 0x8183 });
  t.deepEqual(reply, { kind: 'rcode', rcode: 0xff3 });
});

test('case 28: an OPT record that nobody asked for says nothing', (t) => {
  const message = responseTo(QUERY, { answers: [a(ASKED, '192.0.2.1')], additionals: [opt(1)] });
  t.is(outcome(readReply(QUERY, message, PLAIN)), 'answer');
});
