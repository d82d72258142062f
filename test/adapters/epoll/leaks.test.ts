import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import type { Round } from './leak-program.ts';

const PROGRAM = fileURLToPath(new URL('./leak-program.js', import.meta.url));
const ROUNDS = 5;
/** `SLUICE_LEAK_CONNECTIONS=20000` is the long run: 100,000 in all, 10,000 of them cancelled. */
const CONNECTIONS = Number(process.env.SLUICE_LEAK_CONNECTIONS ?? 2000);
const CANCELLED = CONNECTIONS / 10;
const SEED = Number(process.env.SLUICE_SEED ?? 1);
/** The heap has not come to rest after a few thousand connections. */
const RSS_GROWTH_KIB_MAX = CONNECTIONS < 20_000 ? 32 * 1024 : 4 * 1024;
/** The epoll descriptor, the reserve and the listener. */
const DESCRIPTORS_OF_PORT = 3;

test(`${ROUNDS * CONNECTIONS} connections opened, closed and cancelled leave nothing`, async (t) => {
  t.timeout(120_000, 'the rounds have not ended');
  const counts = [CONNECTIONS, CANCELLED, ROUNDS, SEED].map(String);
  const args = ['--expose-gc', PROGRAM, ...counts];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines = stdout.trim().split('\n').slice(1);
  const left = JSON.parse(lines.pop() as string) as number;
  const rounds = lines.map((line) => JSON.parse(line) as Round);
  t.is(rounds.length, ROUNDS);
  for (const { ms, rssKib, sockets, timers, descriptors, outcomes } of rounds) {
    t.log(`${CONNECTIONS} in ${ms.toFixed(0)} ms, RSS ${(rssKib / 1024).toFixed(1)} MiB`);
    t.deepEqual([sockets, timers, descriptors], [1, 0, DESCRIPTORS_OF_PORT], 'only the listener');
    for (const kind of ['connect', 'recv', 'peek', 'close']) {
      t.true((outcomes[`${kind} cancelled`] ?? 0) > 0, `no ${kind} was cancelled`);
    }
  }
  t.log(`seed ${SEED}: ${JSON.stringify(rounds.at(-1)?.outcomes)}`);
  t.is(left, 0, 'descriptors');
  const growth = (rounds.at(-1) as Round).rssKib - (rounds[1] as Round).rssKib;
  t.true(growth < RSS_GROWTH_KIB_MAX, `${growth} KiB more than after the second round`);
});
