import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { REAL_PORTS } from '../../support/real-ports.ts';

const PROGRAM = fileURLToPath(new URL('./unattended-program.js', import.meta.url));

for (const name of Object.keys(REAL_PORTS)) {
  test(`${name}: a program that has nothing to do but its checks ends by itself`, (t) => {
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, name], { timeout: 20_000 });
    t.is(stdout.toString(), 'started');
    t.is(status, 0);
  });
}
