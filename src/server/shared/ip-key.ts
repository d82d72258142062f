import { parseIpv6 } from '../../net/ip.ts';

const DOT = 0x2e;
const ZERO = 0x30;
/** How a connection over a unix socket is named where an address is expected. */
export const UNIX_ADDRESS: string = 'unix:';

/**
 * An address as numbers, to look it up in a table: one word for IPv4, four for IPv6. One that is
 * mapped into IPv6 counts as IPv4. Used again and again, so that a lookup allocates nothing.
 */
export class IpKey {
  family: 'ipv4' | 'ipv6' | 'unix' | 'none' = 'none';
  readonly words: Uint32Array = new Uint32Array(4);

  /** Reads the text of an address; what is none has the family `none`. */
  read(text: string): this {
    if (readIpv4(text, this.words)) {
      this.family = 'ipv4';
      return this;
    }
    if (text.startsWith(UNIX_ADDRESS)) this.family = 'unix';
    else {
      const bytes = text.includes(':') ? parseIpv6(text) : 0;
      if (typeof bytes === 'number') this.family = 'none';
      else this.#take(bytes);
    }
    return this;
  }

  #take(bytes: Uint8Array): void {
    const { words } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let word = 0; word < 4; word += 1) words[word] = view.getUint32(word * 4);
    this.family = 'ipv6';
    if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return;
    this.family = 'ipv4';
    words[0] = words[3] as number;
  }
}

/** Four decimal numbers without leading zeros. */
function readIpv4(text: string, words: Uint32Array): boolean {
  if (text.length > 15) return false;
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || dots === 3) return false;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots += 1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return false;
    octet = octet * 10 + digit;
    digits += 1;
    if (octet > 255) return false;
  }
  if (digits === 0 || dots !== 3) return false;
  words[0] = value * 256 + octet;
  return true;
}
