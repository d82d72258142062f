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
  ENAMETOOLONG: 'File name too long',
  ELOOP: 'Too many levels of symbolic links',
};

/** `(2: No such file or directory)`. */
export function systemError({ code, errno }: FileError): string {
  return `(${errno}: ${TEXTS[code] ?? code})`;
}
