import test, { type ExecutionContext } from 'ava';
import { upstream } from '../../../src/proxy/framework/index.ts';
import { ask, KINDS, matrixProxy, type Noted, retryOf, VARIANTS } from './matrix-client.ts';
import { DRIPS, ROWS, type Row } from './matrix-rows.ts';
import { DEADLINE_MS, MatrixSim, SIM_SERVERS, TRANSIT_MS } from './matrix-sim.ts';

const LONG = process.env.SLUICE_LONG !== undefined;
/** The first seed; with `SLUICE_SEED` it is the only one. */
const FIRST = Number(process.env.SLUICE_SEED ?? 0);
const SEEDS = process.env.SLUICE_SEED !== undefined ? 1 : LONG ? 1_000 : 9;
const UPLOAD_BYTES = 256 * 1024;
/** Most of what happens before a deadline has happened by then. */
const LEAVES_MS = 400;
const PATIENT = { connectMs: DEADLINE_MS, sendMs: DEADLINE_MS, readMs: DEADLINE_MS };

/** No packet is lost: a client whose RST is lost has not left, as far as the proxy can tell. */
async function meet(t: ExecutionContext, row: Row, seed: number): Promise<void> {
  const weather = { latencyMinMs: 1, latencyMaxMs: 40, reorder: 0.05, duplication: 0.02 };
  const sim = new MatrixSim({ seed, ...weather }, DRIPS);
  const noted: Noted[] = [];
  const variant = VARIANTS[seed % VARIANTS.length];
  const kinds = row.upload ? (['POST'] as const) : (row.kinds ?? KINDS);
  const kind = kinds[Math.floor(seed / VARIANTS.length) % kinds.length] as (typeof KINDS)[number];
  const path = `/${variant}/${kind}`;
  const what = `seed ${seed}, ${row.title}, ${path}`;
  await sim.run(async () => {
    await sim.serveRow(row);
    const group = upstream('group', {
      servers: [...SIM_SERVERS],
      timeouts: PATIENT,
      ...retryOf(row),
    });
    const proxy = matrixProxy([path], () => group, sim.hesitate, noted);
    await sim.listen(proxy, { limits: { bodyBytes: UPLOAD_BYTES } });
    const wire = await sim.client();
    const leavesMs = sim.random.between(0, LEAVES_MS);
    const asked = ask(wire, kind, path, row.upload ? UPLOAD_BYTES : 0);
    await sim.pass(leavesMs);
    await wire.reset(false);
    await asked;
    // Behind an upload that nobody takes, a client's end is not seen: the deadline ends it.
    await sim.pass(row.waits === 'sendMs' ? 2 * DEADLINE_MS + TRANSIT_MS : TRANSIT_MS);
    t.is(sim.begun, sim.released, `${what}: over soon after ${leavesMs} ms`);
    t.is(noted.length, sim.begun, `${what}: logged once`);
    const next = await sim.client();
    t.is((await ask(next, 'GET', `${path}/next`)).body, 'fine', `${what}: the next one is served`);
    await next.stream.close({ how: 'reset' });
  });
  t.is(sim.left, '', what);
}

for (const row of ROWS) {
  test.serial(
    `simulated from seeds, a client leaves at any moment before: ${row.title}`,
    async (t) => {
      t.timeout(LONG ? 1_200_000 : 50_000, 'the simulation has not ended');
      for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) await meet(t, row, seed);
    },
  );
}
