const WORD_BYTES = 8;
const DATA_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/** Room for the 128 bits of an answer, as four words. */
export type HashWords = Int32Array;

/**
 * SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012), of text whose characters are bytes. With a
 * key that nobody outside knows, nobody can make two texts that meet. 64-bit words are pairs of
 * 32-bit ones, as JavaScript computes with these alone.
 */
export function sipHash(text: string, key: Int32Array, into: HashWords): void {
  const k0 = key[0] as number;
  const k1 = key[1] as number;
  const k2 = key[2] as number;
  const k3 = key[3] as number;
  let al = k0 ^ 0x70736575;
  let ah = k1 ^ 0x736f6d65;
  let bl = k2 ^ 0x6e646f6d ^ 0xee; // 0xee: an answer of 128 bits.
  let bh = k3 ^ 0x646f7261;
  let cl = k0 ^ 0x6e657261;
  let ch = k1 ^ 0x6c796765;
  let dl = k2 ^ 0x79746573;
  let dh = k3 ^ 0x74656462;
  const { length } = text;
  const words = Math.floor(length / WORD_BYTES) + 1;
  // Behind the words of the text come two steps that make one half of the answer each.
  for (let step = 0; step < words + 2; step += 1) {
    let ml = 0;
    let mh = 0;
    let rounds = FINAL_ROUNDS;
    if (step < words) {
      const at = step * WORD_BYTES;
      ml = wordAt(text, at);
      mh = wordAt(text, at + 4);
      if (step === words - 1) mh |= length << 24;
      rounds = DATA_ROUNDS;
      dl ^= ml;
      dh ^= mh;
    } else if (step === words) cl ^= 0xee;
    else bl ^= 0xdd;
    for (; rounds > 0; rounds -= 1) {
      let low = (al >>> 0) + (bl >>> 0);
      ah = (ah + bh + (low > 0xffff_ffff ? 1 : 0)) | 0;
      al = low | 0;
      low = (cl >>> 0) + (dl >>> 0);
      ch = (ch + dh + (low > 0xffff_ffff ? 1 : 0)) | 0;
      cl = low | 0;
      let t = (bl << 13) | (bh >>> 19);
      bh = ((bh << 13) | (bl >>> 19)) ^ ah;
      bl = t ^ al;
      t = (dl << 16) | (dh >>> 16);
      dh = ((dh << 16) | (dl >>> 16)) ^ ch;
      dl = t ^ cl;
      t = al;
      al = ah;
      ah = t;
      low = (cl >>> 0) + (bl >>> 0);
      ch = (ch + bh + (low > 0xffff_ffff ? 1 : 0)) | 0;
      cl = low | 0;
      low = (al >>> 0) + (dl >>> 0);
      ah = (ah + dh + (low > 0xffff_ffff ? 1 : 0)) | 0;
      al = low | 0;
      t = (bl << 17) | (bh >>> 15);
      bh = ((bh << 17) | (bl >>> 15)) ^ ch;
      bl = t ^ cl;
      t = (dl << 21) | (dh >>> 11);
      dh = ((dh << 21) | (dl >>> 11)) ^ ah;
      dl = t ^ al;
      t = cl;
      cl = ch;
      ch = t;
    }
    if (step < words) {
      al ^= ml;
      ah ^= mh;
      continue;
    }
    const half = step === words ? 0 : 2;
    into[half] = al ^ bl ^ cl ^ dl;
    into[half + 1] = ah ^ bh ^ ch ^ dh;
  }
}

/** Four bytes, the first one lowest; zeros behind the end. */
function wordAt(text: string, at: number): number {
  let word = 0;
  const end = Math.min(at + 4, text.length);
  for (let index = end - 1; index >= at; index -= 1) {
    word = (word << 8) | (text.charCodeAt(index) & 0xff);
  }
  return word;
}
