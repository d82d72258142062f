import { formatIp } from '../../net/ip.ts';
import { badMessage, DnsError, type DnsErrorCode } from './dns-error.ts';
import { encodeName, fold } from './name.ts';
import { HEADER_BYTES, NameReader } from './name-reader.ts';

/** What can be asked for: addresses of one family. */
export type QueryType = 'A' | 'AAAA';

/** Addresses of a name, and for how long they hold. */
export type Answer = {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
};

/** Aliases in a row that are followed from the name that was asked for. */
export const CNAME_LINKS_MAX: number = 8;
/** A longer TTL counts as this one, a day, in milliseconds. */
export const TTL_MS_MAX: number = 86_400_000;

const TYPE: Readonly<Record<QueryType, number>> = { A: 1, AAAA: 28 };
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 28: 16 };
const CNAME = 5;
const IN = 1;
/** Type, class, TTL and RDLENGTH of a record (RFC 1035 §4.1.3). */
const RECORD_BYTES = 10;
/** Type and class of a question (RFC 1035 §4.1.2). */
const QUESTION_BYTES = 4;
/** QR and OPCODE, in the third byte of the header (RFC 1035 §4.1.1). */
const QR_OPCODE = 0xf8;
const QR = 0x80;
const TC = 0x02;
const RD = 0x01;
const RCODE = 0x0f;

const RCODES: readonly (DnsErrorCode | undefined)[] = [
  undefined,
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
];

/** A record that may matter: its places in the message. */
type AnswerRecord = {
  readonly ownerAt: number;
  readonly type: number;
  readonly ttlMs: number;
  readonly dataAt: number;
  readonly dataBytes: number;
};

/** A query for one name and type, recursion desired; `id` is 0 to 65535. */
export function encodeQuery(id: number, name: string, type: QueryType): Uint8Array {
  const wire = encodeName(name);
  const query = new Uint8Array(HEADER_BYTES + wire.length + QUESTION_BYTES);
  setId(query, id);
  query[2] = RD;
  query[5] = 1; // QDCOUNT
  query.set(wire, HEADER_BYTES);
  query[query.length - 3] = TYPE[type];
  query[query.length - 1] = IN;
  return query;
}

/** Gives a query another number, so that it can be sent once more. */
export function setId(query: Uint8Array, id: number): void {
  query[0] = id >>> 8;
  query[1] = id;
}

/**
 * Is this a response to `query`: its number, and its question as it was asked? Anything else may
 * be forged, or late, and must not end the wait.
 */
export function isResponseTo(query: Uint8Array, message: Uint8Array): boolean {
  return strayAt(query, message) < 0;
}

/**
 * The addresses that `message` gives for what `query` asked, through aliases where there are any.
 * Records of other names, and sections behind the answers, are not looked at: who answers for one
 * name is not to be believed about another. Throws `DnsError` alone.
 */
export function decodeResponse(query: Uint8Array, message: Uint8Array): Answer {
  const at = strayAt(query, message);
  if (at >= 0) throw badMessage(at, 'not a response to the query');
  if (((message[2] as number) & TC) !== 0) throw new DnsError('TRUNCATED', 'cut off by the server');
  const rcode = (message[3] as number) & RCODE;
  if (rcode !== 0) throw new DnsError(RCODES[rcode] ?? 'OTHER_RCODE', `response code ${rcode}`);
  const names = new NameReader(message);
  const type = uint16(query, query.length - QUESTION_BYTES);
  return follow(message, type, names, recordsOf(message, query.length, type, names));
}

/** The first byte that the response to `query` would not have; -1 when there is none. */
function strayAt(query: Uint8Array, message: Uint8Array): number {
  if (message.length < query.length) return message.length;
  if (message[0] !== query[0] || message[1] !== query[1]) return 0;
  if (((message[2] as number) & QR_OPCODE) !== QR) return 2;
  if (uint16(message, 4) !== 1) return 4;
  // Type and class are below 0x40, as length bytes are: only the letters of labels are folded.
  for (let at = HEADER_BYTES; at < query.length; at += 1) {
    if (fold(message[at] as number) !== fold(query[at] as number)) return at;
  }
  return -1;
}

