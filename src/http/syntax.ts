/** Character classes of RFC 9110 §5.6 and RFC 9112 §3, as bits of one table of bytes. */

/** May stand in a token: methods and field names (RFC 9110 §5.6.2). */
export const TOKEN = 1;
/** May stand in a field value: VCHAR, obs-text, space and tab (RFC 9110 §5.5). */
export const VALUE = 2;
/** May stand in a request target: visible ASCII but `#` (RFC 9112 §3.2, RFC 3986 §3.5). */
export const TARGET = 4;
/** May stand in a method: upper-case letters, digits, `-` and `_`, as servers know them. */
export const METHOD = 8;
/** `_`, which some programs take for `-` in a field name. */
export const UNDERSCORE = 16;
/** `%` and `.`: a target with one of them may say another path than it seems to. */
export const PATH_MARK = 32;
/** May stand in a host's name: unreserved, sub-delims and `%` (RFC 3986 §3.2.2). */
export const HOST_NAME = 64;
/** May stand in a field name that is read in one way only: a token without `_`. */
export const PLAIN_NAME = 128;
/** May stand in a reason phrase (RFC 9112 §4). */
export const REASON: number = VALUE;

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;

/** May stand in a field name that every program reads: a letter, a digit or `-`. */
export const SAFE_NAME = 256;

export const CLASS: Uint16Array = classes();

function classes(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    const letter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    const digit = byte >= 0x30 && byte <= 0x39;
    const char = String.fromCharCode(byte);
    let bits = 0;
    if (letter || digit || "!#$%&'*+-.^_`|~".includes(char)) bits |= TOKEN;
    if (byte === TAB || (byte >= 0x20 && byte !== 0x7f)) bits |= VALUE;
    if (byte > 0x20 && byte < 0x7f && char !== '#') bits |= TARGET;
    if ((byte >= 0x41 && byte <= 0x5a) || digit || char === '-' || char === '_') bits |= METHOD;
    if (letter || digit || char === '-') bits |= SAFE_NAME;
    bits |= char === '_' ? UNDERSCORE : (bits & TOKEN) === 0 ? 0 : PLAIN_NAME;
    if (char === '%' || char === '.') bits |= PATH_MARK;
    if (letter || digit || "-._~!$&'()*+,;=%".includes(char)) bits |= HOST_NAME;
    table[byte] = bits;
  }
  return table;
}
