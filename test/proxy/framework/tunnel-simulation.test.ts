import test, { type ExecutionContext } from 'ava';
import { simFault } from '../../../adapters/sim/sim-faults.ts';
import type { FaultCode } from '../../../src/core/fault.ts';
import { ASKS, type Ask, READ_MS, type TunnelOutcome, TunnelSim } from './tunnel-sim.ts';

const MESSAGES = ['a'.repeat(3_000), 'b'.repeat(20_000), 'c'];
const WHOLE = `ahead,${MESSAGES.join('')}`;
const OPENED: Readonly<Record<Ask, number>> = { upgrade: 101, connect: 200 };

/** A client has all of it, or can see that it has not, and never other bytes. */
function isHonest(ask: Ask, { status, data, cut }: TunnelOutcome): boolean {
  if (status === OPENED[ask]) return cut ? WHOLE.startsWith(data) : data === WHOLE;
  return status === 0 || (status >= 400 && status < 600);
}

const asks = Object.keys(ASKS) as Ask[];
/** A kernel may refuse these; a close it does not refuse. */
const KINDS = ['listen', 'accept', 'connect', 'recv', 'send', 'shutdown'] as const;
const CODES: readonly FaultCode[] = ['reset', 'fileDescriptors', 'noBuffers'];

for (const ask of asks) {
  for (const kind of KINDS) {
    test.serial(`${ask}: the n-th ${kind} fails, for every n, and nothing is left`, async (t) => {
      t.timeout(60_000, 'the simulation has not ended');
      let worlds = 0;
      for (const code of CODES) {
        for (let n = 1; await withFault(t, ask, kind, n, code); n += 1) worlds += 1;
      }
      t.log(`${worlds} worlds with one failed ${kind} each`);
      t.true(worlds >= CODES.length);
    });
  }
}

/** `false`: there was no n-th operation of this kind. */
async function withFault(
  t: ExecutionContext,
  ask: Ask,
  kind: (typeof KINDS)[number],
  n: number,
  code: FaultCode,
): Promise<boolean> {
  const sim = new TunnelSim({ seed: n, latencyMinMs: 1, latencyMaxMs: 3 });
  const plan = sim.world.failNth(kind, n, simFault(code));
  const outcomes: TunnelOutcome[] = [];
  await sim.run(async () => {
    for (let i = 0; i < 2; i += 1) outcomes.push(await sim.ask(ask, MESSAGES));
  });
  const what = `${code}, n = ${n}: ${outcomes.map(({ status, cut }) => [status, cut]).join(' ')}`;
  t.true(
    outcomes.every((outcome) => isHonest(ask, outcome)),
    what,
  );
  t.is(sim.left, '', what);
  return plan.fired;
}

for (const ask of asks) {
  test.serial(`${ask}: under loss, delay and resets 150 worlds are honest`, async (t) => {
    t.timeout(60_000, 'the simulation has not ended');
    let whole = 0;
    for (let seed = 0; seed < 150; seed += 1) {
      const bad = { loss: 0.03, resets: 0.02, reorder: 0.05, duplication: 0.02 };
      const sim = new TunnelSim({ seed, latencyMinMs: 1, latencyMaxMs: 40, ...bad });
      const outcomes: TunnelOutcome[] = [];
      await sim.run(async () => {
        const all = Array.from({ length: 4 }, () => sim.ask(ask, MESSAGES));
        outcomes.push(...(await Promise.all(all)));
      });
      for (const outcome of outcomes) {
        t.true(isHonest(ask, outcome), `seed ${seed}: ${outcome.status} ${outcome.cut}`);
        if (outcome.status === OPENED[ask] && !outcome.cut) whole += 1;
      }
      t.is(sim.left, '', `seed ${seed}`);
    }
    t.log(`${whole} of 600 tunnels were whole`);
    t.true(whole > 50);
  });

  test.serial(`${ask}: a client that leaves at any time leaves nothing`, async (t) => {
    t.timeout(60_000, 'the simulation has not ended');
    for (let seed = 0; seed < 200; seed += 1) {
      const sim = new TunnelSim({ seed, latencyMinMs: 1, latencyMaxMs: 2 });
      await sim.run(() => sim.leaveAfter(ask, seed / 10).catch(() => {}));
      t.is(sim.left, '', `after ${seed / 10} ms`);
    }
  });

  test.serial(`${ask}: a silent tunnel is closed after readMs, to the millisecond`, async (t) => {
    const sim = new TunnelSim({ seed: 1 });
    await sim.run(async () => {
      t.is(await sim.keepSilent(ask), READ_MS);
    });
    t.is(sim.left, '');
  });
}
