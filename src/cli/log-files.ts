import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogFile } from '../server/index.ts';

const STDERR = 2;
const MODE = 0o644;

/** A log on this machine, opened for appending. Each write is one system call, as nginx's. */
class OpenLog implements LogFile {
  readonly path: string;
  #descriptor: number;

  /** Throws what the system says. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = path === '' ? STDERR : openSync(path, 'a', MODE);
  }

  write(lines: string): void {
    if (this.#descriptor < 0) return;
    try {
      writeSync(this.#descriptor, lines, null, 'latin1');
    } catch {
      // A full disk must not end the service; nginx goes on, too.
    }
  }

  /** Opens the file of this name again: the old one may have been moved away. */
  reopen(): void {
    if (this.path === '') return;
    const old = this.#descriptor;
    this.#descriptor = openSync(this.path, 'a', MODE);
    if (old >= 0) closeSync(old);
  }

  close(): void {
    if (this.path !== '' && this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** All logs of the program, each path once. */
export class LogFiles {
  readonly #logs = new Map<string, OpenLog>();

  /** `stderr` is standard error. Throws what the system says. */
  open(path: string): LogFile {
    const key = path === 'stderr' ? '' : path;
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = new OpenLog(key);
      this.#logs.set(key, log);
    }
    return log;
  }

  reopen(): void {
    for (const log of this.#logs.values()) log.reopen();
  }

  close(): void {
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
  }
}

/** Makes a directory where there is none. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

export function directoryOf(path: string): string {
  return dirname(path);
}
