import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import type { FileError, OpenLogCache } from '../server/index.ts';

const MODE = 0o644;
const CLOSED = -1;

type Entry = { descriptor: number; uses: number; usedMs: number; checkedMs: number };

/**
 * Logs whose names come with each line: opened for it and closed again, but for those that a cache
 * keeps open. There may be any number of names: what is open has a bound.
 */
export class NamedLogs {
  readonly #nowMs: () => number;
  /** For each cache of the configuration: by path, the one that was used last at the end. */
  readonly #caches = new Map<OpenLogCache, Map<string, Entry>>();

  /** `nowMs`: some clock that never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Appends lines to the log of this path; what is wrong, where they could not be written. */
  append(path: string, lines: string, cache: OpenLogCache | undefined): FileError | undefined {
    const entry = cache === undefined ? undefined : this.#entry(path, cache);
    let descriptor = entry?.descriptor ?? CLOSED;
    try {
      if (descriptor === CLOSED) descriptor = openSync(Buffer.from(path, 'latin1'), 'a', MODE);
      writeSync(descriptor, lines, null, 'latin1');
    } catch (error) {
      if (entry !== undefined) entry.descriptor = CLOSED;
      if (descriptor !== CLOSED) closeSync(descriptor);
      const { code = 'EIO', errno = 0 } = error as NodeJS.ErrnoException;
      return { code, errno: Math.abs(errno) };
    }
    if (entry !== undefined && cache !== undefined) this.#keep(path, entry, cache);
    if (entry !== undefined && entry.uses >= (cache?.minUses ?? 0)) entry.descriptor = descriptor;
    else closeSync(descriptor);
    return undefined;
  }

  /** How many are open. */
  get open(): number {
    let open = 0;
    for (const entries of this.#caches.values())
      for (const { descriptor } of entries.values()) open += descriptor === CLOSED ? 0 : 1;
    return open;
  }

  /** Closes all: those that are used again are opened again. */
  close(): void {
    for (const entries of this.#caches.values()) for (const entry of entries.values()) shut(entry);
    this.#caches.clear();
  }

  #entry(path: string, cache: OpenLogCache): Entry {
    const entries = this.#entries(cache);
    const nowMs = this.#nowMs();
    forgetOld(entries, nowMs - cache.inactiveMs);
    const known = entries.get(path);
    if (known !== undefined && nowMs - known.checkedMs >= cache.validMs) check(known, path, nowMs);
    const entry = known ?? { descriptor: CLOSED, uses: 0, usedMs: nowMs, checkedMs: nowMs };
    entry.uses += 1;
    entry.usedMs = nowMs;
    return entry;
  }

  /** Only what could be written to takes the place of another one. */
  #keep(path: string, entry: Entry, cache: OpenLogCache): void {
    const entries = this.#entries(cache);
    entries.delete(path);
    while (entries.size >= cache.max) forgetFirst(entries);
    entries.set(path, entry);
  }

  #entries(cache: OpenLogCache): Map<string, Entry> {
    let entries = this.#caches.get(cache);
    if (entries === undefined) {
      entries = new Map();
      this.#caches.set(cache, entries);
    }
    return entries;
  }
}

function forgetOld(entries: Map<string, Entry>, sinceMs: number): void {
  for (const { usedMs } of entries.values()) {
    if (usedMs > sinceMs) return;
    forgetFirst(entries);
  }
}

function forgetFirst(entries: Map<string, Entry>): void {
  for (const [path, entry] of entries) {
    shut(entry);
    entries.delete(path);
    return;
  }
}

function shut(entry: Entry): void {
  if (entry.descriptor !== CLOSED) closeSync(entry.descriptor);
  entry.descriptor = CLOSED;
}

/** Is what is open still what has this name? */
function check(entry: Entry, path: string, nowMs: number): void {
  if (entry.descriptor === CLOSED) return;
  entry.checkedMs = nowMs;
  const named = statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false });
  const open = fstatSync(entry.descriptor);
  if (named?.ino !== open.ino || named.dev !== open.dev) shut(entry);
}
