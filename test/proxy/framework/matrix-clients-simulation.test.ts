import test, { type ExecutionContext } from 'ava';
import { upstream } from '../../../src/proxy/framework/index.ts';
import { ok } from '../upstream.ts';
import { ask, handlers, type Noted, notingProxy, VARIANTS, type Variant } from './matrix-client.ts';
import { CLIENT_ROWS, type ClientRow, checkClient, SERVERS } from './matrix-client-rows.ts';
import { DRIPS } from './matrix-rows.ts';
import { DEADLINE_MS, MatrixSim, SIM_SERVERS, TRANSIT_MS } from './matrix-sim.ts';
import type { StreamWire } from './matrix-wire.ts';

const LONG = process.env.SLUICE_LONG !== undefined;
/** The first seed; with `SLUICE_SEED` it is the only one. */
const FIRST = Number(process.env.SLUICE_SEED ?? 0);
const SEEDS = process.env.SLUICE_SEED !== undefined ? 1 : LONG ? 1_000 : 18;
/** More than the kernels buffer. */
const MUCH_BYTES = 512 * 1024;
/** No deadline of a server is met before those of clients. */
const LATER_MS = 10 * DEADLINE_MS;
const PATIENT = { connectMs: LATER_MS, sendMs: LATER_MS, readMs: LATER_MS };
const DEADLINES = { headMs: DEADLINE_MS, bodyMs: DEADLINE_MS, sendMs: DEADLINE_MS };

async function serve(wire: StreamWire, { server }: ClientRow): Promise<void> {
  for (let head = await wire.head(); head !== undefined; head = await wire.head()) {
    if (head.includes('/next HTTP/1.1')) await wire.write(ok('fine'));
    else if (head.includes('x HTTP/1.1')) await SERVERS[server](wire, MUCH_BYTES);
  }
}

async function visit(
  t: ExecutionContext,
  sim: MatrixSim,
  row: ClientRow,
  variant: Variant,
  noted: readonly Noted[],
): Promise<void> {
  const what = `seed ${sim.world.seed}, ${variant}`;
  const wire = await sim.client();
  const startedMs = sim.world.nowMs();
  const answer = await row.act(wire);
  const settled = () => noted.length >= (row.logged ? 1 : 0) && sim.begun === sim.released;
  while (!settled()) {
    if (sim.world.nowMs() - startedMs > LATER_MS) break;
    await sim.pass(100);
  }
  const ms = sim.world.nowMs() - startedMs;
  if (row.waits)
    t.true(ms >= DEADLINE_MS && ms < 2 * DEADLINE_MS + TRANSIT_MS, `${what}: ${ms} ms`);
  if (row.leaves) t.true(ms < TRANSIT_MS, `${what}: noticed after ${ms} ms`);
  checkClient(t, row, what, answer, noted);
  const next = await sim.client();
  t.is((await ask(next, 'GET', '/next')).body, 'fine', `${what}: the next one is served`);
  await next.stream.close({ how: 'reset' });
  await wire.stream.close({ how: 'reset' });
}

async function meet(t: ExecutionContext, row: ClientRow, seed: number): Promise<void> {
  // A RST that is lost is never missed, so that nobody hears of a client that has left.
  const loss = row.leaves ? 0 : 0.02;
  const weather = { latencyMinMs: 1, latencyMaxMs: 40, loss, reorder: 0.05, duplication: 0.02 };
  const sim = new MatrixSim({ seed, ...weather }, DRIPS);
  const noted: Noted[] = [];
  const variant = VARIANTS[seed % VARIANTS.length] as Variant;
  await sim.run(async () => {
    await sim.serve('bad', (wire) => serve(wire, row));
    const group = upstream('group', { servers: [SIM_SERVERS[0] as string], timeouts: PATIENT });
    const phases = { upstreamPeer: () => group, ...handlers(variant, sim.hesitate) };
    await sim.listen(notingProxy(noted).route('/', phases), { timeouts: DEADLINES });
    await visit(t, sim, row, variant, noted);
  });
  t.is(sim.left, '', `seed ${seed}`);
}

for (const row of CLIENT_ROWS) {
  test.serial(`simulated from seeds, a client: ${row.title}`, async (t) => {
    t.timeout(LONG ? 1_200_000 : 50_000, 'the simulation has not ended');
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) await meet(t, row, seed);
  });
}
