import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../src/cli/files.ts';
import { temporaryPaths } from '../../src/cli/program.ts';
import { type ProgramConf, readConfig } from '../../src/config/index.ts';

const onUnix = process.platform === 'win32' ? test.skip : test;
const MODES = 0o777;

test('what the system says of a file that cannot be changed is an answer, not an exception', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  const path = (name: string): string => join(directory, name);
  const { rename, makeDirectory, setMode, setTime } = systemFiles;
  writeFileSync(path('a'), 'a');
  t.is(rename(path('a'), path('none/b'))?.code, 'ENOENT');
  t.is(setMode(path('none'), 0o600)?.code, 'ENOENT');
  t.is(setTime(-1, 0)?.code, 'ERR_OUT_OF_RANGE');
  t.is(makeDirectory(directory, 0o700)?.code, 'EEXIST');
  rmSync(directory, { recursive: true });
});

onUnix('a file gets its rights, its time and its name', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  const made = systemFiles.temporary(directory);
  if ('code' in made) throw new Error(made.code);
  const { descriptor, path } = made;
  t.is(statSync(path).mode & MODES, 0o600);
  systemFiles.write(descriptor, Buffer.from('text'), 0);
  t.is(systemFiles.setMode(path, 0o640), undefined);
  t.is(systemFiles.setTime(descriptor, 784_111_777), undefined);
  t.is(systemFiles.makeDirectory(join(directory, 'in'), 0o700), undefined);
  const place = join(directory, 'in', 'b');
  writeFileSync(place, 'old');
  t.is(systemFiles.rename(path, place), undefined);
  systemFiles.close(descriptor);
  const { mode, mtimeMs } = statSync(place);
  t.deepEqual([mode & MODES, mtimeMs], [0o640, 784_111_777_000]);
  t.is(readFileSync(place, 'latin1'), 'text');
  rmSync(directory, { recursive: true });
});

test('a name that is taken is passed by', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  const first = systemFiles.temporary(directory);
  if ('code' in first) throw new Error(first.code);
  const number = Number(first.path.slice(-10));
  const next = (by: number): string => join(directory, String(number + by).padStart(10, '0'));
  for (let by = 1; by <= 200; by += 1) writeFileSync(next(by), '');
  const second = systemFiles.temporary(directory);
  t.true('path' in second, JSON.stringify(second));
  rmSync(directory, { recursive: true });
});

test('directories of locations within others are made, those for what is stored where it is', (t) => {
  const text = `events {} http { client_body_temp_path c; proxy_temp_path unused;
    server {
      location / {
        location /in { client_body_temp_path d; }
        location /one { proxy_store on; proxy_temp_path p; if ($uri) { proxy_pass http://127.0.0.1; } }
        location /two { proxy_store on; proxy_temp_path q; limit_except GET { proxy_pass http://127.0.0.1; } }
      }
    } }`;
  const sources = { read: () => text, glob: () => [] };
  const result = readConfig({ sources, file: '/etc/a', prefix: '/srv/', isRoot: true });
  if ('error' in result) throw result.error;
  t.deepEqual([...temporaryPaths(result.conf as ProgramConf)].sort(), ['c', 'd', 'p', 'q']);
});
