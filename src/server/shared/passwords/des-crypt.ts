import { CRYPT_DIGITS } from './crypt-base64.ts';

// The tables of DES (FIPS 46-3), with bits counted from 1, as they are printed there.

const PERMUTED_CHOICE_1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60,
  52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21,
  13, 5, 28, 20, 12, 4,
];
const PERMUTED_CHOICE_2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52,
  31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
const PERMUTATION = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13,
  30, 6, 22, 11, 4, 25,
];
const FINAL_PERMUTATION = [
  40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37,
  5, 45, 13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2,
  42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];
/** The eight boxes, four rows of sixteen hexadecimal digits each. */
const BOXES = [
  'e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d',
  'f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9',
  'a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c',
  '7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e',
  '2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453',
  'c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d',
  '4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c',
  'd2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b',
].map((rows) =>
  rows
    .replaceAll(' ', '')
    .split('')
    .map((digit) => Number.parseInt(digit, 16)),
);

const ROUNDS = 16;
const ENCRYPTIONS = 25;
const KEY_CHARS = 8;

/** The traditional crypt(3): 25 times DES of zeros, whose expansion depends on two digits of salt. */
export function desCrypt(password: string, salt: string): string | undefined {
  const digits = [CRYPT_DIGITS.indexOf(salt[0] ?? ' '), CRYPT_DIGITS.indexOf(salt[1] ?? ' ')];
  if (digits.some((digit) => digit < 0)) return undefined;
  const keys = roundKeys(password);
  const expansion = expansionFor((digits[0] as number) | ((digits[1] as number) << 6));
  let left = new Uint8Array(32);
  let right = new Uint8Array(32);
  for (let time = 0; time < ENCRYPTIONS; time += 1) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const mixed = mix(right, expansion, keys[round] as Uint8Array);
      for (let bit = 0; bit < 32; bit += 1)
        mixed[bit] = (mixed[bit] as number) ^ (left[bit] as number);
      left = right;
      right = mixed;
    }
    [left, right] = [right, left];
  }
  const block = Uint8Array.of(...left, ...right);
  return salt.slice(0, 2) + digitsOf(FINAL_PERMUTATION.map((from) => block[from - 1] as number));
}

/** 64 bits as eleven digits, the highest bits first. */
function digitsOf(bits: readonly number[]): string {
  let text = '';
  for (let at = 0; at < 66; at += 6) {
    let value = 0;
    for (let bit = at; bit < at + 6; bit += 1) value = value * 2 + (bits[bit] ?? 0);
    text += CRYPT_DIGITS[value];
  }
  return text;
}

function roundKeys(password: string): readonly Uint8Array[] {
  const key = new Uint8Array(64);
  for (let char = 0; char < KEY_CHARS; char += 1) {
    const code = char < password.length ? password.charCodeAt(char) : 0;
    for (let bit = 0; bit < 7; bit += 1) key[char * 8 + bit] = (code >> (6 - bit)) & 1;
  }
  let halves = PERMUTED_CHOICE_1.map((from) => key[from - 1] as number);
  return SHIFTS.map((shift) => {
    const rotate = (half: number[]): number[] => [...half.slice(shift), ...half.slice(0, shift)];
    halves = [...rotate(halves.slice(0, 28)), ...rotate(halves.slice(28))];
    return Uint8Array.from(PERMUTED_CHOICE_2, (from) => halves[from - 1] as number);
  });
}

/** Bits of the salt swap halves of the expansion. */
function expansionFor(salt: number): readonly number[] {
  const bits = Array.from(
    { length: 48 },
    (_, bit) => (Math.floor(bit / 6) * 4 + (bit % 6) + 31) % 32,
  );
  for (let bit = 0; bit < 12; bit += 1) {
    if (((salt >> bit) & 1) === 0) continue;
    [bits[bit], bits[bit + 24]] = [bits[bit + 24] as number, bits[bit] as number];
  }
  return bits;
}

function mix(
  right: Uint8Array,
  expansion: readonly number[],
  key: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const boxed = new Uint8Array(32);
  for (let box = 0; box < 8; box += 1) {
    let bits = 0;
    for (let bit = box * 6; bit < box * 6 + 6; bit += 1) {
      bits = bits * 2 + ((right[expansion[bit] as number] as number) ^ (key[bit] as number));
    }
    const row = ((bits >> 4) & 2) | (bits & 1);
    const value = BOXES[box]?.[row * 16 + ((bits >> 1) & 15)] as number;
    for (let bit = 0; bit < 4; bit += 1) boxed[box * 4 + bit] = (value >> (3 - bit)) & 1;
  }
  return Uint8Array.from(PERMUTATION, (from) => boxed[from - 1] as number);
}
