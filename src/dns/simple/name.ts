import { DnsError } from './dns-error.ts';

/** Bytes of a label, without its length byte (RFC 1035 §2.3.4). */
export const LABEL_BYTES_MAX: number = 63;
/** Bytes of a name on the wire, with every length byte and the root's zero (RFC 1035 §2.3.4). */
export const NAME_BYTES_MAX: number = 255;

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/**
 * The wire form of `text`, which is absolute with and without a dot at its end; `.` is the root.
 * Only visible ASCII is taken. A backslash would begin an escape (RFC 1035 §5.1): names with
 * escapes are refused, because taking them literally would ask for another name.
 */
export function encodeName(text: string): Uint8Array {
  if (text === '.') return new Uint8Array(1);
  const length = text.endsWith('.') ? text.length - 1 : text.length;
  // Every dot becomes the length byte of the label behind it; one more stands in front of the
  // first label, and the root ends the name.
  if (length + 2 > NAME_BYTES_MAX) throw badName(text, `over ${NAME_BYTES_MAX} bytes`);
  const wire = new Uint8Array(length + 2);
  let lengthAt = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      wire[lengthAt] = labelBytes(text, at - lengthAt);
      lengthAt = at + 1;
    } else {
      if (code <= 0x20 || code >= 0x7f || code === BACKSLASH) {
        throw badName(text, `not a character of a name, at column ${at + 1}`);
      }
      wire[at + 1] = code;
    }
  }
  wire[lengthAt] = labelBytes(text, length - lengthAt);
  return wire;
}

/** Lower-cases an ASCII letter. Bytes below 0x40, and so all length bytes, stay what they are. */
export function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function labelBytes(text: string, count: number): number {
  if (count === 0) throw badName(text, 'an empty label');
  if (count > LABEL_BYTES_MAX) throw badName(text, `a label of over ${LABEL_BYTES_MAX} bytes`);
  return count;
}

function badName(text: string, what: string): DnsError {
  const shown = JSON.stringify(text.length > NAME_BYTES_MAX ? `${text.slice(0, 64)}…` : text);
  return new DnsError('BAD_NAME', `${shown}: ${what}`);
}
