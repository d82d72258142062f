import type { FileError, FileStatus, Files } from './environment.ts';

const CLOSED = -1;
/** Files that are forgotten with one look-up, because nobody asks for them. */
const FORGOTTEN_AT_ONCE = 2;
/** What is true of a path for everybody and for a while; all else is rather tried again. */
const LASTING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** How a location uses what is kept. */
export type OpenFileUse = {
  readonly validMs: number;
  readonly minUses: number;
  readonly errors: boolean;
};

/** What is known of a path: a file that may be open, a directory, or why there is neither. */
class OpenFile implements FileStatus {
  readonly path: string;
  isFile = false;
  isDirectory = false;
  size = 0;
  mtime = 0;
  inode: number | undefined;
  error: FileError | undefined;
  descriptor: number = CLOSED;
  /** When it was looked at, and when it was asked for; milliseconds on the loop's clock. */
  checkedMs = 0;
  usedMs = 0;
  uses = 0;
  /** Requests that have the descriptor. */
  lent = 0;
  /** Forgotten: it is closed by the last one that has it. */
  isDropped = false;
  newer: OpenFile | undefined;
  older: OpenFile | undefined;

  constructor(path: string) {
    this.path = path;
  }

  describe(status: FileStatus, nowMs: number): void {
    this.isFile = status.isFile;
    this.isDirectory = status.isDirectory;
    this.size = status.size;
    this.mtime = status.mtime;
    this.inode = status.inode;
    this.error = undefined;
    this.checkedMs = nowMs;
  }
}

/**
 * Files that are kept open between requests (`open_file_cache`), `max` at most: the one that was
 * asked for longest ago goes first.
 *
 *   newest ⇄ … ⇄ oldest      each found by its path, and by its descriptor while that is open
 */
export class OpenFiles {
  readonly #files: Files;
  readonly #max: number;
  readonly #inactiveMs: number;
  readonly #nowMs: () => number;
  readonly #byPath = new Map<string, OpenFile>();
  /** Those that were dropped while somebody had them as well. */
  readonly #byDescriptor = new Map<number, OpenFile>();
  #newest: OpenFile | undefined;
  #oldest: OpenFile | undefined;

  constructor(files: Files, max: number, inactiveMs: number, nowMs: () => number) {
    this.#files = files;
    this.#max = max;
    this.#inactiveMs = inactiveMs;
    this.#nowMs = nowMs;
  }

  /** Paths of which something is known. */
  get size(): number {
    return this.#byPath.size;
  }

  /** The same files, for those who use them in one way. */
  as(use: OpenFileUse): Files {
    return {
      ...this.#files,
      open: (path) => this.#open(path, use),
      close: (descriptor) => this.#close(descriptor, use),
      statusOf: (descriptor) =>
        this.#byDescriptor.get(descriptor) ?? this.#files.statusOf(descriptor),
      status: (path) => this.#status(path, use),
    };
  }

  /** Forgets everything; what somebody has is closed when it is given back. */
  clear(): void {
    for (const file of [...this.#byPath.values()]) this.#drop(file);
  }

  #open(path: string, use: OpenFileUse): number | FileError {
    const nowMs = this.#nowMs();
    const known = this.#find(path, use, nowMs);
    if (known !== undefined && known.descriptor !== CLOSED) {
      known.lent += 1;
      return known.descriptor;
    }
    if (known?.error !== undefined) return known.error;
    const descriptor = this.#files.open(path);
    if (typeof descriptor !== 'number') {
      if (known !== undefined) this.#drop(known);
      this.#keepError(path, descriptor, use, nowMs);
      return descriptor;
    }
    const status = this.#files.statusOf(descriptor);
    // Whoever opens something else than a file closes it at once.
    if ('code' in status || !status.isFile) return descriptor;
    const file = known ?? this.#add(path, nowMs);
    file.describe(status, nowMs);
    file.descriptor = descriptor;
    file.lent = 1;
    this.#byDescriptor.set(descriptor, file);
    return descriptor;
  }

  #close(descriptor: number, { minUses }: OpenFileUse): void {
    const file = this.#byDescriptor.get(descriptor);
    if (file === undefined) {
      this.#files.close(descriptor);
      return;
    }
    file.lent -= 1;
    if (file.lent === 0 && (file.isDropped || file.uses < minUses)) this.#shut(file);
  }

  #status(path: string, use: OpenFileUse): FileStatus | FileError {
    const nowMs = this.#nowMs();
    const known = this.#find(path, use, nowMs);
    if (known !== undefined) return known.error ?? known;
    const status = this.#files.status(path);
    if ('code' in status) {
      this.#keepError(path, status, use, nowMs);
      return status;
    }
    const file = this.#add(path, nowMs);
    file.describe(status, nowMs);
    return file;
  }

  /** What is known of a path, if that is still true. */
  #find(path: string, { validMs, errors }: OpenFileUse, nowMs: number): OpenFile | undefined {
    this.#forgetInactive(nowMs);
    const file = this.#byPath.get(path);
    if (file === undefined) return undefined;
    const isWanted = file.error === undefined || errors;
    const isValid = nowMs - file.checkedMs < validMs || this.#isSame(file, nowMs);
    if (!isWanted || !isValid) {
      this.#drop(file);
      return undefined;
    }
    file.uses += 1;
    file.usedMs = nowMs;
    if (file !== this.#newest) {
      this.#unlink(file);
      this.#link(file);
    }
    return file;
  }

  /** Looks at a path again: is it the file that is known? */
  #isSame(file: OpenFile, nowMs: number): boolean {
    if (file.error !== undefined) return false;
    const status = this.#files.status(file.path);
    if ('code' in status || status.inode !== file.inode) return false;
    if (status.isFile !== file.isFile || status.isDirectory !== file.isDirectory) return false;
    file.describe(status, nowMs);
    return true;
  }

  #keepError(path: string, error: FileError, { errors }: OpenFileUse, nowMs: number): void {
    if (!errors || !LASTING.has(error.code)) return;
    const file = this.#add(path, nowMs);
    file.error = error;
    file.checkedMs = nowMs;
  }

  #add(path: string, nowMs: number): OpenFile {
    if (this.#byPath.size >= this.#max && this.#oldest !== undefined) this.#drop(this.#oldest);
    const file = new OpenFile(path);
    file.uses = 1;
    file.usedMs = nowMs;
    this.#byPath.set(path, file);
    this.#link(file);
    return file;
  }

  #forgetInactive(nowMs: number): void {
    for (let count = 0; count < FORGOTTEN_AT_ONCE; count += 1) {
      const file = this.#oldest;
      if (file === undefined || nowMs - file.usedMs <= this.#inactiveMs) return;
      this.#drop(file);
    }
  }

  #drop(file: OpenFile): void {
    this.#byPath.delete(file.path);
    this.#unlink(file);
    file.isDropped = true;
    if (file.lent === 0) this.#shut(file);
  }

  #shut(file: OpenFile): void {
    const { descriptor } = file;
    if (descriptor === CLOSED) return;
    file.descriptor = CLOSED;
    this.#byDescriptor.delete(descriptor);
    this.#files.close(descriptor);
  }

  #link(file: OpenFile): void {
    file.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = file;
    this.#newest = file;
    this.#oldest ??= file;
  }

  #unlink(file: OpenFile): void {
    if (file.newer === undefined) this.#newest = file.older;
    else file.newer.older = file.older;
    if (file.older === undefined) this.#oldest = file.newer;
    else file.older.newer = file.newer;
    file.newer = undefined;
    file.older = undefined;
  }
}
