import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { Idle } from './idle-program.ts';
import type { Living } from './living-program.ts';

/** `SLUICE_LONG=1`: 30 s each, with the bounds that are promised on a machine of one's own. */
const LONG = process.env.SLUICE_LONG !== undefined;
const LOAD_MS = LONG ? 30_000 : 1_500;
const IDLE_MS = LONG ? 30_000 : 3_000;
const LATE_P99_MS_MAX = LONG ? 5 : 25;
const IDLE_SHARE_MAX = LONG ? 0.002 : 0.01;
const CONNECTIONS = 1000;

async function run<Report>(name: string, ...args: number[]): Promise<Report> {
  const program = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const all = ['--expose-gc', program, ...args.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, all, { timeout: 90_000 });
  return JSON.parse(stdout) as Report;
}

/** Connections, and microseconds of work per message. */
const LOADS = [
  [64, 20],
  ...(LONG
    ? ([
        [64, 0],
        [512, 20],
      ] as const)
    : []),
] as const;

for (const [connections, workUs] of LOADS) {
  const load = `${connections} connections, ${workUs} µs of work per message`;
  test.serial(
    `timers, promises, files and node:tls live beside a loaded port: ${load}`,
    async (t) => {
      t.timeout(100_000, 'the load has not ended');
      const living = await run<Living>('living-program', connections, workUs, LOAD_MS);
      const { lateMs, ownLateMs } = living;
      const rate = (living.messages / LOAD_MS) * 1000;
      t.log(`${rate.toFixed(0)} messages/s with ${(living.cpu * 100).toFixed(0)} % of a processor`);
      for (const [what, late] of Object.entries({
        'all in all': lateMs,
        'by our doing': ownLateMs,
      })) {
        const [p50, p99, max] = [late.p50, late.p99, late.max].map((ms) => ms.toFixed(1));
        t.log(`setTimeout(10) late ${what}: p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`);
      }
      t.log(`${living.files} files read, ${living.tlsRounds} round trips of TLS`);
      t.true(living.messages > 0 && living.files > 5 && living.tlsRounds > 5);
      t.true(living.timers > 10 && living.immediates > 10);
      t.true(ownLateMs.p99 < LATE_P99_MS_MAX, `p99 ${ownLateMs.p99} ms`);
    },
  );
}

test.serial(`${CONNECTIONS} open connections without traffic cost nothing`, async (t) => {
  t.timeout(60_000, 'the time has not passed');
  const { sockets, turns, cpuMs } = await run<Idle>('idle-program', CONNECTIONS, IDLE_MS);
  t.log(`${cpuMs.toFixed(1)} ms in ${IDLE_MS} ms: ${((cpuMs / IDLE_MS) * 100).toFixed(3)} %`);
  t.is(sockets, 2 * CONNECTIONS + 1);
  t.is(turns, 0, 'the loop makes no turn');
  t.true(cpuMs / IDLE_MS < IDLE_SHARE_MAX);
});
