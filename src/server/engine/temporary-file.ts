import type { BodyFileUse } from './client-body.ts';
import type { Files } from './environment.ts';
import { fileFault } from './system-errors.ts';

/** A file that holds a body while its request lasts, or for good. */
export class TemporaryFile {
  readonly path: string;
  readonly #files: Files;
  readonly descriptor: number;
  readonly #use: BodyFileUse;
  #bytes = 0;

  private constructor(files: Files, descriptor: number, path: string, use: BodyFileUse) {
    this.#files = files;
    this.descriptor = descriptor;
    this.path = path;
    this.#use = use;
  }

  /**
   * `use` says whether others shall find it: one that they shall not has no name any more. Returns
   * why there is none, where there is none.
   */
  static open(files: Files, directory: string, use: BodyFileUse): TemporaryFile | string {
    const made = files.temporary(directory);
    if ('code' in made) return fileFault('open', directory, made);
    if (use === 'unnamed') files.remove(made.path);
    return new TemporaryFile(files, made.descriptor, made.path, use);
  }

  /** Adds bytes at its end; what came of it, where they could not be written. */
  append(bytes: Uint8Array): string | undefined {
    for (let at = 0; at < bytes.length; ) {
      const written = this.#files.write(this.descriptor, bytes.subarray(at), this.#bytes);
      if (typeof written === 'object') return fileFault('pwrite', this.path, written);
      at += written;
      this.#bytes += written;
    }
    return undefined;
  }

  /** `undefined`: it cannot be read, or has become shorter. */
  read(position: number, length: number): Uint8Array | undefined {
    const piece = new Uint8Array(length);
    const read = this.#files.read(this.descriptor, piece, position);
    if (typeof read === 'object' || read === 0) return undefined;
    return piece.subarray(0, read);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Closes it; under whatever name it has now, it stays. */
  leave(): void {
    this.#files.close(this.descriptor);
  }

  close(): void {
    this.#files.close(this.descriptor);
    if (this.#use === 'clean') this.#files.remove(this.path);
  }
}
