import { Buffer } from 'node:buffer';
import { DnsError } from '../dns-error.ts';

/**
 * A name as bytes of the wire, ASCII letters lowered, in a latin1 string: length bytes, labels and
 * the zero of the root. The key of every table: two names are the same exactly when this is.
 */
export type NameKey = string;

/** Bytes of a label, without its length byte (RFC 1035 §2.3.4). */
export const LABEL_BYTES_MAX: number = 63;
/** Bytes of a name on the wire, with every length byte and the root's zero (RFC 1035 §2.3.4). */
export const NAME_BYTES_MAX: number = 255;
/** The name of which all others are part. */
export const ROOT: NameKey = '\0';

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** What an ASCII character is in a name that is given as text. */
const OTHER = 0;
const PLAIN = 1;
const UPPER = 2;
const KIND: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 0x41 && code <= 0x5a) return UPPER;
  return code > 0x20 && code < 0x7f && code !== DOT && code !== BACKSLASH ? PLAIN : OTHER;
});

/** Where a name is put together: nothing between its first byte and its text lets others run. */
const scratch = Buffer.alloc(NAME_BYTES_MAX);

/**
 * The key of `text`, which is absolute with and without a dot at its end; `.` is the root. `\.`,
 * `\\` and `\DDD` are escapes (RFC 1035 §5.1). Throws `DnsError` with `EBADNAME` and the reason.
 */
export function nameKey(text: string): NameKey {
  const key = plainKey(text) ?? anyKey(text);
  if (typeof key === 'string') return key;
  throw new DnsError('EBADNAME', shown(text), { why: key.why });
}

/** The key of a name of visible ASCII without an escape, as nearly all are; `undefined`: see `nameKey`. */
export function commonNameKey(text: string): NameKey | undefined {
  return plainKey(text);
}

/** As `nameKey`; `undefined` where that throws. */
export function tryNameKey(text: string): NameKey | undefined {
  const key = plainKey(text) ?? anyKey(text);
  return typeof key === 'string' ? key : undefined;
}

/**
 * The text of a name, without the root's dot; the root itself is `.`. Bytes that are not visible
 * ASCII become `\DDD`, a dot or a backslash inside a label stands behind a backslash. Also takes
 * bytes whose letters have kept their case.
 */
export function nameText(key: NameKey): string {
  if (key.length <= 1) return '.';
  let text = '';
  for (let at = 0; ; ) {
    const end = at + 1 + key.charCodeAt(at);
    text += isPlain(key, at + 1, end) ? key.slice(at + 1, end) : escaped(key, at + 1, end);
    if (end >= key.length - 1) return text;
    text += '.';
    at = end;
  }
}

/** Letters, digits, `-` and `_` only: anything else is no host that could be connected to. */
export function isHostName(key: NameKey): boolean {
  for (let at = 0; at < key.length - 1; ) {
    const end = at + 1 + key.charCodeAt(at);
    for (at += 1; at < end; at += 1) if (!isHostCode(key.charCodeAt(at))) return false;
  }
  return key.length > 1;
}

/** The labels from left to right, lowered, not escaped. */
export function labelsOf(key: NameKey): string[] {
  const labels: string[] = [];
  for (let at = 0; at < key.length - 1; ) {
    const end = at + 1 + key.charCodeAt(at);
    labels.push(key.slice(at + 1, end));
    at = end;
  }
  return labels;
}

/** How many labels there are; the root has none. */
export function labelCount(key: NameKey): number {
  let count = 0;
  for (let at = 0; at < key.length - 1; at += 1 + key.charCodeAt(at)) count += 1;
  return count;
}

/** The name without its first label; `undefined` of the root. */
export function parentOf(key: NameKey): NameKey | undefined {
  return key.length <= 1 ? undefined : key.slice(1 + key.charCodeAt(0));
}

/** Is `key` the name `ancestor`, or below it? */
export function isWithin(key: NameKey, ancestor: NameKey): boolean {
  let at = 0;
  while (key.length - at > ancestor.length) at += 1 + key.charCodeAt(at);
  return key.length - at === ancestor.length && key.endsWith(ancestor);
}

