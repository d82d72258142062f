import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { desCrypt } from './des-crypt.ts';
import { md5Crypt } from './md5-crypt.ts';
import { ShaCrypt } from './sha-crypt.ts';

/** A hash of a kind that is not known here, or not any more. */
export class UnknownHash extends Error {}

const SHA1_BYTES = 20;
/** Longer ones are wrong: the time that the crypts take grows with the square of the length. */
export const PASSWORD_BYTES_MAX: number = 1024;

/** A password beside a hash, as password files have them. */
export class PasswordCheck {
  readonly #hash: string;
  /** What the password makes, where that is known at once. */
  readonly #made: string | undefined;
  readonly #sha: ShaCrypt | undefined;

  /** Throws `UnknownHash`. */
  constructor(password: string, hash: string) {
    this.#hash = hash;
    const isTooLong = password.length > PASSWORD_BYTES_MAX && hash.startsWith('$');
    const isSha = !isTooLong && /^\$[56]\$/.test(hash);
    this.#sha = isSha ? ShaCrypt.of(password, hash) : undefined;
    if (isTooLong) this.#made = '';
    else this.#made = this.#sha === undefined ? madeAtOnce(password, hash) : undefined;
  }

  /** Goes on for about so many rounds of hashing. `undefined`: it is not known yet. */
  run(roundsMax: number): boolean | undefined {
    const made = this.#sha === undefined ? this.#made : this.#sha.run(roundsMax);
    return made === undefined ? undefined : isSame(made, this.#hash);
  }
}

function madeAtOnce(password: string, hash: string): string {
  if (hash.startsWith('$apr1$')) return md5Crypt(password, '$apr1$', hash);
  if (hash.startsWith('$1$')) return md5Crypt(password, '$1$', hash);
  if (hash.startsWith('{PLAIN}')) return `{PLAIN}${password}`;
  if (hash.startsWith('{SHA}')) return `{SHA}${sha1(password, Buffer.alloc(0)).toString('base64')}`;
  if (hash.startsWith('{SSHA}')) return saltedSha(password, hash);
  if (/^\$2[abxy]?\$/.test(hash)) throw new UnknownHash('bcrypt is not supported');
  if (/^\$[56]\$/.test(hash)) throw new UnknownHash('it asks for too many rounds');
  const made = hash.startsWith('$') ? undefined : desCrypt(password, hash);
  if (made === undefined) throw new UnknownHash('the kind of its hash is not known');
  return made;
}

function sha1(password: string, salt: Uint8Array): Buffer {
  return createHash('sha1').update(password, 'latin1').update(salt).digest();
}

function saltedSha(password: string, hash: string): string {
  const salt = Buffer.from(hash.slice('{SSHA}'.length), 'base64').subarray(SHA1_BYTES);
  return `{SSHA}${Buffer.concat([sha1(password, salt), salt]).toString('base64')}`;
}

/** Takes as long for a wrong password as for a right one. */
function isSame(one: string, other: string): boolean {
  const a = createHash('sha256').update(one, 'latin1').digest();
  const b = createHash('sha256').update(other, 'latin1').digest();
  return timingSafeEqual(a, b);
}
