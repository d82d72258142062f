import type { FileError } from './environment.ts';

/** What the C library says of errors that files meet. */
const TEXTS: Readonly<Record<string, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  EXDEV: 'Invalid cross-device link',
  EDQUOT: 'Disk quota exceeded',
  EEXIST: 'File exists',
  EIO: 'Input/output error',
  ENAMETOOLONG: 'File name too long',
  ELOOP: 'Too many levels of symbolic links',
};

/** `open() "/a" failed (2: No such file or directory)`. */
export function fileFault(call: string, path: string, error: FileError): string {
  return `${call}() "${path}" failed ${systemError(error)}`;
}

/** `(2: No such file or directory)`. */
export function systemError({ code, errno }: FileError): string {
  return `(${errno}: ${TEXTS[code] ?? code})`;
}
