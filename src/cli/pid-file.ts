import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { systemCall } from './system-error.ts';

/** Behind the name of an older program's file, once a newer one has taken its place. */
export const OLD_SUFFIX = '.oldbin';

/** Says which process to signal; written when the program listens. Throws `StartError`. */
export function writePidFile(path: string): void {
  systemCall(`open() "${path}"`, () => writeFileSync(path, `${process.pid}\n`));
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}

/** Throws `StartError`. */
export function movePidFile(from: string, to: string): void {
  systemCall(`rename() ${from} to ${to}`, () => renameSync(from, to));
}

/** What stands in the file of another process; its number where it is one. */
export function readPidFile(path: string): {
  readonly text: string;
  readonly pid: number | undefined;
} {
  const text = readFileSync(path, 'latin1').trim();
  return { text, pid: /^\d+$/.test(text) ? Number(text) : undefined };
}
