/** The reflected polynomial of IEEE 802.3, as zlib and nginx have it. */
const POLYNOMIAL = 0xedb88320;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** What `crcOfText` begins with. */
export const CRC_START: number = -1;

/**
 * Goes on with a CRC over text. Received text is latin1, a character a byte; of one that a program
 * made and that does not fit, both bytes count.
 */
export function crcOfText(crc: number, text: string): number {
  let value = crc;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    value = crcOfByte(value, code & 0xff);
    if (code > 0xff) value = crcOfByte(value, code >>> 8);
  }
  return value;
}

export function crcOfByte(crc: number, byte: number): number {
  return (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
}

/** The finished CRC, 0 to 2^32 - 1. */
export function crcEnd(crc: number): number {
  return ~crc >>> 0;
}
