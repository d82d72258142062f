import { Buffer } from 'node:buffer';
import { NAME_BYTES_MAX } from './name.ts';
import { HEADER_BYTES } from './query.ts';

/** The first byte of a pointer is this or more; what lies between labels and pointers is nothing. */
const POINTER = 0xc0;
const LABEL_BYTES_MAX = 0x3f;
/** A pointer counts as this many bytes: it costs about as much as two. */
const HOP_WORK = 2;

/**
 * What may be looked at of the names of one message: bytes, and pointers as two each. An honest
 * message needs a few times its own length, one whose 16-byte records all have owners of 255 bytes
 * just over 16 times; a hostile one of 64 KiB ends within milliseconds.
 */
export function workMaxOf(messageBytes: number): number {
  return 20 * messageBytes + 4_096;
}

/**
 * Reads the names of one message where they lie. Nothing throws: a name that is none answers -1,
 * or `false`, and so does every name once `workMaxOf` is used up.
 *
 * A name is labels and a zero byte, or labels and a pointer to the rest (RFC 1035 §4.1.4):
 *
 *    20: 1 F 3 I S I 4 A R P A 0        40: 3 F O O → 20
 *
 * A pointer leads to a *prior* occurrence. Ours must lead to before the run of labels at whose end
 * it stands, so that no chain of pointers can come back; the budget ends what is merely long.
 */
export class NameReader {
  message: Uint8Array = new Uint8Array(0);
  /** What has been spent; past `workMax`, everything else fails. */
  work = 0;
  workMax = 0;
  /** Behind the name that `load` has read last, where it stands. */
  after = 0;
  readonly #bytes = Buffer.alloc(NAME_BYTES_MAX);
  #length = 0;

  /** Starts with another message, which must not change while it is read. */
  reset(message: Uint8Array): void {
    this.message = message;
    this.work = 0;
    this.workMax = workMaxOf(message.length);
  }

  /** Where the field behind the name at `start` begins, or -1. A pointer is not followed. */
  skip(start: number): number {
    const { message } = this;
    const end = message.length;
    let at = start;
    while (at < end) {
      const length = message[at] as number;
      if (length === 0) return this.#skipped(start, at, 1);
      if (length >= POINTER) {
        return backwards(message, at, start) < 0 ? -1 : this.#skipped(start, at, 2);
      }
      if (length > LABEL_BYTES_MAX) return -1;
      at += 1 + length;
    }
    return -1;
  }

  /**
   * Are both names the same but for the case of ASCII letters? 1 or 0; -1 when the one at `other`
   * turns out to be none, which is not looked for behind the first difference. The name at `known`
   * has been read before.
   */
  same(known: number, other: number): number {
    const { message } = this;
    const end = message.length;
    let left = known;
    let right = other;
    let runAt = other;
    for (;;) {
      let length = message[left] as number;
      while (length >= POINTER) {
        left = ((length & 0x3f) << 8) | (message[left + 1] as number);
        this.work += HOP_WORK;
        length = message[left] as number;
      }
      let mine = right < end ? (message[right] as number) : 0x40;
      while (mine >= POINTER) {
        right = backwards(message, right, runAt);
        if (right < 0) return -1;
        runAt = right;
        this.work += HOP_WORK;
        if (this.work > this.workMax) return -1;
        mine = message[right] as number;
      }
      // Where a pointer has led into the other name, the rest is one and the same.
      if (left === right) return 1;
      if (mine > LABEL_BYTES_MAX || right + mine >= end) return -1;
      if (mine !== length) return 0;
      if (length === 0) return 1;
      for (let index = 1; index <= length; index += 1) {
        const a = message[left + index] as number;
        const b = message[right + index] as number;
        if (a !== b && fold(a) !== fold(b)) {
          this.work += index;
          return this.work > this.workMax ? -1 : 0;
        }
      }
      this.work += 1 + length;
      if (this.work > this.workMax) return -1;
      left += 1 + length;
      right += 1 + length;
    }
  }

  /** Follows the name at `start` to its end, and keeps it for `key` and `wire`. */
  load(start: number): boolean {
    const { message } = this;
    const bytes = this.#bytes;
    const end = message.length;
    let at = start;
    let runAt = start;
    let length = 0;
    this.after = -1;
    while (at < end) {
      const label = message[at] as number;
      if (label >= POINTER) {
        const target = backwards(message, at, runAt);
        if (target < 0) return false;
        if (this.after < 0) this.after = at + 2;
        this.work += HOP_WORK;
        if (this.work > this.workMax) return false;
        at = target;
        runAt = target;
        continue;
      }
      if (label > LABEL_BYTES_MAX || at + label >= end) return false;
      if (length + 1 + label > NAME_BYTES_MAX) return false;
      this.work += 1 + label;
      if (this.work > this.workMax) return false;
      for (const labelEnd = at + label; at <= labelEnd; at += 1) {
        bytes[length] = message[at] as number;
        length += 1;
      }
      if (label === 0) {
        this.#length = length;
        if (this.after < 0) this.after = at;
        return true;
      }
    }
    return false;
  }

  /** Is the budget used up? What was read before stands. */
  get exhausted(): boolean {
    return this.work > this.workMax;
  }

  /** Bytes of the name that `load` has read, pointers followed. */
  get length(): number {
    return this.#length;
  }

  /** The name that `load` has read, its letters as they came. */
  wire(): string {
    return this.#bytes.toString('latin1', 0, this.#length);
  }

  /** The name that `load` has read, as a `NameKey`. */
  key(): string {
    const bytes = this.#bytes;
    for (let at = 0; at < this.#length; at += 1) bytes[at] = fold(bytes[at] as number);
    return this.wire();
  }

  /** Labels from `start` to `at`, and then the root, or a pointer, which stands for it at least. */
  #skipped(start: number, at: number, last: number): number {
    this.work += at - start + last;
    return at - start + 1 > NAME_BYTES_MAX || this.work > this.workMax ? -1 : at + last;
  }
}

/** Lower-cases an ASCII letter. Bytes below 0x40, and so all length bytes, stay what they are. */
function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Where the pointer at `at` leads: before `runAt` and not into the header, or -1. */
function backwards(message: Uint8Array, at: number, runAt: number): number {
  if (at + 1 >= message.length) return -1;
  const target = (((message[at] as number) & 0x3f) << 8) | (message[at + 1] as number);
  return target < HEADER_BYTES || target >= runAt ? -1 : target;
}
