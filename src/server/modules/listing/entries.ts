import type { FileError, Files } from '../../engine/environment.ts';

/** One name in a directory. */
export type Entry = {
  /** Bytes as latin1. */
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'other';
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
};

/** Names that are listed of one directory; more are left out. */
export const ENTRIES_MAX: number = 100_000;

/** What may be seen of a directory, directories first, by name. Hidden files stay hidden. */
export function entriesOf(files: Files, directory: string): readonly Entry[] | FileError {
  const names = files.list(directory);
  if ('code' in names) return names;
  const entries: Entry[] = [];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    if (entries.length === ENTRIES_MAX) break;
    const status = files.status(`${directory}/${name}`);
    if (!('code' in status)) {
      const { isDirectory, isFile, size, mtime } = status;
      entries.push({
        name,
        kind: isDirectory ? 'directory' : isFile ? 'file' : 'other',
        size,
        mtime,
      });
    } else if (status.code === 'ENOENT' || status.code === 'ELOOP') {
      // A link that leads nowhere.
      entries.push({ name, kind: 'other', size: 0, mtime: 0 });
    }
  }
  return entries.sort(byKindAndName);
}

function byKindAndName(a: Entry, b: Entry): number {
  const aFirst = a.kind === 'directory';
  if (aFirst !== (b.kind === 'directory')) return aFirst ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
