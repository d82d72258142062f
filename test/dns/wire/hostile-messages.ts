import { a, type ReplyRecord } from '../../support/dns-reply.ts';
import { ASKED, nameOfBytes, pointer, queryFor, record, responseTo } from './reply-message.ts';

export type Hostile = { readonly query: Uint8Array; readonly message: Buffer };

const BYTES_MAX = 65_535;

/** A name of 255 bytes, the one asked for but for its last letter, owns records of 12 bytes. */
export function labelBomb(): Hostile {
  const query = queryFor(nameOfBytes(255, 'a'));
  const other = Buffer.from(query.subarray(12, 12 + 255));
  other[253] = 0x62;
  return repeated(
    query,
    [a(other, '192.0.2.66')],
    record(pointer(query.length), 5, Buffer.alloc(0)),
  );
}

/** 4,000 pointers, each to the one before, at whose end many records have their owner. */
export function deepHops(): Hostile {
  const query = queryFor('www.example');
  const HOPS = 4_000;
  const first = query.length + 12;
  const hops = Buffer.alloc(HOPS * 2);
  for (let hop = 0; hop < HOPS; hop += 1) {
    hops.writeUInt16BE(0xc000 | (hop === 0 ? 12 : first + 2 * (hop - 1)), 2 * hop);
  }
  const last = pointer(first + 2 * (HOPS - 1));
  return repeated(query, [record(ASKED, 16, hops)], a(last, '192.0.2.66'));
}

/** Honest, but large: a second spelling of the name asked for, 255 bytes, owns every address. */
export function longOwners(): Hostile & { readonly count: number } {
  const query = queryFor(nameOfBytes(255));
  const spelling = Buffer.from(query.subarray(12, 12 + 255));
  const first = a(spelling, '10.0.0.0');
  const count = Math.floor((BYTES_MAX - query.length - 255 - 14) / 16);
  const answers = Array.from({ length: count }, (_, index) =>
    a(pointer(query.length), `10.1.${index >> 8}.${index & 255}`),
  );
  return { query, message: responseTo(query, { answers: [first, ...answers] }), count: count + 1 };
}

/** The first records, and then one and the same as often as it fits. */
function repeated(query: Uint8Array, first: ReplyRecord[], one: ReplyRecord): Hostile {
  const start = responseTo(query, { answers: first }).length;
  const bytes = responseTo(query, { answers: [one] }).length - query.length;
  const count = Math.floor((BYTES_MAX - start) / bytes);
  const answers = [...first, ...Array<ReplyRecord>(count).fill(one)];
  return { query, message: responseTo(query, { answers }) };
}
