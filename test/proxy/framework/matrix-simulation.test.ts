import test, { type ExecutionContext } from 'ava';
import { upstream } from '../../../src/proxy/framework/index.ts';
import {
  ask,
  checkRow,
  KINDS,
  kindOf,
  matrixProxy,
  type Noted,
  retryOf,
  VARIANTS,
} from './matrix-client.ts';
import { DRIPS, ROWS, type Row, withoutReset } from './matrix-rows.ts';
import { DEADLINE_MS, MatrixSim, SIM_SERVERS, TRANSIT_MS } from './matrix-sim.ts';

const LONG = process.env.SLUICE_LONG !== undefined;
/** The first seed; with `SLUICE_SEED` it is the only one. */
const FIRST = Number(process.env.SLUICE_SEED ?? 0);
const SEEDS = process.env.SLUICE_SEED !== undefined ? 1 : LONG ? 1_000 : 27;
const UPLOAD_BYTES = 1024 * 1024;
const PATIENT = { connectMs: DEADLINE_MS, sendMs: DEADLINE_MS, readMs: DEADLINE_MS };

async function visit(
  t: ExecutionContext,
  sim: MatrixSim,
  row: Row,
  path: string,
  noted: readonly Noted[],
): Promise<void> {
  const wire = await sim.client();
  const answer = await ask(wire, kindOf(path), path, row.upload ? UPLOAD_BYTES : 0);
  const ms = noted[0]?.ms ?? 0;
  const met = row.reset && ms >= DEADLINE_MS ? withoutReset(row) : row;
  const wantedMs = met.waits || met.slow ? DEADLINE_MS : 0;
  // A write of which a part was taken in the end has another one behind it.
  const mostMs = met.waits === 'sendMs' ? 2 * DEADLINE_MS : wantedMs;
  const what = `seed ${sim.world.seed}, ${row.title}, ${path}`;
  t.true(ms >= wantedMs && ms < mostMs + TRANSIT_MS, `${what}: over after ${ms} ms`);
  checkRow(t, met, path, answer, noted, `seed ${sim.world.seed}, `);
  for (let i = 0; i < 2; i += 1) {
    const next = answer.persists && !answer.cut ? wire : await sim.client();
    const { status, body } = await ask(next, 'GET', `${path}/next`);
    t.deepEqual({ status, body }, { status: 200, body: 'fine' }, `${what}: the next one`);
    if (next !== wire) await next.stream.close({ how: 'reset' });
  }
  await wire.stream.close({ how: 'reset' });
}

async function meet(t: ExecutionContext, row: Row, seed: number): Promise<void> {
  const weather = { latencyMinMs: 1, latencyMaxMs: 40, loss: 0.02, reorder: 0.05 };
  const sim = new MatrixSim({ seed, ...weather, duplication: 0.02 }, DRIPS);
  const noted: Noted[] = [];
  const variant = VARIANTS[seed % VARIANTS.length];
  const kinds = row.upload ? ['POST'] : (row.kinds ?? KINDS);
  const kind = kinds[Math.floor(seed / VARIANTS.length) % kinds.length];
  const path = `/${variant}/${kind}`;
  await sim.run(async () => {
    await sim.serveRow(row);
    const group = upstream('group', {
      servers: [...SIM_SERVERS],
      timeouts: PATIENT,
      ...retryOf(row),
    });
    const proxy = matrixProxy([path], () => group, sim.hesitate, noted);
    await sim.listen(proxy, { limits: { bodyBytes: UPLOAD_BYTES } });
    await visit(t, sim, row, path, noted);
  });
  t.is(noted.length, 3, `seed ${seed}: each exchange is logged once`);
  t.is(sim.left, '', `seed ${seed}, ${row.title}`);
}

for (const row of ROWS) {
  test.serial(`simulated from seeds, an upstream: ${row.title}`, async (t) => {
    t.timeout(LONG ? 1_200_000 : 50_000, 'the simulation has not ended');
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) await meet(t, row, seed);
  });
}
