import { Buffer } from 'node:buffer';
import { read } from 'node:fs';
import type { Socket } from 'node:net';
import type { TransmitOperation } from '../../src/core/operation.ts';

const HALF_BYTES = 64 * 1024;

/**
 * A file's bytes, copied: while one half of 64 KiB is written, the other is read.
 *
 *   file ──read──→ half ──write──→ socket      at most one read and one write at a time
 */
export class Transmission {
  readonly #socket: Socket;
  readonly #operation: TransmitOperation;
  readonly #onEnd: (error?: Error | null) => void;
  /** Of the file: asked for, and still to be asked for. */
  #position: number;
  #left: number;
  #ready: Buffer | undefined;
  #reading = false;
  #writing = false;
  #tailLeft: boolean;
  #ended = false;

  constructor(socket: Socket, operation: TransmitOperation, onEnd: (error?: Error | null) => void) {
    this.#socket = socket;
    this.#operation = operation;
    this.#onEnd = onEnd;
    this.#position = operation.position;
    this.#left = operation.length;
    this.#tailLeft = operation.tail !== undefined && operation.tail.length > 0;
  }

  start(): void {
    const { head } = this.#operation;
    if (head !== undefined && head.length > 0) this.#write(head);
    this.#advance();
  }

  /** Reads ahead where a half is free, and writes what is ready. */
  #advance(): void {
    if (this.#ended) return;
    if (!this.#reading && this.#ready === undefined && this.#left > 0) this.#read();
    if (this.#writing) return;
    const ready = this.#ready;
    if (ready !== undefined) {
      this.#ready = undefined;
      this.#write(ready);
      this.#advance();
    } else if (this.#left === 0 && !this.#reading) {
      this.#finishWithTail();
    }
  }

  #finishWithTail(): void {
    if (!this.#tailLeft) {
      this.#end();
      return;
    }
    this.#tailLeft = false;
    this.#write(this.#operation.tail as Uint8Array);
  }

  #read(): void {
    const half = Buffer.allocUnsafe(Math.min(HALF_BYTES, this.#left));
    this.#reading = true;
    read(this.#operation.file, half, 0, half.length, this.#position, (error, bytes) => {
      this.#reading = false;
      if (this.#ended) return;
      if (error !== null || bytes === 0) {
        this.#end(error ?? SHORT);
        return;
      }
      this.#position += bytes;
      this.#left -= bytes;
      this.#ready = half.subarray(0, bytes);
      this.#advance();
    });
  }

  #write(bytes: Uint8Array): void {
    this.#writing = true;
    this.#operation.bytesPossible += bytes.length;
    this.#socket._write(bytes, 'buffer' as BufferEncoding, (error) => {
      this.#writing = false;
      if (this.#ended) return;
      if (error || this.#socket.destroyed) {
        this.#end(error);
        return;
      }
      this.#operation.bytes += bytes.length;
      this.#advance();
    });
  }

  #end(error?: Error | null): void {
    this.#ended = true;
    this.#onEnd(error);
  }
}

const SHORT = Object.assign(new Error('the file ended early'), { code: 'SHORT_FILE' });
