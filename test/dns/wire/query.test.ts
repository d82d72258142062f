import test from 'ava';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { nameKey, nameText } from '../../../src/dns/wire/name.ts';
import {
  encodeQuery,
  idOf,
  QUERY_BYTES_MAX,
  queryBytes,
  questionEnd,
  reletter,
  setId,
  writeQuery,
} from '../../../src/dns/wire/query.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import { bytes, nameOfBytes, queryFor } from './reply-message.ts';

const HEADER = '0000 0100 0001 0000 0000';
const QUESTION = '03 777777 07 6578616d706c65 00';
const NONE = { ednsBytes: 0, random: undefined };

test('a query is a header, one question, and nothing else', (t) => {
  t.deepEqual(Buffer.from(queryFor('www.example')), bytes(HEADER, '0000', QUESTION, '0001 0001'));
});

test('a query with EDNS has one OPT record that tells the size', (t) => {
  const query = queryFor('www.example', 'CAA', 1232);
  const opt = '00 0029 04d0 00000000 0000';
  t.deepEqual(Buffer.from(query), bytes(HEADER, '0001', QUESTION, '0101 0001', opt));
});

test('the root can be asked for', (t) => {
  t.deepEqual(Buffer.from(queryFor('.', 'NS')), bytes(HEADER, '0000 00 0002 0001'));
});

test('a number is set, and read, whole', (t) => {
  const query = queryFor('a');
  for (const id of [0, 1, 0x1234, 0xffff]) {
    setId(query, id);
    t.is(idOf(query), id);
    t.is(Buffer.from(query).readUInt16BE(0), id);
  }
});

test('the longest query is as long as its bound', (t) => {
  const name = nameKey(nameOfBytes(255));
  const target = new Uint8Array(QUERY_BYTES_MAX + 1).fill(0xee);
  t.is(writeQuery(target, { name, type: TYPE.A }, { ...NONE, ednsBytes: 65_535 }), QUERY_BYTES_MAX);
  t.is(queryBytes(name, 65_535), QUERY_BYTES_MAX);
  t.is(target[QUERY_BYTES_MAX], 0xee);
});

test('a query overwrites whatever its target held', (t) => {
  const question = { name: nameKey('www.example'), type: TYPE.A };
  const options = { ednsBytes: 1232, random: undefined };
  const target = new Uint8Array(QUERY_BYTES_MAX).fill(0xff);
  const length = writeQuery(target, question, options);
  t.deepEqual(target.slice(0, length), encodeQuery(question, options));
});

test('letters take their case from chance, one bit each, and nothing else changes', (t) => {
  // 33 letters: one more than a number has bits.
  const name = nameKey(`${'a'.repeat(20)}.0-_9@[.${'z'.repeat(13)}`);
  const drawn = [0b1010, 1];
  const random = { nextUint32: () => drawn.shift() ?? 0 };
  const query = encodeQuery({ name, type: TYPE.HTTPS }, { ednsBytes: 1232, random });
  const text = `aAaA${'a'.repeat(16)}.0-_9@[.${'z'.repeat(12)}Z`;
  t.is(nameText(Buffer.from(query).toString('latin1', 12, 12 + name.length)), text);
  t.deepEqual(drawn, []);
  reletter(query, undefined);
  t.deepEqual(query, encodeQuery({ name, type: TYPE.HTTPS }, { ...NONE, ednsBytes: 1232 }));
});

test('every letter comes in both cases', (t) => {
  const query = queryFor('abcdefghijklmnopqrstuvwxyz');
  let state = 1;
  const random = { nextUint32: () => (state = (state * 1_664_525 + 1_013_904_223) >>> 0) };
  const seen = new Set<string>();
  for (let round = 0; round < 64; round += 1) {
    reletter(query, random);
    for (const letter of Buffer.from(query).toString('latin1', 13, 39)) seen.add(letter);
  }
  t.is(seen.size, 52);
});

test('what is encoded, dns-packet decodes', (t) => {
  const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
  const types = fc.constantFrom('A', 'AAAA', 'SRV', 'TXT', 'MX', 'SOA', 'CAA', 'NAPTR', 'PTR');
  fc.assert(
    fc.property(
      fc.array(label, { minLength: 1, maxLength: 8 }),
      types,
      fc.constantFrom(0, 512, 1232, 65_535),
      (labels, type, ednsBytes) => {
        const query = queryFor(labels.join('.'), type as 'A', ednsBytes);
        const decoded = dnsPacket.decode(Buffer.from(query));
        t.deepEqual(decoded.questions, [{ name: labels.join('.'), type, class: 'IN' } as never]);
        t.is(decoded.additionals?.length, ednsBytes === 0 ? 0 : 1);
        t.is(questionEnd(query), query.length - (ednsBytes === 0 ? 0 : 11));
        t.is((decoded as { flag_rd?: boolean }).flag_rd, true);
      },
    ),
  );
});
