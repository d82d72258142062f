/** The fields that are read or removed by ourselves, the access log's included; every other name is `OTHER`. */
const NAMES = [
  '',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'expect',
  'date',
  'http2-settings',
  'x-forwarded-for',
  'referer',
  'user-agent',
  'authorization',
  'proxy-authorization',
  'if-modified-since',
  'if-unmodified-since',
  'if-match',
  'if-none-match',
  'if-range',
  'content-range',
] as const;

export const OTHER = 0;
/** A name with `_` in it: some programs would read it as another name, so it is dropped. */
export const AMBIGUOUS = 255;
export const HOST = 1;
export const CONTENT_LENGTH = 2;
export const TRANSFER_ENCODING = 3;
export const CONNECTION = 4;
export const KEEP_ALIVE = 5;
export const TE = 6;
export const TRAILER = 7;
export const UPGRADE = 8;
export const PROXY_CONNECTION = 9;
export const EXPECT = 10;
export const DATE = 11;
export const HTTP2_SETTINGS = 12;
export const X_FORWARDED_FOR = 13;
export const REFERER = 14;
export const USER_AGENT = 15;
export const AUTHORIZATION = 16;
/** From here on: fields that say something once, or nothing that is clear. */
const UNIQUE_FROM = AUTHORIZATION;

/** Is it a field that a request has at most once? */
export function isUnique(id: number): boolean {
  return (id >= UNIQUE_FROM && id < AMBIGUOUS) || id === EXPECT;
}

/** Is the field meant for this connection alone (RFC 9110 §7.6.1)? */
export function isHopByHop(id: number): boolean {
  return (id >= TRANSFER_ENCODING && id <= PROXY_CONNECTION) || id === HTTP2_SETTINGS;
}

/** Where a name stands in the table below: its length and its ends tell these few apart. */
function slotOf(length: number, first: number, last: number): number {
  return (length * LENGTH_FACTOR + (first | 0x20) * FIRST_FACTOR + (last | 0x20)) % SLOTS;
}

const SLOTS = 64;
const LENGTH_FACTOR = 2;
const FIRST_FACTOR = 19;
/** Bytes of the longest name. */
const NAME_BYTES_MAX = Math.max(...NAMES.map((name) => name.length));
// Tables of bytes, as comparing with a string costs a check of what string it is for each one.
const ID_AT: Uint8Array = new Uint8Array(SLOTS);
const LENGTH_AT: Uint8Array = new Uint8Array(SLOTS);
const NAME_AT: Uint8Array = new Uint8Array(SLOTS * NAME_BYTES_MAX);
for (let id = 1; id < NAMES.length; id += 1) {
  const name = NAMES[id] as string;
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  if (ID_AT[slot] !== 0) throw new RangeError(`two names in one slot: ${name}`);
  ID_AT[slot] = id;
  LENGTH_AT[slot] = name.length;
  for (let i = 0; i < name.length; i += 1) NAME_AT[slot * NAME_BYTES_MAX + i] = name.charCodeAt(i);
}

/** Which field the name from `start` to `end`, at least one byte, is. */
export function fieldId(data: Uint8Array, start: number, end: number): number {
  const slot = slotOf(end - start, data[start] as number, data[end - 1] as number);
  if (LENGTH_AT[slot] !== end - start) return OTHER;
  const names = NAME_AT;
  let to = slot * NAME_BYTES_MAX;
  for (let at = start; at < end; at += 1, to += 1) {
    // No character of a token but an upper-case letter becomes another of the name by this bit.
    if (((data[at] as number) | 0x20) !== names[to]) return OTHER;
  }
  return ID_AT[slot] as number;
}
