import type { Random } from '../../core/random.ts';
import type { NameKey } from './name.ts';
import { TYPE } from './record-type.ts';

/** Bytes of a message's header; no name begins in it (RFC 1035 §4.1.1). */
export const HEADER_BYTES: number = 12;
/** Type and class behind the name of a question (RFC 1035 §4.1.2). */
export const QUESTION_BYTES: number = 4;
/** The class of everything that is asked for. */
export const IN: number = 1;

/** RD, in the third byte of the header. */
const RD = 0x01;
/** An OPT record without options: root, type, size, extended code and flags, length (RFC 6891 §6.1.2). */
const OPT_BYTES = 11;
/** Header, the longest name, and OPT. */
export const QUERY_BYTES_MAX: number = HEADER_BYTES + 255 + QUESTION_BYTES + OPT_BYTES;

export type QueryOptions = {
  /** What the asker takes over UDP, told in an OPT record; 0: no OPT. */
  readonly ednsBytes: number;
  /** Chooses the case of each letter (0x20); `undefined`: all stay small. */
  readonly random: Random | undefined;
};

type Asked = { readonly name: NameKey; readonly type: number };

/** A query with recursion desired and the number 0, in bytes of its own. */
export function encodeQuery(question: Asked, options: QueryOptions): Uint8Array {
  const query = new Uint8Array(queryBytes(question.name, options.ednsBytes));
  writeQuery(query, question, options);
  return query;
}

/** How long the query is. */
export function queryBytes(name: NameKey, ednsBytes: number): number {
  return HEADER_BYTES + name.length + QUESTION_BYTES + (ednsBytes > 0 ? OPT_BYTES : 0);
}

/**
 * As `encodeQuery`, at the start of `target`, which has room for `QUERY_BYTES_MAX`, or for what
 * `queryBytes` says. Answers how many bytes it wrote.
 */
export function writeQuery(
  target: Uint8Array,
  { name, type }: Asked,
  options: QueryOptions,
): number {
  const { ednsBytes, random } = options;
  // Byte by byte: so few are written sooner so than filled.
  target[0] = 0;
  target[1] = 0;
  target[2] = RD;
  target[3] = 0;
  target[4] = 0;
  target[5] = 1; // QDCOUNT
  for (let index = 6; index < HEADER_BYTES; index += 1) target[index] = 0;
  let at = HEADER_BYTES;
  for (let index = 0; index < name.length; index += 1) target[at + index] = name.charCodeAt(index);
  at += name.length;
  target[at] = type >>> 8;
  target[at + 1] = type;
  target[at + 2] = 0;
  target[at + 3] = IN;
  at += QUESTION_BYTES;
  if (random !== undefined) reletter(target, random);
  if (ednsBytes === 0) return at;
  target[11] = 1; // ARCOUNT
  for (let index = 0; index < OPT_BYTES; index += 1) target[at + index] = 0;
  target[at + 2] = TYPE.OPT;
  target[at + 3] = ednsBytes >>> 8;
  target[at + 4] = ednsBytes;
  return at + OPT_BYTES;
}

/** Gives a query another number, 0 to 65535, so that it can be sent once more. */
export function setId(query: Uint8Array, id: number): void {
  query[0] = id >>> 8;
  query[1] = id;
}

/** The number of a message of at least 2 bytes. */
export function idOf(message: Uint8Array): number {
  return ((message[0] as number) << 8) | (message[1] as number);
}

/** Throws the case of every letter anew; without `random` all become small. */
export function reletter(query: Uint8Array, random: Random | undefined): void {
  let bits = 0;
  let left = 0;
  for (let at = HEADER_BYTES; ; ) {
    const end = at + 1 + (query[at] as number);
    if (end === at + 1) return;
    for (at += 1; at < end; at += 1) {
      const lower = (query[at] as number) | 0x20;
      if (lower < 0x61 || lower > 0x7a) continue;
      if (left === 0 && random !== undefined) {
        bits = random.nextUint32();
        left = 32;
      }
      query[at] = (bits & 1) === 1 ? lower - 0x20 : lower;
      bits >>>= 1;
      left -= 1;
    }
  }
}

/** Where the question of a query of ours ends. */
export function questionEnd(query: Uint8Array): number {
  let at = HEADER_BYTES;
  for (let length = query[at] as number; length > 0; length = query[at] as number) at += 1 + length;
  return at + 1 + QUESTION_BYTES;
}
