import { Buffer } from 'node:buffer';
import { MSG_CTRUNC, SCM_RIGHTS, SOL_SOCKET } from './constants.ts';
import type { PassingCalls } from './passing-calls.ts';

// struct msghdr, as 64-bit words: name, its length, iovec, its count, control, its length, flags.
const MESSAGE_WORDS = 7;
const CONTROL_BYTES_WORD = 5;
const FLAGS_WORD = 6;
// struct cmsghdr: 64 bits of length, level, type; then the descriptors, as ints.
const HEADER_BYTES = 16;
const FD_BYTES = 4;

const aligned = (bytes: number): number => (bytes + 7) & -8;

/**
 * A struct msghdr with one buffer and room for exactly `fdsMax` descriptors (SCM_RIGHTS, unix(7)),
 * used again and again. Nothing in it ever moves.
 */
export class ControlMessage {
  readonly words: BigUint64Array = fixedWords(MESSAGE_WORDS);
  readonly text: Buffer;
  readonly #vector = fixedWords(2);
  readonly #control: Buffer;

  constructor(calls: PassingCalls, textBytes: number, fdsMax: number) {
    this.text = Buffer.allocUnsafeSlow(textBytes);
    this.#control = Buffer.allocUnsafeSlow(HEADER_BYTES + aligned(fdsMax * FD_BYTES));
    this.#vector[0] = calls.addressOf(this.text);
    this.words[2] = calls.addressOf(this.#vector);
    this.words[3] = 1n;
    this.words[4] = calls.addressOf(this.#control);
  }

  /** Puts in what is to be sent. */
  fill(text: Buffer, fds: readonly number[]): void {
    const bytes = HEADER_BYTES + fds.length * FD_BYTES;
    text.copy(this.text);
    this.#vector[1] = BigInt(text.length);
    this.#control.fill(0);
    this.#control.writeUInt32LE(bytes, 0);
    this.#control.writeInt32LE(SOL_SOCKET, 8);
    this.#control.writeInt32LE(SCM_RIGHTS, 12);
    fds.forEach((fd, i) => {
      this.#control.writeInt32LE(fd, HEADER_BYTES + i * FD_BYTES);
    });
    this.words[CONTROL_BYTES_WORD] = BigInt(aligned(bytes));
    this.words[FLAGS_WORD] = 0n;
  }

  /** Makes room for what is to be received. */
  empty(): void {
    this.#vector[1] = BigInt(this.text.length);
    this.words[CONTROL_BYTES_WORD] = BigInt(this.#control.length);
    this.words[FLAGS_WORD] = 0n;
  }

  /** There were more descriptors than room, or than this process may have. */
  get cut(): boolean {
    return (Number(this.words[FLAGS_WORD]) & MSG_CTRUNC) !== 0;
  }

  /** The descriptors that came: this process's own from now on. */
  received(): number[] {
    const fds: number[] = [];
    const end = Number(this.words[CONTROL_BYTES_WORD]);
    for (let at = 0; at + HEADER_BYTES <= end; ) {
      const bytes = this.#control.readUInt32LE(at);
      if (bytes < HEADER_BYTES) break;
      const level = this.#control.readInt32LE(at + 8);
      const ours = level === SOL_SOCKET && this.#control.readInt32LE(at + 12) === SCM_RIGHTS;
      const last = Math.min(at + bytes, end) - FD_BYTES;
      for (let from = at + HEADER_BYTES; ours && from <= last; from += FD_BYTES) {
        fds.push(this.#control.readInt32LE(from));
      }
      at += aligned(bytes);
    }
    return fds;
  }
}

/** Small typed arrays may lie in the heap, and move; one with a buffer of its own does not. */
function fixedWords(count: number): BigUint64Array {
  return new BigUint64Array(new ArrayBuffer(count * BigUint64Array.BYTES_PER_ELEMENT));
}