/** Aliases and addresses of the answer section; everything else is passed over by its length. */
function recordsOf(
  message: Uint8Array,
  start: number,
  wanted: number,
  names: NameReader,
): AnswerRecord[] {
  const records: AnswerRecord[] = [];
  let at = start;
  for (let left = uint16(message, 6); left > 0; left -= 1) {
    const ownerAt = at;
    at = names.skip(at);
    const dataAt = at + RECORD_BYTES;
    if (dataAt > message.length) throw badMessage(at, 'the message ends in a record');
    const dataBytes = uint16(message, at + 8);
    if (dataAt + dataBytes > message.length) throw badMessage(at + 8, 'data past the end');
    const type = uint16(message, at);
    if ((type === wanted || type === CNAME) && uint16(message, at + 2) === IN) {
      records.push({ ownerAt, type, ttlMs: ttlMsAt(message, at + 4), dataAt, dataBytes });
    }
    at = dataAt + dataBytes;
  }
  return records;
}

/**
 * From the name of the question, alias by alias, to a name that has addresses. The records of a
 * chain may stand in any order. A name with an address and an alias breaks RFC 2181 §10.1; its
 * addresses are what was asked for.
 */
function follow(
  message: Uint8Array,
  type: number,
  names: NameReader,
  records: readonly AnswerRecord[],
): Answer {
  let nameAt = HEADER_BYTES;
  let ttlMs = TTL_MS_MAX;
  for (let links = 0; ; links += 1) {
    const own = records.filter(({ ownerAt }) => names.same(nameAt, ownerAt));
    const found = own.filter((record) => record.type === type);
    if (found.length > 0) {
      // A set, because an address that is given twice counts once (RFC 2181 §5).
      const addresses = new Set(found.map((record) => addressOf(message, record)));
      return { addresses: [...addresses], ttlMs: minTtlMs(found, ttlMs) };
    }
    const alias = own[0];
    if (alias === undefined) throw new DnsError('NODATA', 'the name has no such address');
    if (links === CNAME_LINKS_MAX) throw badMessage(alias.ownerAt, 'too many aliases in a row');
    for (const record of own) checkAlias(names, record, alias);
    ttlMs = minTtlMs(own, ttlMs);
    nameAt = alias.dataAt;
  }
}

/** A name has one canonical name (RFC 2181 §10.1): two records may only say the same. */
function checkAlias(names: NameReader, record: AnswerRecord, first: AnswerRecord): void {
  const { dataAt, dataBytes } = record;
  if (names.skip(dataAt) !== dataAt + dataBytes) throw badMessage(dataAt, 'not one name');
  names.check(dataAt);
  if (!names.same(first.dataAt, dataAt)) throw badMessage(dataAt, 'two aliases of one name');
}

function addressOf(message: Uint8Array, { type, dataAt, dataBytes }: AnswerRecord): string {
  if (dataBytes !== ADDRESS_BYTES[type]) {
    throw badMessage(dataAt - 2, `an address of ${dataBytes} bytes`);
  }
  return formatIp(message.subarray(dataAt, dataAt + dataBytes));
}

function minTtlMs(records: readonly AnswerRecord[], ttlMs: number): number {
  return records.reduce((least, record) => Math.min(least, record.ttlMs), ttlMs);
}

/** A TTL with its top bit set counts as 0 (RFC 2181 §8). */
function ttlMsAt(message: Uint8Array, at: number): number {
  const seconds = uint16(message, at) * 65_536 + uint16(message, at + 2);
  return seconds > 0x7fff_ffff ? 0 : seconds * 1000;
}

/** Callers have made sure that both bytes are there. */
function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 256 + (bytes[at + 1] as number);
}
