import { Buffer } from 'node:buffer';
import { EINTR, ENAMETOOLONG, ENOENT, O_CLOEXEC, O_NONBLOCK } from './constants.ts';
import type { Koffi } from './koffi.ts';

/** What a path may have, its zero byte included (PATH_MAX). */
const PATH_BYTES = 4096;
/** A call that a signal has interrupted is made again this often. */
const INTERRUPTS_MAX = 16;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
/** STATX_TYPE, STATX_MTIME, STATX_INO and STATX_SIZE. */
const STATX_WANTED = 0x1 | 0x40 | 0x100 | 0x200;

// struct statx is the same on all processors, unlike struct stat: offsets of what is wanted.
const STATX_BYTES = 256;
const MODE_AT = 28 / 2;
const INODE_AT = 32 / 4;
const SIZE_AT = 40 / 4;
const MTIME_AT = 112 / 4;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const WORD = 2 ** 32;

type Latin1Write = (this: Buffer, text: string, at: number) => number;

/** What Buffer's `write` calls once it has found out that the encoding is latin1. */
const { latin1Write } = Buffer.prototype as unknown as { latin1Write: Latin1Write };

/**
 * System calls on files, with paths as bytes in latin1 text. Each answers what the call returns, or
 * the error number, negated: a file that is not there costs no exception. What the last `stat` or
 * `statPath` has found is in the fields.
 */
export class FileCalls {
  isFile = false;
  isDirectory = false;
  size = 0;
  /** Seconds since 1970. */
  mtime = 0;
  inode = 0;
  readonly #path = Buffer.allocUnsafeSlow(PATH_BYTES);
  readonly #pathAddress: number;
  readonly #found = new ArrayBuffer(STATX_BYTES);
  readonly #halves = new Uint16Array(this.#found);
  readonly #words = new Uint32Array(this.#found);
  readonly #foundAddress: number;
  /** An empty text: it is the descriptor that is meant. */
  readonly #nothing = new Uint8Array(1);
  readonly #nothingAddress: number;
  readonly #koffi: Koffi;
  readonly #open: (path: number, flags: number, mode: number) => number;
  readonly #statx: (at: number, path: number, flags: number, mask: number, to: number) => number;
  readonly #pread: (fd: number, to: number, bytes: number, at: number) => number;
  readonly #close: (fd: number) => number;

  /** Throws where the C library is too old to have them all. */
  constructor(koffi: Koffi) {
    const library = koffi.load(null);
    this.#koffi = koffi;
    // Variadic in C: whole numbers go in the same registers on x86-64 and arm64.
    this.#open = library.func('int open(uint64_t, int, int)');
    this.#statx = library.func('int statx(int, uint64_t, int, unsigned int, uint64_t)');
    this.#pread = library.func('long pread(int, uint64_t, long, int64_t)');
    this.#close = library.func('int close(int)');
    this.#pathAddress = Number(koffi.address(this.#path));
    this.#foundAddress = Number(koffi.address(this.#words));
    this.#nothingAddress = Number(koffi.address(this.#nothing));
  }

  /** Opens for reading. A pipe that nobody writes to does not hold it up. */
  open(path: string): number {
    const unfit = this.#take(path);
    if (unfit !== 0) return unfit;
    for (let tries = 0; ; tries += 1) {
      const fd = this.#open(this.#pathAddress, O_NONBLOCK | O_CLOEXEC, 0);
      if (fd >= 0) return fd;
      const error = this.#koffi.errno();
      if (error !== EINTR || tries === INTERRUPTS_MAX) return -error;
    }
  }

  stat(fd: number): number {
    return this.#stat(fd, this.#nothingAddress, AT_EMPTY_PATH);
  }

  statPath(path: string): number {
    const unfit = this.#take(path);
    return unfit === 0 ? this.#stat(AT_FDCWD, this.#pathAddress, 0) : unfit;
  }

  /** Reads `bytes` to the beginning of `into`, or fewer at the end of the file. */
  read(fd: number, into: Uint8Array, position: number, bytes: number): number {
    const address = Number(this.#koffi.address(into));
    const most = Math.min(bytes, into.length);
    for (let tries = 0; ; tries += 1) {
      const read = this.#pread(fd, address, most, position);
      if (read >= 0) return read;
      const error = this.#koffi.errno();
      if (error !== EINTR || tries === INTERRUPTS_MAX) return -error;
    }
  }

  close(fd: number): void {
    this.#close(fd);
  }

  #stat(fd: number, path: number, flags: number): number {
    if (this.#statx(fd, path, flags, STATX_WANTED, this.#foundAddress) < 0) {
      return -this.#koffi.errno();
    }
    const words = this.#words;
    const kind = (this.#halves[MODE_AT] as number) & S_IFMT;
    this.isFile = kind === S_IFREG;
    this.isDirectory = kind === S_IFDIR;
    this.inode = (words[INODE_AT] as number) + (words[INODE_AT + 1] as number) * WORD;
    this.size = (words[SIZE_AT] as number) + (words[SIZE_AT + 1] as number) * WORD;
    // Signed: there were times before 1970.
    this.mtime = (words[MTIME_AT] as number) + ((words[MTIME_AT + 1] as number) | 0) * WORD;
    return 0;
  }

  /** Copies a path to where calls find it. No file has a zero byte in its name. */
  #take(path: string): number {
    if (path.length >= PATH_BYTES) return -ENAMETOOLONG;
    if (path.includes('\0')) return -ENOENT;
    this.#path[latin1Write.call(this.#path, path, 0)] = 0;
    return 0;
  }
}
