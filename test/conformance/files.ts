import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Temporary files, kept open until `close`. */
export class Files {
  readonly #open: number[] = [];
  #folder: string | undefined;

  open(content: Uint8Array): number {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'sluice-'));
    const path = join(this.#folder, `${this.#open.length}`);
    writeFileSync(path, content);
    const file = openSync(path, 'r');
    this.#open.push(file);
    return file;
  }

  close(): void {
    for (const file of this.#open) closeSync(file);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }
}
