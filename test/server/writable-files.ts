import { Buffer } from 'node:buffer';
import type { FileError, Files } from '../../src/server/index.ts';

export type WrittenFile = { bytes: Buffer; mode: number; mtime: number };

const ERRNOS: Readonly<Record<string, number>> = { ENOENT: 2, EEXIST: 17, EXDEV: 18, ENOSPC: 28 };

function errorOf(code: string): FileError {
  return { code, errno: ERRNOS[code] ?? 5 };
}

/** A file system in memory that can be written to. What is below `/far/` is another one. */
export class WritableFiles {
  readonly named: Map<string, WrittenFile> = new Map();
  readonly directories: Map<string, number>;
  readonly open: Map<number, WrittenFile> = new Map();
  /** Calls that fail, by name. */
  readonly failing: Map<keyof Files, string> = new Map();
  /** A file is about to be renamed. */
  onRename: () => void = () => {};
  #next = 1;

  constructor(...directories: readonly string[]) {
    this.directories = new Map(directories.map((path) => [path, 0o755]));
  }

  /** Texts of files, by path. */
  get texts(): Readonly<Record<string, string>> {
    const entries = [...this.named].map(([path, { bytes }]) => [path, bytes.toString('latin1')]);
    return Object.fromEntries(entries);
  }

  get files(): Files {
    const work: Partial<Files> = {
      temporary: (directory) => this.#fails('temporary') ?? this.#temporary(directory),
      write: (descriptor, bytes, position) =>
        this.#fails('write') ?? this.#write(descriptor, bytes, position),
      read: (descriptor, into, position) => {
        const { bytes } = this.open.get(descriptor) as WrittenFile;
        return bytes.copy(into, 0, position);
      },
      close: (descriptor) => {
        if (!this.open.delete(descriptor)) throw new Error(`${descriptor} is not open`);
      },
      remove: (path) => void this.named.delete(path),
      rename: (from, to) => {
        const error = this.#fails('rename') ?? this.#rename(from, to);
        this.onRename();
        return error;
      },
      makeDirectory: (path, mode) => {
        if (this.directories.has(path)) return errorOf('EEXIST');
        if (!this.#hasParent(path)) return errorOf('ENOENT');
        this.directories.set(path, mode);
        return undefined;
      },
      setMode: (path, mode) => {
        const file = this.named.get(path);
        if (file === undefined) return errorOf('ENOENT');
        file.mode = mode;
        return this.#fails('setMode');
      },
      setTime: (descriptor, mtime) => {
        (this.open.get(descriptor) as WrittenFile).mtime = mtime;
        return this.#fails('setTime');
      },
    };
    return work as Files;
  }

  #fails(name: keyof Files): FileError | undefined {
    const code = this.failing.get(name);
    return code === undefined ? undefined : errorOf(code);
  }

  #hasParent(path: string): boolean {
    return this.directories.has(path.slice(0, path.lastIndexOf('/'))) || !path.includes('/', 1);
  }

  #temporary(directory: string): { descriptor: number; path: string } | FileError {
    const bare = directory.replace(/\/$/, '');
    if (!this.directories.has(bare)) return errorOf('ENOENT');
    const descriptor = this.#next;
    this.#next += 1;
    const file = { bytes: Buffer.alloc(0), mode: 0o600, mtime: 0 };
    const path = `${bare}/tmp${descriptor}`;
    this.named.set(path, file);
    this.open.set(descriptor, file);
    return { descriptor, path };
  }

  #write(descriptor: number, bytes: Uint8Array, position: number): number {
    const file = this.open.get(descriptor) as WrittenFile;
    file.bytes = Buffer.concat([file.bytes.subarray(0, position), bytes]);
    return bytes.length;
  }

  #rename(from: string, to: string): FileError | undefined {
    const file = this.named.get(from);
    if (file === undefined || !this.#hasParent(to)) return errorOf('ENOENT');
    if (from.startsWith('/far/') !== to.startsWith('/far/')) return errorOf('EXDEV');
    this.named.delete(from);
    this.named.set(to, file);
    return undefined;
  }
}
