import { Buffer } from 'node:buffer';
import { constants, crc32, deflateRawSync } from 'node:zlib';

/** What a decompressor remembers (RFC 1951 §2): matches reach back so far. */
const WINDOW_BYTES = 32 * 1024;
/** Magic number, deflate, no flags, no time, no extra flags, Unix (RFC 1952 §2.3). */
const HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

/**
 * Compresses a body part by part, at once: each part ends at a byte's border, and the next one knows
 * what went before as its dictionary, so that all of them together are one stream.
 */
export class GzipStream {
  readonly #level: number;
  #window: Uint8Array = new Uint8Array(0);
  #crc = 0;
  #began = false;
  bytesIn = 0;
  bytesOut = 0;

  constructor(level: number) {
    this.#level = level;
  }

  /** Of `last`, with the end of the stream behind it. */
  compress(part: Uint8Array, last: boolean): Uint8Array {
    const packed = deflateRawSync(part, {
      level: this.#level,
      finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      ...(this.#window.length === 0 ? {} : { dictionary: this.#window }),
    });
    // Of nothing, Node's function begins anew (it hands zlib a null pointer).
    if (part.length > 0) this.#crc = crc32(part, this.#crc);
    this.bytesIn += part.length;
    if (!last) this.#remember(part);
    const pieces: Uint8Array[] = [packed];
    if (!this.#began) pieces.unshift(HEAD);
    if (last) pieces.push(this.#tail());
    this.#began = true;
    const whole = pieces.length === 1 ? packed : Buffer.concat(pieces);
    this.bytesOut += whole.length;
    return whole;
  }

  #remember(part: Uint8Array): void {
    this.#window =
      part.length >= WINDOW_BYTES
        ? part.subarray(part.length - WINDOW_BYTES)
        : Buffer.concat([this.#window, part]).subarray(-WINDOW_BYTES);
  }

  /** Checksum and length, modulo 2^32 (RFC 1952 §2.3.1). */
  #tail(): Uint8Array {
    const tail = new DataView(new ArrayBuffer(8));
    tail.setUint32(0, this.#crc, true);
    tail.setUint32(4, this.bytesIn % 2 ** 32, true);
    return new Uint8Array(tail.buffer);
  }
}