/** `key` as a name below `suffix`, for a search list; `undefined` when that is too long. */
export function nameBelow(key: NameKey, suffix: NameKey): NameKey | undefined {
  const bytes = key.length - 1 + suffix.length;
  return bytes > NAME_BYTES_MAX ? undefined : key.slice(0, -1) + suffix;
}

/** The way of nearly all names: visible ASCII without an escape. `undefined`: look closer. */
function plainKey(text: string): NameKey | undefined {
  let length = text.length;
  if (length > 1 && text.charCodeAt(length - 1) === DOT) length -= 1;
  // Every dot becomes the length byte of the label behind it; one more stands in front of the
  // first label, and the root ends the name.
  if (length === 0 || length + 2 > NAME_BYTES_MAX) return undefined;
  let lengthAt = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? KIND[code] : OTHER;
    if (kind === PLAIN) {
      scratch[at + 1] = code;
    } else if (kind === UPPER) {
      scratch[at + 1] = code + 0x20;
    } else if (code === DOT) {
      const bytes = at - lengthAt;
      if (bytes === 0 || bytes > LABEL_BYTES_MAX) return undefined;
      scratch[lengthAt] = bytes;
      lengthAt = at + 1;
    } else {
      return undefined;
    }
  }
  const bytes = length - lengthAt;
  if (bytes === 0 || bytes > LABEL_BYTES_MAX) return undefined;
  scratch[lengthAt] = bytes;
  scratch[length + 1] = 0;
  return scratch.toString('latin1', 0, length + 2);
}

type Problem = { readonly why: string };

/** The same with escapes, and with a reason where there is no such name. */
function anyKey(text: string): NameKey | Problem {
  if (text === '.') return ROOT;
  if (text === '') return { why: 'no name' };
  let key = '';
  let label = '';
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (label === '') return { why: 'an empty label' };
      key += String.fromCharCode(label.length) + label;
      label = '';
      continue;
    }
    if (code === BACKSLASH) {
      const byte = escapedByte(text, at + 1);
      if (byte < 0) return { why: `an escape that is none, at column ${at + 1}` };
      at += isDigit(text.charCodeAt(at + 1)) ? 3 : 1;
      label += lowered(byte);
    } else {
      if (code > 0x7e) return { why: `not ASCII, at column ${at + 1}` };
      if (code <= 0x20) return { why: `a space or control character, at column ${at + 1}` };
      label += lowered(code);
    }
    if (label.length > LABEL_BYTES_MAX) return { why: `a label of over ${LABEL_BYTES_MAX} bytes` };
    // With the label's own length byte and the root.
    if (key.length + label.length + 2 > NAME_BYTES_MAX) return TOO_LONG;
  }
  if (label !== '') key += String.fromCharCode(label.length) + label;
  return `${key}\0`;
}

const TOO_LONG: Problem = { why: `over ${NAME_BYTES_MAX} bytes` };

/** The byte that the escape whose backslash is in front of `at` stands for; -1: it is none. */
function escapedByte(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (!isDigit(code)) return code > 0x20 && code < 0x7f ? code : -1;
  const byte = Number(/^\d{3}/.exec(text.slice(at, at + 3))?.[0] ?? 256);
  return byte > 255 ? -1 : byte;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function lowered(byte: number): string {
  return String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
}

function isPlain(key: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const code = key.charCodeAt(at);
    if (code > 0x7f || KIND[code] === OTHER) return false;
  }
  return true;
}

function escaped(key: string, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 1) {
    const code = key.charCodeAt(at);
    if (code === DOT || code === BACKSLASH) text += `\\${key.charAt(at)}`;
    else if (code > 0x20 && code < 0x7f) text += key.charAt(at);
    else text += `\\${String(code).padStart(3, '0')}`;
  }
  return text;
}

function isHostCode(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(code) || code === 0x2d || code === 0x5f;
}

/** Bounded, and without control characters, for an error's text. */
function shown(text: string): string {
  const start = text.length > NAME_BYTES_MAX ? `${text.slice(0, 64)}…` : text;
  return start.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
  });
}
