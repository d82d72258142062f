import test from 'ava';
import { nameKey } from '../../../src/dns/wire/name.ts';
import { reletter } from '../../../src/dns/wire/query.ts';
import { readReply } from '../../../src/dns/wire/read-reply.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { a, cname, wireName } from '../../support/dns-reply.ts';
import {
  ASKED,
  bytes,
  NXDOMAIN,
  outcome,
  queryFor,
  read,
  record,
  responseTo,
  soa,
} from './reply-message.ts';

const QUERY = queryFor('www.example', 'A');
const PLAIN = { exactCase: false, hadOpt: false };
const EXACT = { exactCase: true, hadOpt: false };
const good = responseTo(QUERY, { answers: [a(ASKED, '192.0.2.1')] });
const chain = (links: number) => [
  ...Array.from({ length: links }, (_, i) => cname(i === 0 ? ASKED : `n${i}`, `n${i + 1}`)),
  a(links === 0 ? ASKED : `n${links}`, '192.0.2.1'),
];
const question = (name: string, rest: string) => Buffer.concat([wireName(name), bytes(rest)]);

// Written by hand from RFC 1035 §4.1: no code of this repository has made it.
test('a response by hand: an alias, compressed, and two addresses', (t) => {
  const message = bytes(
    '1234 81a0 0001 0003 0000 0000 03 777777 07 6578616d706c65 00 0001 0001',
    // 29: www.example, CNAME, IN, 300 s, 4 bytes: "a" and then "example" from byte 16.
    'c00c 0005 0001 0000012c 0004 01 61 c010',
    // The alias lies at byte 41.
    'c029 0001 0001 0000003c 0004 c0000201',
    'c029 0001 0001 0000003d 0004 c0000202',
  );
  t.deepEqual(readReply(QUERY, message, EXACT), {
    kind: 'answer',
    canonical: nameKey('a.example'),
    data: ['192.0.2.1', '192.0.2.2'],
    ttl: 60,
    links: 1,
    authenticated: true,
  });
});

test('an answer names its owner in small letters', (t) => {
  const query = queryFor('www.example', 'A');
  reletter(query, { nextUint32: () => 0xffff_ffff });
  const reply = readReply(query, responseTo(query, { answers: [a(ASKED, '192.0.2.1')] }), EXACT);
  t.is((reply as Answer).canonical, nameKey('www.example'));
});

test('case 8: records whose owner is neither asked for nor on the chain are ignored', (t) => {
  const reply = read('www.example', 'A', {
    answers: [
      a('other.example', '192.0.2.66'),
      cname(ASKED, 'b'),
      a('example', '192.0.2.67'),
      a('b', '192.0.2.1'),
      cname('other.example', 'c'),
      cname('other.example', 'd'),
      a('c', '192.0.2.68'),
    ],
  });
  t.deepEqual((reply as Answer).data, ['192.0.2.1']);
  t.is(
    outcome(read('www.example', 'A', { answers: [a('other.example', '192.0.2.66')] })),
    'nodata',
  );
});

test('case 8: data of an ignored record is not looked at', (t) => {
  const answers = [record('other.example', 1, bytes('00')), a(ASKED, '192.0.2.1')];
  t.is(outcome(read('www.example', 'A', { answers })), 'answer');
});

test('case 9: addresses of the other sections are not used', (t) => {
  const evil = [a(ASKED, '192.0.2.66'), cname(ASKED, 'evil')];
  const reply = read('www.example', 'A', {
    answers: [a(ASKED, '192.0.2.1')],
    authorities: evil,
    additionals: evil,
  });
  t.deepEqual((reply as Answer).data, ['192.0.2.1']);
  const none = read('www.example', 'A', { authorities: evil, additionals: evil });
  t.like(none, { kind: 'nodata', canonical: nameKey('www.example'), ttl: undefined, links: 0 });
});

