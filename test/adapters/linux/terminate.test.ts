import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { REAL_PORTS } from '../../support/real-ports.ts';

const PROGRAM = fileURLToPath(new URL('./terminate-program.js', import.meta.url));

const ENDS: Readonly<Record<string, string>> = {
  terminated: 'a worker that is terminated while its port is open does not end the process',
  exits: 'a worker that exits while its port is open does not end the process',
};

for (const adapter of Object.keys(REAL_PORTS)) {
  for (const [how, says] of Object.entries(ENDS)) {
    test.serial(`${says} (${adapter})`, async (t) => {
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, adapter, how], {
        timeout: 30_000,
      });
      t.is(stdout, 'alive\n');
    });
  }
}
