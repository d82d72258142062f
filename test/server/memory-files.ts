import type { FileStatus, Files } from '../../src/server/index.ts';

const MISSING = { code: 'ENOENT', errno: 2 } as const;
const MTIME = 1_700_000_000;

/** Files that exist in memory only, by path; directories are those that paths name. */
export function memoryFiles(contents: Readonly<Record<string, string>>): Files {
  const opened: Uint8Array[] = [];
  const bytesOf = (path: string): Uint8Array | undefined =>
    Object.hasOwn(contents, path) ? Buffer.from(contents[path] as string, 'latin1') : undefined;
  const fileStatus = (size: number): FileStatus => {
    return { isFile: true, isDirectory: false, size, mtime: MTIME };
  };
  const status = (path: string): FileStatus | typeof MISSING => {
    const bytes = bytesOf(path);
    if (bytes !== undefined) return fileStatus(bytes.length);
    const directory = path.endsWith('/') ? path : `${path}/`;
    const exists = Object.keys(contents).some((name) => name.startsWith(directory));
    return exists ? { ...fileStatus(0), isFile: false, isDirectory: true } : MISSING;
  };
  return {
    isExecutable: () => false,
    temporary: () => MISSING,
    write: () => MISSING,
    remove: () => {},
    rename: () => MISSING,
    makeDirectory: () => MISSING,
    setMode: () => MISSING,
    setTime: () => MISSING,
    open: (path) => {
      const bytes = bytesOf(path);
      return bytes === undefined ? MISSING : opened.push(bytes) - 1;
    },
    close: () => {},
    statusOf: (descriptor) => fileStatus(opened[descriptor]?.length ?? 0),
    status,
    list: (path) => {
      const names = Object.keys(contents).filter((name) => name.startsWith(`${path}/`));
      const first = names.map((name) => name.slice(path.length + 1).split('/')[0] as string);
      return first.length === 0 ? MISSING : [...new Set(first)];
    },
    read: (descriptor, into, position, bytes = into.length) => {
      const read = opened[descriptor]?.subarray(position, position + bytes);
      into.set(read ?? []);
      return read?.length ?? 0;
    },
  };
}