test('case 9: an SOA record counts for the name and its ancestors only', (t) => {
  const ttlOf = (owner: string) => {
    const reply = read('www.example', 'A', { authorities: [soa(owner, 90, 60)], flags: NXDOMAIN });
    return reply.kind === 'nxdomain' ? reply.ttl : reply.kind;
  };
  for (const owner of ['www.example', 'EXAMPLE', '']) t.is(ttlOf(owner), 60);
  for (const owner of ['a.www.example', 'other.example', 'xample', 'net']) {
    t.is(ttlOf(owner), undefined);
  }
});

test('case 9: an SOA record counts in the authority section alone', (t) => {
  const parts = { answers: [soa('example', 9, 9)], additionals: [soa('example', 9, 9)] };
  t.like(read('www.example', 'A', parts), { kind: 'nodata', ttl: undefined });
});

test('a negative answer holds for the smaller of TTL and MINIMUM, and of its aliases', (t) => {
  const ttlOf = (ttl: number, minimum: number, alias: number) => {
    const answers = [cname(ASKED, 'x.net', alias)];
    const reply = read('www.example', 'A', { answers, authorities: [soa('net', ttl, minimum)] });
    t.like(reply, { kind: 'nodata', canonical: nameKey('x.net'), links: 1 });
    return reply.kind === 'nodata' ? reply.ttl : -1;
  };
  t.is(ttlOf(1, 2, 3), 1);
  t.is(ttlOf(2, 1, 3), 1);
  t.is(ttlOf(3, 2, 1), 1);
  t.is(ttlOf(0xffff_ffff, 2, 1), 0);
  t.is(ttlOf(2, 0x8000_0000, 1), 0);
});

test('of several SOA records the first that fits counts, malformed ones do not', (t) => {
  const broken = record('example', 6, bytes('00 00 0000'));
  const other = { ...soa('example', 1, 1), classCode: 3 };
  const authorities = [broken, other, soa('net', 2, 2), soa('example', 7, 9), soa('example', 3, 3)];
  t.like(read('www.example', 'A', { authorities }), { kind: 'nodata', ttl: 7 });
});

test('a chain that leaves the message is an alias to be asked for', (t) => {
  const answers = [cname(ASKED, 'b', 9), cname('b', 'C.net', 7)];
  t.deepEqual(read('www.example', 'A', { answers, flags: 0x81a0 }), {
    kind: 'alias',
    canonical: nameKey('c.net'),
    ttl: 7,
    links: 2,
    authenticated: true,
  });
  // The SOA of the alias' own zone says nothing about where it leads.
  const reply = read('www.example', 'A', { answers, authorities: [soa('example', 9, 9)] });
  t.is(outcome(reply), 'alias');
});

test('NXDOMAIN is about the end of the chain', (t) => {
  const answers = [cname(ASKED, 'b')];
  t.like(read('www.example', 'A', { answers, flags: NXDOMAIN }), {
    kind: 'nxdomain',
    canonical: nameKey('b'),
    ttl: undefined,
    links: 1,
  });
  const contradiction = [...answers, a('b', '192.0.2.66')];
  t.is(outcome(read('www.example', 'A', { answers: contradiction, flags: NXDOMAIN })), 'nxdomain');
});

test('case 10: two different aliases of one name are invalid, the same one twice is not', (t) => {
  const end = a('b', '192.0.2.1');
  const twice = [cname(ASKED, 'b', 9), cname(ASKED, 'B', 8), end];
  t.like(read('www.example', 'A', { answers: twice }), { kind: 'answer', ttl: 8 });
  const two = [cname(ASKED, 'b'), cname(ASKED, 'c'), end];
  t.is(outcome(read('www.example', 'A', { answers: two })), 'owner');
  t.is(outcome(read('www.example', 'A', { answers: two.toReversed() })), 'owner');
});

test('case 10: aliases in a circle are invalid', (t) => {
  for (const flags of [0x8180, NXDOMAIN]) {
    const circle = [cname(ASKED, 'b'), cname('b', ASKED)];
    t.is(outcome(read('www.example', 'A', { answers: circle, flags })), 'owner');
    const self = [cname(ASKED, 'WWW.example')];
    t.is(outcome(read('www.example', 'A', { answers: self, flags })), 'owner');
  }
});

