import { badMessage } from './dns-error.ts';
import { fold, NAME_BYTES_MAX } from './name.ts';

/** Bytes of a message's header; no name begins in it (RFC 1035 §4.1.1). */
export const HEADER_BYTES: number = 12;
/** Pointers that one name may follow: it has no more labels than that. */
export const POINTERS_MAX: number = 127;
/**
 * Labels, pointers and bytes that may be looked at for one message. Four times its largest size:
 * an honest message needs less than twice its own, a hostile one ends within milliseconds.
 */
export const WORK_MAX: number = 4 * 65_536;

const POINTER = 0xc0;

/** A place in a name: its labels may lie apart in the message. */
class Cursor {
  at = 0;
  /** Where this run of labels began: a pointer behind it leads to what is before it. */
  runAt = 0;
  pointers = 0;
  bytes = 0;

  reset(at: number): void {
    this.at = at;
    this.runAt = at;
    this.pointers = 0;
    this.bytes = 0;
  }
}

/**
 * Reads the names of one message where they lie: none is ever spelled out, so nothing is allocated.
 *
 * A name is labels and a zero byte, or labels and a pointer to the rest (RFC 1035 §4.1.4):
 *
 *    20: 1 F 3 I S I 4 A R P A 0        40: 3 F O O → 20
 *
 * A pointer leads to a *prior* occurrence. Ours must lead to before the run of labels at whose end
 * it stands, so that no chain of pointers can come back.
 */
export class NameReader {
  /** What has been spent of `WORK_MAX`. */
  work = 0;
  readonly #message: Uint8Array;
  readonly #left = new Cursor();
  readonly #right = new Cursor();

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  /** Where the field behind the name at `start` begins. Pointers are looked at, not followed. */
  skip(start: number): number {
    const cursor = this.#left;
    cursor.reset(start);
    for (;;) {
      const length = this.#lengthAt(cursor);
      if (length >= POINTER) {
        this.#target(cursor);
        return cursor.at + 2;
      }
      cursor.at += 1 + length;
      if (length === 0) return cursor.at;
    }
  }

  /** Follows the name at `start` to its end. */
  check(start: number): void {
    const cursor = this.#left;
    cursor.reset(start);
    for (let length = this.#label(cursor); length > 0; length = this.#label(cursor)) {
      cursor.at += 1 + length;
    }
  }

  /** Are both names the same but for the case of ASCII letters? The one at `a` has been checked. */
  same(a: number, b: number): boolean {
    const left = this.#left;
    const right = this.#right;
    left.reset(a);
    right.reset(b);
    for (;;) {
      const length = this.#label(left);
      if (length !== this.#label(right)) return false;
      // Also where a pointer has led into the other name: the rest is one and the same.
      if (length === 0 || left.at === right.at) return true;
      this.#spend(length, right.at);
      for (let index = 1; index <= length; index += 1) {
        const byte = this.#message[left.at + index] as number;
        if (fold(byte) !== fold(this.#message[right.at + index] as number)) return false;
      }
      left.at += 1 + length;
      right.at += 1 + length;
    }
  }

  /** Follows pointers up to the next label. Answers its length; 0 is the root. */
  #label(cursor: Cursor): number {
    for (;;) {
      const length = this.#lengthAt(cursor);
      if (length < POINTER) return length;
      if (cursor.pointers === POINTERS_MAX) {
        throw badMessage(cursor.at, `a name of over ${POINTERS_MAX} pointers`);
      }
      cursor.pointers += 1;
      cursor.at = this.#target(cursor);
      cursor.runAt = cursor.at;
    }
  }

  /** The first byte of a label that lies whole in the message, or of a pointer. */
  #lengthAt(cursor: Cursor): number {
    this.#spend(1, cursor.at);
    const length = this.#message[cursor.at];
    if (length === undefined) throw badMessage(cursor.at, 'the message ends in a name');
    if (length >= POINTER) return length;
    if (length > 0x3f) throw badMessage(cursor.at, 'a label of unknown kind');
    cursor.bytes += 1 + length;
    if (cursor.bytes > NAME_BYTES_MAX) {
      throw badMessage(cursor.at, `a name of over ${NAME_BYTES_MAX} bytes`);
    }
    if (cursor.at + length >= this.#message.length) {
      throw badMessage(cursor.at, 'the message ends in a label');
    }
    return length;
  }

  #target(cursor: Cursor): number {
    const low = this.#message[cursor.at + 1];
    if (low === undefined) throw badMessage(cursor.at, 'the message ends in a pointer');
    const target = ((this.#message[cursor.at] as number) & 0x3f) * 256 + low;
    if (target < HEADER_BYTES) throw badMessage(cursor.at, 'a pointer into the header');
    if (target >= cursor.runAt) throw badMessage(cursor.at, 'a pointer that leads not backwards');
    return target;
  }

  #spend(work: number, at: number): void {
    this.work += work;
    if (this.work > WORK_MAX) throw badMessage(at, 'names that cost too much to read');
  }
}
