/** Digits of the passwords' base 64, which is nobody else's. */
export const CRYPT_DIGITS: string =
  './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `count` digits of a number, the lowest first. */
export function cryptDigits(value: number, count: number): string {
  let text = '';
  for (let digit = 0; digit < count; digit += 1) {
    text += CRYPT_DIGITS[Math.floor(value / 64 ** digit) % 64];
  }
  return text;
}
