/** What keeps the program from starting, or a new configuration from taking over: nginx's words. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** What Linux's C library says; the rest goes by its code. */
const TEXTS: Readonly<Record<string, string>> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EACCES: 'Permission denied',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  ENAMETOOLONG: 'File name too long',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
};

/** `open() "/a" failed (2: No such file or directory)`; `call` names its object, too. */
export function failedCall(call: string, error: unknown): string {
  const { code = 'EIO', errno = 0 } = error as NodeJS.ErrnoException;
  return `${call} failed (${Math.abs(errno)}: ${TEXTS[code] ?? code})`;
}

/** An exception that nobody expected, and where it came from: one line. */
export function crashText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `uncaught exception: ${text.replace(/\s*\n\s*/g, ', ')}`;
}

/** Does what may fail as the system likes; throws `StartError`. */
export function systemCall<Value>(call: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw new StartError(failedCall(call, error));
  }
}
