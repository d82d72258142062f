import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { REAL_PORTS } from '../../support/real-ports.ts';

const PROGRAM = fileURLToPath(new URL('./exit-program.js', import.meta.url));

/** What the program has → what it does, and what it prints. */
const ENDS: Readonly<Record<string, readonly [says: string, prints: string]>> = {
  closed: ['a process ends by itself once its port is closed', 'exit 0\n'],
  open: ['an open port without sockets does not keep the process alive', 'exit 0\n'],
  gone: ['a port whose sockets are closed does not keep the process alive', 'exit 0\n'],
  worker: ['a worker that ends with an open port does not end the process', 'exit 0\n'],
  alive: [
    'an open connection keeps the process alive: what comes after half a second is heard',
    'heard\nexit 0\n',
  ],
};

for (const adapter of Object.keys(REAL_PORTS)) {
  for (const [what, [says, prints]] of Object.entries(ENDS)) {
    test.serial(`${says} (${adapter})`, async (t) => {
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, adapter, what], {
        timeout: 30_000,
      });
      t.is(stdout, prints);
    });
  }
}
