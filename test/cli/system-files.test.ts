import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SYSTEM_FILES } from '../../src/cli/system-files.ts';
import { RECHECK_MS, SystemConfig } from '../../src/dns/system/system-config.ts';

test('there is always somebody to ask', (t) => {
  const { servers } = new SystemConfig(SYSTEM_FILES, { nowMs: () => 0 }).resolvConf();
  t.true(servers.length > 0);
});

test('what is no plain file, or is not there, is none', (t) => {
  t.is(SYSTEM_FILES.stat(tmpdir()), undefined);
  t.is(SYSTEM_FILES.read(tmpdir()), undefined);
  t.is(SYSTEM_FILES.stat('/nowhere/at/all'), undefined);
  t.is(SYSTEM_FILES.read('/nowhere/at/all'), undefined);
});

test('case 48: a real resolv.conf that is replaced by rename is seen', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const resolvConf = join(folder, 'resolv.conf');
  writeFileSync(resolvConf, 'nameserver 192.0.2.1\r\n');
  let nowMs = 0;
  const config = new SystemConfig(SYSTEM_FILES, { nowMs: () => nowMs }, { resolvConf });
  t.is(config.resolvConf().servers[0]?.address, '192.0.2.1');
  writeFileSync(`${resolvConf}.new`, 'nameserver 192.0.2.2\r\n');
  renameSync(`${resolvConf}.new`, resolvConf);
  nowMs = RECHECK_MS;
  t.is(config.resolvConf().servers[0]?.address, '192.0.2.2');
});
