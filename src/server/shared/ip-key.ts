import { parseIpv6 } from '../../net/ip.ts';
import { ipv4Number } from '../../net/ipv4-number.ts';

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
    const ipv4 = ipv4Number(text);
    if (ipv4 >= 0) {
      this.family = 'ipv4';
      this.words[0] = ipv4;
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
