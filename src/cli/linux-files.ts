import { getSystemErrorName } from 'node:util';
import { FileCalls } from '../../adapters/linux/file-calls.ts';
import { loadKoffi } from '../../adapters/linux/koffi.ts';
import type { FileError, Files } from '../server/index.ts';
import { systemFiles } from './files.ts';

let made: Files | undefined;

/**
 * The file system by calls of the C library: what is asked for with every request costs no objects
 * and no exceptions. Throws where koffi is not installed, or the system is not Linux.
 */
export function linuxFiles(): Files {
  made ??= over(new FileCalls(loadKoffi('epoll')));
  return made;
}

function over(calls: FileCalls): Files {
  const errors = new Map<number, FileError>();
  const errorOf = (answer: number): FileError => {
    let error = errors.get(answer);
    if (error === undefined) {
      error = { code: getSystemErrorName(answer), errno: -answer };
      errors.set(answer, error);
    }
    return error;
  };
  return {
    ...systemFiles,
    open(path) {
      const descriptor = calls.open(path);
      return descriptor >= 0 ? descriptor : errorOf(descriptor);
    },
    close: (descriptor) => calls.close(descriptor),
    statusOf(descriptor) {
      const answer = calls.stat(descriptor);
      return answer === 0 ? calls : errorOf(answer);
    },
    status(path) {
      const answer = calls.statPath(path);
      return answer === 0 ? calls : errorOf(answer);
    },
    read(descriptor, into, position, bytes = into.length) {
      const read = calls.read(descriptor, into, position, bytes);
      return read >= 0 ? read : errorOf(read);
    },
  };
}
