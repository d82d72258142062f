import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { REAL_PORTS } from '../../support/real-ports.ts';
import type { Left, Round } from './leak-program.ts';

const PROGRAM = fileURLToPath(new URL('./leak-program.js', import.meta.url));
const ROUNDS = 5;
/** Rounds before them, in which the heap finds its size. */
const FIRST_ROUNDS = 2;
/** `SLUICE_LONG=1`: 100,000 in the rounds that count, 10,000 of them cancelled. */
const LONG = process.env.SLUICE_LONG !== undefined;
const CONNECTIONS = LONG ? 20_000 : 2_000;
const CANCELLED = CONNECTIONS / 10;
const SEED = Number(process.env.SLUICE_SEED ?? 1);
/** A hundred bytes per connection; the heap has not come to rest after a few thousand of them. */
const RSS_GROWTH_KIB_MAX = LONG ? 8 * 1024 : 32 * 1024;

async function leavesNothing(t: ExecutionContext, adapter: string): Promise<void> {
  t.timeout(120_000, 'the rounds have not ended');
  const counts = [CONNECTIONS, CANCELLED, FIRST_ROUNDS + ROUNDS, SEED].map(String);
  const args = ['--expose-gc', PROGRAM, adapter, ...counts];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines = stdout.trim().split('\n').slice(1);
  const left = JSON.parse(lines.pop() as string) as Left;
  const rounds = lines.map((line) => JSON.parse(line) as Round);
  t.is(rounds.length, FIRST_ROUNDS + ROUNDS);
  for (const round of rounds) {
    const { ms, rssKib, outcomes } = round;
    t.log(`${CONNECTIONS} in ${ms.toFixed(0)} ms, RSS ${(rssKib / 1024).toFixed(1)} MiB`);
    const listenerAlone = { sockets: 1, operations: 1, timers: 0, descriptors: 0, handles: 0 };
    t.like(round, { ...listenerAlone, inFlight: rounds[0]?.inFlight ?? 0, lentBuffers: 0 });
    for (const kind of ['connect', 'recv', 'peek', 'close']) {
      t.true((outcomes[`${kind} cancelled`] ?? 0) > 0, `no ${kind} was cancelled`);
    }
  }
  t.log(`seed ${SEED}: ${JSON.stringify(rounds.at(-1)?.outcomes)}`);
  t.deepEqual(left, { operations: 0, descriptors: 0, handles: 0, inFlight: 0, lentBuffers: 0 });
  const growth = (rounds.at(-1) as Round).rssKib - (rounds[FIRST_ROUNDS] as Round).rssKib;
  t.log(`${growth} KiB more than ${ROUNDS - 1} rounds before`);
  t.true(growth < RSS_GROWTH_KIB_MAX, `${growth} KiB`);
}

for (const adapter of Object.keys(REAL_PORTS).filter((name) => name !== 'node')) {
  const title = `${ROUNDS * CONNECTIONS} connections opened, closed and cancelled leave nothing`;
  test.serial(`${title} (${adapter})`, (t) => leavesNothing(t, adapter));
}
