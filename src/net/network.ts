import { formatIp, parseIp } from './ip.ts';

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export type Network = {
  readonly family: 'ipv4' | 'ipv6';
  readonly words: Uint32Array;
  readonly length: number;
  /** Bits behind the length were set: they mean nothing. */
  readonly hasLowBits: boolean;
  /** Its one form: without these bits, and always with a length. */
  readonly text: string;
};

/** Reads a network; `undefined`: it is none. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (typeof bytes === 'number') return undefined;
  const bits = bytes.length * 8;
  const digits = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > bits) return undefined;
  const length = Number(digits);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const words = new Uint32Array(bytes.length / 4);
  let hasLowBits = false;
  for (let word = 0; word < words.length; word += 1) {
    const kept = Math.min(32, Math.max(0, length - word * 32));
    const mask = kept === 0 ? 0 : (-1 << (32 - kept)) >>> 0;
    const value = view.getUint32(word * 4);
    words[word] = value & mask;
    view.setUint32(word * 4, value & mask);
    if ((value & mask) >>> 0 !== value) hasLowBits = true;
  }
  const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
  return { family, words, length, hasLowBits, text: `${formatIp(bytes)}/${length}` };
}

/** The same for a text that was checked before. Throws where it is none after all. */
export function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`invalid network "${text}"`);
  return network;
}
