import test from 'ava';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { nameKey } from '../../../src/dns/wire/name.ts';
import { workMaxOf } from '../../../src/dns/wire/name-reader.ts';
import { encodeQuery, questionEnd, setId } from '../../../src/dns/wire/query.ts';
import {
  isBareFormerr,
  type ReadNotes,
  readReply,
  strayReason,
} from '../../../src/dns/wire/read-reply.ts';
import { type RecordType, TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { a, cname } from '../../support/dns-reply.ts';
import { packetReading } from './packet-reading.ts';
import { outcome, queryFor, record, responseTo } from './reply-message.ts';

const KINDS = ['answer', 'alias', 'nodata', 'nxdomain', 'rcode', 'truncated'];
const DROPS = ['short', 'header', 'question', 'case', 'parse', 'owner'];
const TYPES = Object.keys(TYPE).filter((type) => type !== 'OPT') as RecordType[];

/** Mostly lengths, pointers and types that make sense: random bytes alone end at once. */
const likely = fc.constantFrom(
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  12,
  15,
  16,
  28,
  33,
  35,
  41,
  0x2e,
  0x61,
  0xc0,
  0xff,
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(likely, { maxLength: 200 }).map((each) => Uint8Array.from(each)),
);

test('whatever the bytes are, a message is a reply or dropped, within its budget', (t) => {
  const parts = { message: body, query: fc.constantFrom(...TYPES), exactCase: fc.boolean() };
  fc.assert(
    fc.property(fc.record(parts), ({ message, query: type, exactCase }) => {
      const notes: ReadNotes = { work: 0, trailingBytes: 0 };
      const query = queryFor('a.b', type, 1232);
      const said = outcome(readReply(query, message, { exactCase, hadOpt: true, notes }));
      isBareFormerr(message);
      return [...KINDS, ...DROPS].includes(said) && notes.work <= workMaxOf(message.length);
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('whatever follows the question, a message is a reply or dropped, and all of both come', (t) => {
  const seen = new Set<string>();
  const parts = fc.record({
    rest: body,
    type: fc.constantFrom(...TYPES),
    flags: fc.constantFrom(0x8180, 0x8180, 0x8180, 0x8183, 0x8182, 0x8380),
    counts: fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
  });
  fc.assert(
    fc.property(parts, ({ rest, type, flags, counts }) => {
      const query = queryFor('a.b', type, 1232);
      const message = responseTo(query, { flags, trailing: rest });
      for (const [index, count] of counts.entries()) message[7 + 2 * index] = count;
      const notes: ReadNotes = { work: 0, trailingBytes: 0 };
      const said = outcome(readReply(query, message, { exactCase: true, hadOpt: true, notes }));
      seen.add(said);
      return [...KINDS, ...DROPS].includes(said) && notes.work <= workMaxOf(message.length) + 1;
    }),
    { numRuns: 3_000 },
  );
  for (const said of ['nodata', 'nxdomain', 'rcode', 'truncated', 'parse']) t.true(seen.has(said));
});

test('data of any bytes is decoded or refused, for every type', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), body, (type, data) => {
      const query = queryFor('a.b', type);
      const message = responseTo(query, { answers: [record('a.b', TYPE[type], data)] });
      const reply = readReply(query, message, { exactCase: true, hadOpt: false });
      return reply.kind === 'answer' ? reply.data.length === 1 : outcome(reply) === 'parse';
    }),
    { numRuns: 3_000 },
  );
  t.pass();
});

const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const seconds = fc.nat(0x7fff_ffff);

test('the answer to a query of ours is an answer to it, and to no other', (t) => {
  fc.assert(
    fc.property(name, name, fc.nat(0xffff), fc.nat(), (asked, other, id, bits) => {
      const random = { nextUint32: () => bits };
      const question = { name: nameKey(asked), type: TYPE.A };
      const query = encodeQuery(question, { ednsBytes: 1232, random });
      setId(query, id);
      const message = responseTo(query, { answers: [a(asked, '192.0.2.1')] });
      const exact = { exactCase: true, hadOpt: true };
      const stranger = queryFor(other);
      const isStray = strayReason(stranger, message, false) === 'question';
      return (
        outcome(readReply(query, message, exact)) === 'answer' && isStray === (asked !== other)
      );
    }),
  );
  t.pass();
});

test('what a server says of a chain comes out as it was said, in any order', (t) => {
  const chains = fc.record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 9 }),
    addresses: fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 20 }),
    ttls: fc.array(seconds, { minLength: 30, maxLength: 30 }),
  });
  fc.assert(
    fc.property(chains, fc.boolean(), ({ names, addresses, ttls }, reversed) => {
      const last = names.at(-1) as string;
      const aliases = names.slice(1).map((to, i) => cname(names[i] as string, to, ttls[i]));
      const own = addresses.map((ip, i) => a(last, ip, ttls[9 + i]));
      const answers = reversed ? [...own, ...aliases.toReversed()] : [...aliases, ...own];
      const query = queryFor(names[0] as string);
      const reply = readReply(query, responseTo(query, { answers }), {
        exactCase: true,
        hadOpt: false,
      });
      t.deepEqual(reply, {
        kind: 'answer',
        canonical: nameKey(last),
        data: addresses,
        ttl: Math.min(...answers.map(({ ttl }) => ttl)),
        links: aliases.length,
        authenticated: false,
      } as unknown as Answer);
    }),
  );
});

const byte = fc.nat(255);
const number = fc.nat(0xffff);
const text = fc.stringMatching(/^[ -~]{0,40}$/);
/** Data in the form of dns-packet. */
const DATA: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  A: fc.ipV4(),
  AAAA: fc.ipV6(),
  CNAME: name,
  NS: name,
  PTR: name,
  SRV: fc.record({ priority: number, weight: number, port: number, target: name }),
  TXT: fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 4 }),
  MX: fc.record({ preference: number, exchange: name }),
  SOA: fc.record({
    mname: name,
    rname: name,
    serial: fc.nat(),
    refresh: seconds,
    retry: seconds,
    expire: seconds,
    minimum: seconds,
  }),
  CAA: fc.record({ flags: byte, tag: fc.constantFrom('issue', 'iodef'), value: text }),
  NAPTR: fc.record({
    order: number,
    preference: number,
    flags: text,
    services: text,
    regexp: text,
    replacement: name,
  }),
};

for (const [type, data] of Object.entries(DATA)) {
  test(`a record ${type} that dns-packet encodes says the same to both`, (t) => {
    fc.assert(
      fc.property(
        name,
        fc.array(data, { minLength: 1, maxLength: 4 }),
        seconds,
        (owner, all, ttl) => {
          const message = dnsPacket.encode({
            type: 'response',
            flags: dnsPacket.RECURSION_DESIRED,
            questions: [{ name: owner, type: type as 'A' }],
            answers: all.map((each) => ({
              name: owner,
              type: type as 'A',
              ttl,
              data: each as string,
            })),
            additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232 } as never],
          });
          const query = queryFor(owner, type as RecordType, 1232);
          const reply = readReply(query, message, { exactCase: true, hadOpt: true }) as Answer;
          const theirs = packetReading(owner, type, message, true);
          t.deepEqual(reply.data, theirs.data as never);
          t.is(`answer ${reply.data.length} ${reply.links} ${reply.ttl}`, theirs.said);
          t.is(questionEnd(query), query.length - 11);
        },
      ),
      { numRuns: 50 },
    );
  });
}
