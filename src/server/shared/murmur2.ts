const M = 0x5bd1e995;
const R = 24;

/** MurmurHash2 with seed 0 of a latin1 text, as `split_clients` and `hash` use it. 32 bits. */
export function murmur2(text: string): number {
  let h = text.length | 0;
  let at = 0;
  for (let rest = text.length; rest >= 4; rest -= 4, at += 4) {
    let k =
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = text.length - at;
  if (rest >= 3) h ^= text.charCodeAt(at + 2) << 16;
  if (rest >= 2) h ^= text.charCodeAt(at + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ text.charCodeAt(at), M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h >>> 0;
}
