import { execFile, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { REAL_PORTS, whyNoEpoll } from '../../support/real-ports.ts';
import type { Living } from './living-program.ts';
import { PLAIN_NODE } from './living-server.ts';

const PROGRAM = fileURLToPath(new URL('./living-program.js', import.meta.url));
/** `SLUICE_LONG=1`: the bounds that are promised on a machine of one's own. */
const LONG = process.env.SLUICE_LONG !== undefined;
const LOAD_MS = LONG ? 20_000 : 1_500;
const LATE_MS_MAX = LONG ? 5 : 25;
/** A short run has a hundred timers: too few for the one in a hundred. */
const SHARE = LONG ? 'p99' : 'p90';
/** Where many messages at once make Node's own sockets late, too, they are what to compare with. */
const TIMES_PLAIN_MAX = 1.5;
let plainMs = 0;

/** Connections, and microseconds of work per message. */
const LOADS: readonly (readonly [number, number])[] = LONG
  ? [
      [64, 20],
      [64, 0],
      [512, 20],
    ]
  : [[64, 20]];

/** The server alone on the first processor, the load on the second. */
const canPin =
  LONG && availableParallelism() > 1 && spawnSync('taskset', ['-V']).error === undefined;

async function run(adapter: string, connections: number, workUs: number): Promise<Living> {
  const numbers = [connections, workUs, LOAD_MS].map(String);
  const program = [process.execPath, PROGRAM, adapter, ...numbers];
  const [file = '', ...args] = canPin ? ['taskset', '-c', '0', ...program, 'pinned'] : program;
  const { stdout } = await promisify(execFile)(file, args, { timeout: 90_000 });
  return JSON.parse(stdout) as Living;
}

type Load = { readonly adapter: string; readonly connections: number; readonly workUs: number };

async function others(t: ExecutionContext, load: Load): Promise<void> {
  t.timeout(100_000, 'the load has not ended');
  const living = await run(load.adapter, load.connections, load.workUs);
  const { lateMs, ownLateMs } = living;
  const rate = (living.messages / LOAD_MS) * 1000;
  t.log(`${rate.toFixed(0)} messages/s with ${(living.cpu * 100).toFixed(0)} % of a processor`);
  for (const [what, late] of Object.entries({ 'all in all': lateMs, 'by our doing': ownLateMs })) {
    const [p50, p99, max] = [late.p50, late.p99, late.max].map((ms) => ms.toFixed(1));
    t.log(`setTimeout(10) late ${what}: p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`);
  }
  t.log(`${living.files} files read, ${living.tlsRounds} round trips of TLS`);
  t.true(living.messages > 0 && living.files > 5 && living.tlsRounds > 5);
  t.true(living.timers > 10 && living.immediates > 10);
  const ownMs = ownLateMs[SHARE];
  if (load.adapter === PLAIN_NODE) plainMs = ownMs;
  const maxMs = Math.max(LATE_MS_MAX, TIMES_PLAIN_MAX * plainMs);
  t.true(ownMs < maxMs, `${ownMs} ms at ${SHARE}, more than ${maxMs}`);
}

// The load itself runs on epoll.
const adapters = whyNoEpoll === undefined ? [PLAIN_NODE, ...Object.keys(REAL_PORTS)] : [];
for (const [connections, workUs] of LOADS) {
  for (const adapter of adapters) {
    const title = 'timers, promises, files and node:tls live beside a loaded port';
    const load = `${connections} connections, ${workUs} µs of work per message`;
    test.serial(`${title}: ${load} (${adapter})`, (t) =>
      others(t, { adapter, connections, workUs }),
    );
  }
}

if (whyNoEpoll !== undefined)
  test.skip(`a port under load: no epoll here, ${whyNoEpoll}`, () => {});