test('case 10: 8 aliases are followed, and 9 or 60 are invalid', (t) => {
  t.like(read('www.example', 'A', { answers: chain(8) }), { kind: 'answer', links: 8 });
  t.is(outcome(read('www.example', 'A', { answers: chain(9) })), 'owner');
  t.is(outcome(read('www.example', 'A', { answers: chain(60) })), 'owner');
});

test('the records of a chain may stand in any order', (t) => {
  const reply = read('www.example', 'A', { answers: chain(8).toReversed() });
  t.like(reply, { kind: 'answer', canonical: nameKey('n8'), links: 8 });
});

test('a name with addresses and an alias has the addresses', (t) => {
  const answers = [cname(ASKED, 'b', 1), a(ASKED, '192.0.2.1', 9), a('b', '192.0.2.66')];
  t.like(read('www.example', 'A', { answers }), {
    kind: 'answer',
    canonical: nameKey('www.example'),
    links: 0,
    ttl: 9,
  });
});

test('an alias that is asked for is an answer, and not followed', (t) => {
  const answers = [cname(ASKED, 'B.example'), cname('b.example', 'c')];
  const reply = read('www.example', 'CNAME', { answers });
  t.deepEqual((reply as Answer).data, ['B.example']);
  t.is((reply as Answer).links, 0);
});

test('the TTL is the smallest of the chain and its addresses', (t) => {
  const ttlOf = (alias: number, first: number, second: number) => {
    const set = [a('b', '192.0.2.1', first), a('b', '192.0.2.2', second)];
    const reply = read('www.example', 'A', { answers: [cname(ASKED, 'b', alias), ...set] });
    return reply.kind === 'answer' ? reply.ttl : -1;
  };
  t.is(ttlOf(1, 2, 3), 1);
  t.is(ttlOf(2, 1, 3), 1);
  t.is(ttlOf(3, 2, 1), 1);
});

test('an address that is given twice counts once, in few and in many', (t) => {
  for (const count of [2, 8, 9, 200]) {
    const addresses = Array.from({ length: count }, (_, i) => `192.0.2.${i}`);
    const answers = [...addresses, '192.0.2.0', '192.0.2.1'].map((ip) => a(ASKED, ip));
    t.deepEqual((read('www.example', 'A', { answers }) as Answer).data, addresses);
  }
});

test('case 33: a DNAME is skipped, and the alias made from it is followed', (t) => {
  const answers = [
    record('example', 39, wireName('net')),
    cname(ASKED, 'www.net', 0),
    a('www.net', '192.0.2.1'),
  ];
  t.like(read('www.example', 'A', { answers }), {
    kind: 'answer',
    canonical: nameKey('www.net'),
    links: 1,
    ttl: 0,
  });
  t.is(outcome(read('www.example', 'A', { answers: answers.slice(0, 1) })), 'nodata');
});

test('case 34: records of class CH are ignored, and a question of it is not ours', (t) => {
  const answers = [
    { ...a(ASKED, '192.0.2.66'), classCode: 3 },
    { ...cname(ASKED, 'evil'), classCode: 3 },
    a(ASKED, '192.0.2.1'),
  ];
  t.deepEqual((read('www.example', 'A', { answers }) as Answer).data, ['192.0.2.1']);
  const chaos = responseTo(QUERY, { question: question('www.example', '0001 0003') });
  t.is(outcome(readReply(QUERY, chaos, PLAIN)), 'question');
});

test('a reply keeps nothing of the message, nor of the query', (t) => {
  const message = Buffer.from(good);
  const query = Uint8Array.from(QUERY);
  const reply = readReply(query, message, PLAIN);
  const before = structuredClone(reply);
  message.fill(0);
  query.fill(0);
  readReply(queryFor('b'), responseTo(queryFor('b'), {}), PLAIN);
  t.deepEqual(reply, before);
});
