import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import type { LogFile } from '../server/index.ts';
import { failedCall, systemCall } from './system-error.ts';

const STDERR = 2;
const MODE = 0o644;

/** A log on this machine, opened for appending. Each write is one system call, as nginx's. */
class OpenLog implements LogFile {
  readonly path: string;
  #descriptor: number;

  /** Throws `StartError`. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = path === '' ? STDERR : open(path);
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
    this.#descriptor = open(this.path);
    if (old >= 0) closeSync(old);
  }

  close(): void {
    if (this.path !== '' && this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }
}

function open(path: string): number {
  return systemCall(`open() "${path}"`, () => openSync(path, 'a', MODE));
}

/** All logs of the program, each path once. */
export class LogFiles {
  readonly #logs = new Map<string, OpenLog>();

  /** `stderr` is standard error. Throws `StartError`. */
  open(path: string): LogFile {
    const key = path === 'stderr' ? '' : path;
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = new OpenLog(key);
      this.#logs.set(key, log);
    }
    return log;
  }

  /** Paths of all that are open, standard error aside. */
  get paths(): readonly string[] {
    return [...this.#logs.keys()].filter((path) => path !== '');
  }

  /** What could not be opened again goes on into its old file; answers what is wrong. */
  reopen(): readonly string[] {
    const failures: string[] = [];
    for (const log of this.#logs.values()) {
      try {
        log.reopen();
      } catch (error) {
        failures.push(error instanceof Error ? error.message : failedCall('open()', error));
      }
    }
    return failures;
  }

  close(): void {
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
  }
}

/** Makes a directory where there is none; answers whether it did. Throws `StartError`. */
export function makeDirectory(path: string): boolean {
  return systemCall(
    `mkdir() "${path}"`,
    () => mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined,
  );
}
