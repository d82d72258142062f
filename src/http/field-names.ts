/** The fields that the engine itself reads or removes; every other name is `OTHER`. */
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

/** Is the field meant for this connection alone (RFC 9110 §7.6.1)? */
export function isHopByHop(id: number): boolean {
  return (id >= TRANSFER_ENCODING && id <= PROXY_CONNECTION) || id === HTTP2_SETTINGS;
}

/** Where a name stands in the table below: its length and its ends tell these few apart. */
function slotOf(length: number, first: number, last: number): number {
  return (length * LENGTH_FACTOR + (first | 0x20) * FIRST_FACTOR + (last | 0x20)) % SLOTS;
}

const SLOTS = 32;
const LENGTH_FACTOR = 3;
const FIRST_FACTOR = 8;
const ID_AT: Uint8Array = new Uint8Array(SLOTS);
for (let id = 1; id < NAMES.length; id += 1) {
  const name = NAMES[id] as string;
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  if (ID_AT[slot] !== 0) throw new RangeError(`two names in one slot: ${name}`);
  ID_AT[slot] = id;
}

/** Which field the name from `start` to `end`, at least one byte, is. */
export function fieldId(data: Uint8Array, start: number, end: number): number {
  const slot = slotOf(end - start, data[start] as number, data[end - 1] as number);
  const id = ID_AT[slot] as number;
  const name = NAMES[id] as string;
  if (name.length !== end - start) return OTHER;
  for (let i = 0; i < name.length; i += 1) {
    // No character of a token but an upper-case letter becomes another of the name by this bit.
    if (((data[start + i] as number) | 0x20) !== name.charCodeAt(i)) return OTHER;
  }
  return id;
}
