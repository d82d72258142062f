import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Says which process to signal; written when the program listens. */
export function writePidFile(path: string): void {
  writeFileSync(path, `${process.pid}\n`);
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}

/** What stands in the file of another process; its number where it is one. */
export function readPidFile(path: string): {
  readonly text: string;
  readonly pid: number | undefined;
} {
  const text = readFileSync(path, 'latin1').trim();
  return { text, pid: /^\d+$/.test(text) ? Number(text) : undefined };
}
