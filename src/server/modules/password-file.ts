import { Buffer } from 'node:buffer';
import type { FileError, Files } from '../engine/environment.ts';

const CHUNK_BYTES = 16 * 1024;
/** Of a longer line, the beginning is looked at. */
const LINE_BYTES_MAX = 8 * 1024;

/**
 * The hash of a user's password, from a file with lines `user:hash:comment`; `undefined`: there is
 * no such user. It is read each time, so that a changed file holds at once.
 */
export function passwordOf(
  files: Files,
  path: string,
  user: string,
): string | FileError | undefined {
  const descriptor = files.open(path);
  if (typeof descriptor !== 'number') return descriptor;
  try {
    return search(files, descriptor, `${user}:`);
  } finally {
    files.close(descriptor);
  }
}

function search(files: Files, descriptor: number, prefix: string): string | FileError | undefined {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = '';
  for (let position = 0; ; ) {
    const bytes = files.read(descriptor, chunk, position);
    if (typeof bytes !== 'number') return bytes;
    position += bytes;
    const lines = (rest + chunk.toString('latin1', 0, bytes)).split('\n');
    rest = bytes === 0 ? '' : (lines.pop() as string).slice(0, LINE_BYTES_MAX);
    const line = lines.find((one) => one.startsWith(prefix) && !one.startsWith('#'));
    if (line !== undefined) return /^[^:\r]*/.exec(line.slice(prefix.length))?.[0] ?? '';
    if (bytes === 0) return undefined;
  }
}
