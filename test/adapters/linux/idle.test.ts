import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { REAL_PORTS } from '../../support/real-ports.ts';
import type { Idle } from './idle-program.ts';

const PROGRAM = fileURLToPath(new URL('./idle-program.js', import.meta.url));
/** `SLUICE_LONG=1`: the promised bound, on a machine of one's own. */
const LONG = process.env.SLUICE_LONG !== undefined;
const IDLE_MS = LONG ? 30_000 : 3_000;
const IDLE_SHARE_MAX = LONG ? 0.002 : 0.01;
const CONNECTIONS = 1000;

async function costNothing(t: ExecutionContext, adapter: string): Promise<void> {
  t.timeout(60_000, 'the time has not passed');
  const args = ['--expose-gc', PROGRAM, adapter, String(CONNECTIONS), String(IDLE_MS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { sockets, turns, cpuMs } = JSON.parse(stdout) as Idle;
  t.log(`${cpuMs.toFixed(1)} ms in ${IDLE_MS} ms: ${((cpuMs / IDLE_MS) * 100).toFixed(3)} %`);
  t.is(sockets, 2 * CONNECTIONS + 1);
  t.is(turns, 0, 'the loop makes no turn');
  t.true(cpuMs / IDLE_MS < IDLE_SHARE_MAX);
}

for (const adapter of Object.keys(REAL_PORTS)) {
  test.serial(`${CONNECTIONS} open connections without traffic cost nothing (${adapter})`, (t) =>
    costNothing(t, adapter),
  );
}
