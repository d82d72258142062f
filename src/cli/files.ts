import { randomInt } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { FileError, FileStatus, Files } from '../server/index.ts';

const PRIVATE = 0o600;
/** Names that are tried for a temporary file. */
const NAMES_MAX = 100;
const NAME_DIGITS = 10;
/** How far the next name is where one is taken: other workers may be at work in the same place. */
const NAME_STEP_MAX = 1_000_000;

/** A pipe that nobody writes to must not hold the process up. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

let temporaries = 0;

/** The file system of this machine. */
export const systemFiles: Files = {
  open: (path) => attempt(() => openSync(bytesOf(path), READ_AT_ONCE)),
  close: (descriptor) => closeSync(descriptor),
  statusOf: (descriptor) => attempt(() => statusOf(fstatSync(descriptor))),
  status: (path) => attempt(() => statusOf(statSync(bytesOf(path)))),
  isExecutable: (path) => {
    try {
      accessSync(bytesOf(path), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  realPath: (path) => {
    const real = attempt(() => realpathSync(bytesOf(path), { encoding: 'latin1' }));
    return typeof real === 'string' ? real : undefined;
  },
  list: (path) => attempt(() => readdirSync(bytesOf(path), { encoding: 'latin1' })),
  read: (descriptor, into, position, bytes = into.length) =>
    attempt(() => readSync(descriptor, into, 0, bytes, position)),
  temporary: (directory) => attempt(() => openTemporary(directory)),
  write: (descriptor, bytes, position) =>
    attempt(() => writeSync(descriptor, bytes, 0, bytes.length, position)),
  remove: (path) => {
    attempt(() => unlinkSync(bytesOf(path)));
  },
  rename: (from, to) => attemptCall(() => renameSync(bytesOf(from), bytesOf(to))),
  makeDirectory: (path, mode) =>
    attemptCall(() => {
      mkdirSync(bytesOf(path), mode);
    }),
  setMode: (path, mode) => attemptCall(() => chmodSync(bytesOf(path), mode)),
  setTime: (descriptor, mtime) => attemptCall(() => futimesSync(descriptor, mtime, mtime)),
};

/** Paths come as bytes of a request: they need not be UTF-8. */
function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function openTemporary(directory: string): { descriptor: number; path: string } {
  for (let tries = 1; ; tries += 1) {
    temporaries += 1;
    const path = `${directory}/${String(temporaries).padStart(NAME_DIGITS, '0')}`;
    try {
      return { descriptor: openSync(bytesOf(path), 'wx+', PRIVATE), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === NAMES_MAX) throw error;
      temporaries += randomInt(NAME_STEP_MAX);
    }
  }
}

function statusOf(stats: Stats): FileStatus {
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    size: stats.size,
    mtime: Math.floor(stats.mtimeMs / 1000),
    inode: stats.ino,
  };
}

function attemptCall(work: () => void): FileError | undefined {
  return attempt<FileError | undefined>(() => {
    work();
    return undefined;
  });
}

function attempt<Value>(work: () => Value): Value | FileError {
  try {
    return work();
  } catch (error) {
    const { code = 'EIO', errno = 0 } = error as NodeJS.ErrnoException;
    return { code, errno: Math.abs(errno) };
  }
}
