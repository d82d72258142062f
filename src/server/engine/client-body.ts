import { Buffer } from 'node:buffer';
import type { ClientConnection } from '../../http/client-connection.ts';
import type { Files } from './environment.ts';
import { TemporaryFile } from './temporary-file.ts';

/** Bytes that are read of the file, and queued for a server, at once. */
export const PIECE_BYTES: number = 64 * 1024;

/** What becomes of a body's file: one that overflowed has no name; others are asked for, and stay or go. */
export type BodyFileUse = 'unnamed' | 'clean' | 'keep';

/**
 * The body of a request that is read before anything is done with it: in memory up to a bound, and
 * otherwise in a temporary file. It can be sent as often as servers are tried.
 */
export class ClientBody {
  #chunks: Uint8Array[] = [];
  #inMemory = 0;
  #memoryMax = 0;
  #files: Files | undefined;
  #directory = '';
  #use: BodyFileUse = 'unnamed';
  #file: TemporaryFile | undefined;
  #fault: string | undefined;
  /** How much of it the current server has been given. */
  #sent = 0;
  /** Index of the chunk that is sent next. */
  #nextChunk = 0;
  /** The file is somebody else's, who closes it. */
  #isShared = false;
  bytes = 0;
  /** All of it is here (none may be all), or something else stands in for it. */
  isWhole = false;

  /** The request is over: nothing of its body stays, but a file that is to be kept. */
  reset(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    if (!this.#isShared) this.#file?.close();
    this.#file = undefined;
    this.#isShared = false;
    this.#fault = undefined;
    this.#inMemory = 0;
    this.bytes = 0;
    this.isWhole = false;
    this.#sent = 0;
    this.#nextChunk = 0;
  }

  /** Before the first byte. A named file is made even for a body that would fit in memory. */
  begin(files: Files, memoryMax: number, directory: string, use: BodyFileUse): void {
    this.#files = files;
    this.#memoryMax = memoryMax;
    this.#directory = directory;
    this.#use = use;
  }

  /** Copies a lent view. `false`: it can be kept nowhere, `fault` says why. */
  add(data: Uint8Array, from: number, to: number): boolean {
    this.#chunks.push(Uint8Array.prototype.slice.call(data, from, to));
    this.bytes += to - from;
    this.#inMemory += to - from;
    return this.#inMemory <= this.#memoryMax || this.#spill();
  }

  /** All of it has come. `false`: it can be kept nowhere, `fault` says why. */
  complete(): boolean {
    this.isWhole = true;
    const isFiled = this.#file !== undefined || this.#use !== 'unnamed';
    return !isFiled || this.#spill();
  }

  /** The same body for somebody else, who is done with it before this one is. Only while whole. */
  share(): ClientBody {
    const shared = new ClientBody();
    shared.#chunks = [...this.#chunks];
    shared.#file = this.#file;
    shared.#isShared = true;
    shared.bytes = this.bytes;
    shared.isWhole = true;
    return shared;
  }

  /** Why it cannot be kept: what the system has said. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Something else goes to the server instead. */
  replace(text: string): void {
    this.reset();
    if (text !== '') this.#chunks.push(Buffer.from(text, 'latin1'));
    this.bytes = text.length;
    this.isWhole = true;
  }

  /** Is it in memory, all of it? */
  get isInMemory(): boolean {
    return this.#file === undefined;
  }

  /** Where it is, if it is in a file. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  /** As latin1 text; '' where it is in a file. */
  get text(): string {
    return this.isInMemory ? Buffer.concat(this.#chunks).toString('latin1') : '';
  }

  /** Has the current server been given all of it? */
  get isSent(): boolean {
    return this.#sent === this.bytes;
  }

  /** Begins to send it to a server: `feed` goes on when that has room again. `false`: it broke. */
  sendTo(upstream: ClientConnection): boolean {
    this.#sent = 0;
    this.#nextChunk = 0;
    return this.feed(upstream);
  }

  /** Queues as much as the server's outbox takes. `false`: the file cannot be read. */
  feed(upstream: ClientConnection): boolean {
    const { outbox } = upstream;
    while (!this.isSent && outbox.level === 'open' && !outbox.broken) {
      const piece = this.#nextPiece();
      if (piece === undefined) return false;
      this.#sent += piece.length;
      outbox.append(piece);
    }
    upstream.requestOpen = !this.isSent;
    return true;
  }

  #nextPiece(): Uint8Array | undefined {
    if (this.#file !== undefined) {
      return this.#file.read(this.#sent, Math.min(PIECE_BYTES, this.bytes - this.#sent));
    }
    const chunk = this.#chunks[this.#nextChunk];
    this.#nextChunk += 1;
    return chunk;
  }

  /** Moves what is in memory into the file. */
  #spill(): boolean {
    const files = this.#files as Files;
    if (this.#file === undefined) {
      const file = TemporaryFile.open(files, this.#directory, this.#use);
      if (!(file instanceof TemporaryFile)) return this.#failed(file);
      this.#file = file;
    }
    for (const chunk of this.#chunks) {
      const fault = this.#file.append(chunk);
      if (fault !== undefined) return this.#failed(fault);
    }
    this.#chunks = [];
    this.#inMemory = 0;
    return true;
  }

  #failed(fault: string): false {
    this.#fault = fault;
    return false;
  }
}
