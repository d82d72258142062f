import { nameKey } from '../../../src/dns/wire/name.ts';
import { encodeQuery } from '../../../src/dns/wire/query.ts';
import { readReply } from '../../../src/dns/wire/read-reply.ts';
import { type RecordType, TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Reply } from '../../../src/dns/wire/reply.ts';
import { type ReplyRecord, replyTo, wireName } from '../../support/dns-reply.ts';

/** The sections of a response, as they are to be sent. */
export type Parts = {
  readonly answers?: readonly ReplyRecord[];
  readonly authorities?: readonly ReplyRecord[];
  readonly additionals?: readonly ReplyRecord[];
  readonly flags?: number;
  readonly question?: Uint8Array;
  readonly trailing?: Uint8Array;
};

/** A pointer to the name of the question. */
export const ASKED: Buffer = Buffer.from([0xc0, 12]);
export const NXDOMAIN = 0x8183;

/** Bytes from hexadecimal digits and spaces. */
export function bytes(...hex: readonly string[]): Buffer {
  return Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');
}

/** A pointer to `target`. */
export function pointer(target: number): Buffer {
  return Buffer.from([0xc0 | (target >> 8), target & 0xff]);
}

/** A query in small letters, its number 0. */
export function queryFor(name: string, type: RecordType = 'A', ednsBytes = 0): Uint8Array {
  return encodeQuery({ name: nameKey(name), type: TYPE[type] }, { ednsBytes, random: undefined });
}

/** A response to `query` with records in all sections. */
export function responseTo(query: Uint8Array, parts: Parts): Buffer {
  const { answers = [], authorities = [], additionals = [], flags, trailing } = parts;
  // Not the OPT record that may follow in the query.
  const { question = query.subarray(12, query[11] === 1 ? -11 : undefined) } = parts;
  const message = replyTo(query, [...answers, ...authorities, ...additionals], {
    answerCount: answers.length,
    question,
    ...(flags === undefined ? {} : { flags }),
  });
  message.writeUInt16BE(authorities.length, 8);
  message.writeUInt16BE(additionals.length, 10);
  return trailing === undefined ? message : Buffer.concat([message, trailing]);
}

/** What comes of a response to a query with OPT. */
export function read(name: string, type: RecordType, parts: Parts): Reply {
  const query = queryFor(name, type, 1232);
  return readReply(query, responseTo(query, parts), { exactCase: false, hadOpt: true });
}

/** A record of any type, its data as bytes. */
export function record(
  owner: string | Uint8Array,
  type: number,
  data: Uint8Array,
  ttl = 60,
): ReplyRecord {
  return { owner, type, ttl, data };
}

/** An SOA record; its numbers are 1 to 4 and `minimum`. */
export function soa(owner: string | Uint8Array, ttl: number, minimum: number): ReplyRecord {
  const numbers = Buffer.alloc(20);
  for (const [index, value] of [1, 2, 3, 4, minimum].entries()) {
    numbers.writeUInt32BE(value, 4 * index);
  }
  return record(owner, TYPE.SOA, Buffer.concat([wireName('ns'), wireName('root'), numbers]), ttl);
}

/** An OPT record; `extended` are the upper bits of the response code. */
export function opt(extended = 0, version = 0, options: Uint8Array = bytes()): ReplyRecord {
  const ttl = extended * 2 ** 24 + version * 2 ** 16;
  return { owner: '', type: TYPE.OPT, ttl, data: options, classCode: 1232 };
}

/** The name of that many bytes on the wire, 65 to 255; its labels are of one letter. */
export function nameOfBytes(count: number, letter = 'a'): string {
  const labels: string[] = [];
  let left = count - 1;
  for (; left > 64; left -= 64) labels.push(letter.repeat(63));
  return [...labels, letter.repeat(left - 1)].join('.');
}

/** Why the message was dropped; otherwise what it is. */
export function outcome(reply: Reply): string {
  return reply.kind === 'drop' ? reply.reason : reply.kind;
}
