import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { NamedLogs } from '../../src/cli/named-logs.ts';
import type { OpenLogCache } from '../../src/server/index.ts';

const CACHE: OpenLogCache = { max: 2, inactiveMs: 1_000, minUses: 1, validMs: 500 };

class Setting {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
  nowMs = 0;
  readonly logs: NamedLogs = new NamedLogs(() => this.nowMs);

  append(name: string, line: string, cache?: OpenLogCache): string | undefined {
    return this.logs.append(join(this.folder, name), line, cache)?.code;
  }

  text(name: string): string {
    return readFileSync(join(this.folder, name), 'latin1');
  }

  end(): void {
    this.logs.close();
    rmSync(this.folder, { recursive: true });
  }
}

test('a log without a cache is closed again behind each line', (t) => {
  const setting = new Setting();
  t.is(setting.append('a', 'one\n'), undefined);
  t.is(setting.append('a', 'two\xe4\n'), undefined);
  t.is(setting.logs.open, 0);
  t.is(setting.text('a'), 'one\ntwo\xe4\n');
  setting.end();
});

test('a log that cannot be opened is an answer, and nothing stays open', (t) => {
  const setting = new Setting();
  t.is(setting.append('none/a', 'one\n'), 'ENOENT');
  t.is(setting.append('none/a', 'one\n', CACHE), 'ENOENT');
  t.is(setting.logs.open, 0);
  mkdirSync(join(setting.folder, 'none'));
  t.is(setting.append('none/a', 'two\n', CACHE), undefined);
  t.is(setting.text('none/a'), 'two\n');
  setting.end();
});

test('a cache keeps so many open, and the one that was used longest ago is closed first', (t) => {
  const setting = new Setting();
  for (const name of ['a', 'b', 'a', 'c']) setting.append(name, `${name}\n`, CACHE);
  t.is(setting.logs.open, 2);
  renameSync(join(setting.folder, 'a'), join(setting.folder, 'moved'));
  renameSync(join(setting.folder, 'b'), join(setting.folder, 'gone'));
  setting.append('a', 'still\n', CACHE);
  setting.append('b', 'new\n', CACHE);
  t.is(setting.text('moved'), 'a\na\nstill\n');
  t.is(setting.text('b'), 'new\n');
  setting.end();
});

test('what cannot be opened takes the place of nobody', (t) => {
  const setting = new Setting();
  setting.append('a', 'one\n', CACHE);
  setting.append('b', 'one\n', CACHE);
  t.is(setting.append('none/c', 'one\n', CACHE), 'ENOENT');
  t.is(setting.logs.open, 2);
  setting.end();
});

test('a log stays open once it has been used often enough', (t) => {
  const setting = new Setting();
  const cache = { ...CACHE, minUses: 2 };
  setting.append('a', 'one\n', cache);
  t.is(setting.logs.open, 0);
  setting.append('a', 'two\n', cache);
  t.is(setting.logs.open, 1);
  setting.end();
});

test('what nobody uses is closed when another one is used', (t) => {
  const setting = new Setting();
  setting.append('a', 'one\n', CACHE);
  setting.nowMs = 999;
  setting.append('b', 'one\n', CACHE);
  t.is(setting.logs.open, 2);
  setting.nowMs = 1_000;
  setting.append('b', 'two\n', CACHE);
  t.is(setting.logs.open, 1);
  setting.end();
});

test('a file that has been moved is left after the time for which a log is valid', (t) => {
  const setting = new Setting();
  setting.append('a', 'one\n', CACHE);
  renameSync(join(setting.folder, 'a'), join(setting.folder, 'moved'));
  setting.nowMs = 499;
  setting.append('a', 'two\n', CACHE);
  setting.nowMs = 500;
  setting.append('a', 'three\n', CACHE);
  t.is(setting.text('moved'), 'one\ntwo\n');
  t.is(setting.text('a'), 'three\n');
  setting.end();
});
