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

/** Adds a byte of a name to its hash; names that differ only in case have the same one. */
export function hashStep(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + (byte | 0x20)) & 0xffff;
}

const SLOTS = 128;
const SLOT_OF: Uint8Array = new Uint8Array(SLOTS);
for (let id = 1; id < NAMES.length; id += 1) {
  const name = NAMES[id] as string;
  let hash = 0;
  for (let i = 0; i < name.length; i += 1) hash = hashStep(hash, name.charCodeAt(i));
  if (SLOT_OF[hash % SLOTS] !== 0) throw new RangeError(`two names in one slot: ${name}`);
  SLOT_OF[hash % SLOTS] = id;
}

/** Which field the name from `start` to `end` is, given its hash. */
export function fieldId(data: Uint8Array, start: number, end: number, hash: number): number {
  const id = SLOT_OF[hash % SLOTS] as number;
  const name = NAMES[id] as string;
  if (name.length !== end - start) return OTHER;
  for (let i = 0; i < name.length; i += 1) {
    // No character of a token but an upper-case letter becomes another of the name by this bit.
    if (((data[start + i] as number) | 0x20) !== name.charCodeAt(i)) return OTHER;
  }
  return id;
}
