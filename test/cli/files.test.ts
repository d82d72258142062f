import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemFiles } from '../../src/cli/files.ts';
import { linuxFiles } from '../../src/cli/linux-files.ts';
import { filesFor } from '../../src/cli/port-files.ts';
import type { FileError, FileStatus, Files } from '../../src/server/index.ts';

/** Past what 32 bits hold. */
const LARGE_BYTES = 5 * 2 ** 30 + 3;

type Subject = { readonly name: string; readonly files: () => Files };

const SUBJECTS: readonly Subject[] = [
  { name: 'node', files: () => systemFiles },
  ...(process.platform === 'linux' ? [{ name: 'linux', files: linuxFiles }] : []),
];

/** A rule for every way to get at files, with a folder of its own. */
function rule(
  title: string,
  run: (t: ExecutionContext, files: Files, folder: string) => void,
): void {
  for (const { name, files } of SUBJECTS) {
    test(`${title} (${name})`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
      t.teardown(() => rmSync(folder, { recursive: true }));
      run(t, files(), folder);
    });
  }
}

/** The status is lent: what is compared is a copy. */
function copyOf(status: FileStatus | FileError): unknown {
  if ('code' in status) return status.code;
  const { isFile, isDirectory, size, mtime } = status;
  return { isFile, isDirectory, size, mtime };
}

rule('a file is described alike by its path and by its descriptor', (t, files, folder) => {
  const path = join(folder, 'file');
  writeFileSync(path, 'hello');
  utimesSync(path, 7, 1_234_567_890.9);
  const expected = { isFile: true, isDirectory: false, size: 5, mtime: 1_234_567_890 };
  t.deepEqual(copyOf(files.status(path)), expected);
  const descriptor = files.open(path) as number;
  t.deepEqual(copyOf(files.statusOf(descriptor)), expected);
  files.close(descriptor);
});

rule('a file that is large, and older than 1970, is described', (t, files, folder) => {
  const path = join(folder, 'file');
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, LARGE_BYTES);
  closeSync(descriptor);
  utimesSync(path, new Date(0), new Date(-100_000));
  const expected = { isFile: true, isDirectory: false, size: LARGE_BYTES, mtime: -100 };
  t.deepEqual(copyOf(files.status(path)), expected);
});

rule('bytes are read from where they are asked for, as many as are there', (t, files, folder) => {
  const path = join(folder, 'file');
  writeFileSync(path, '0123456789');
  const descriptor = files.open(path) as number;
  const into = new Uint8Array(4);
  const text = (bytes: number): string => Buffer.from(into.subarray(0, bytes)).toString();
  t.is(files.read(descriptor, into, 2), 4);
  t.is(text(4), '2345');
  t.is(files.read(descriptor, into, 0, 2), 2);
  t.is(text(4), '0145', 'no more than asked for');
  t.is(files.read(descriptor, into, 8), 2);
  t.is(text(2), '89');
  t.is(files.read(descriptor, into, 10), 0);
  files.close(descriptor);
});

rule('what goes wrong is said as the system says it', (t, files, folder) => {
  const code = (answer: unknown): unknown => (answer as FileError).code;
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('loop', join(folder, 'loop'));
  for (const act of [files.open, files.status] as const) {
    t.like(act(join(folder, 'missing')), { code: 'ENOENT', errno: 2 });
    t.like(act(join(folder, 'file', 'below')), { code: 'ENOTDIR', errno: 20 });
    t.is(code(act(join(folder, 'loop'))), 'ELOOP');
    t.is(code(act(join(folder, 'n'.repeat(300)))), 'ENAMETOOLONG');
    t.is(code(act(`/${'n/'.repeat(3000)}`)), 'ENAMETOOLONG');
  }
  t.is(code(files.statusOf(1_000_000)), 'EBADF');
  t.is(code(files.read(1_000_000, new Uint8Array(1), 0)), 'EBADF');
});

rule('a path with a zero byte names no file, not one that is shorter', (t, files, folder) => {
  writeFileSync(join(folder, 'file'), '');
  t.is(typeof files.open(`${join(folder, 'file')}\0.txt`), 'object');
  t.true('code' in files.status(`${join(folder, 'file')}\0`));
});

rule('paths are bytes', (t, files, folder) => {
  writeFileSync(join(folder, 'grün'), 'x');
  const path = Buffer.from(join(folder, 'grün')).toString('latin1');
  t.is((files.status(path) as FileStatus).size, 1);
});

rule('a directory and a pipe are opened without waiting, and told apart', (t, files, folder) => {
  mkdirSync(join(folder, 'directory'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe')]);
  const kindOf = (name: string): unknown => {
    const descriptor = files.open(join(folder, name)) as number;
    const { isFile, isDirectory } = files.statusOf(descriptor) as FileStatus;
    files.close(descriptor);
    return { isFile, isDirectory };
  };
  t.deepEqual(kindOf('directory'), { isFile: false, isDirectory: true });
  if (process.platform === 'win32') return;
  t.deepEqual(kindOf('pipe'), { isFile: false, isDirectory: false });
});

test('files are asked for by the C library where the port does so', (t) => {
  const portWith = (adopt: boolean) =>
    ({ capabilities: { adopt } }) as Parameters<typeof filesFor>[0];
  t.is(filesFor(portWith(false)), systemFiles);
  t.is(filesFor(portWith(true)) === systemFiles, process.platform !== 'linux');
});
