import test from 'ava';
import fc from 'fast-check';
import type { Found } from '../../../src/dns/records/found.ts';
import { type ModelEnd, type ModelFound, RecordModel } from './record-model.ts';
import { answer, type Caller, failure, key, negative, RecordWorld } from './record-world.ts';

const RUNS = process.env.SLUICE_LONG === undefined ? 300 : 5_000;

type Step =
  | { do: 'call'; name: string; type: number; ms: number; refresh: boolean }
  | { do: 'answer'; which: number; end: ModelEnd }
  | { do: 'pass'; ms: number }
  | { do: 'cancel'; which: number }
  | { do: 'flush'; name: string };

const name = fc.constantFrom('a', 'a', 'a', 'b');
const end: fc.Arbitrary<ModelEnd> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('records' as const),
      ttl: fc.constantFrom(0, 1, 1, 1, 3, 60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('nodata' as const, 'nxdomain' as const),
      ttl: fc.constantFrom(undefined, 0, 1, 60, 3_600),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'failure' as const }) },
);
const call = fc.record({
  do: fc.constant('call' as const),
  name,
  type: fc.constantFrom(1, 1, 1, 28),
  ms: fc.constantFrom(0, 100, 1_000, 8_000),
  refresh: fc.constantFrom(false, false, false, true),
});
const reply = fc.record({ do: fc.constant('answer' as const), which: fc.nat(3), end });
const pass = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.constantFrom(1, 75, 500, 1_000, 1_000, 1_800, 5_000, 20_000),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: call },
  { weight: 5, arbitrary: reply },
  { weight: 4, arbitrary: pass },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const), name }) },
);

test('whatever happens, every caller is told once what the plain model says, and when', (t) => {
  t.timeout(60_000);
  const law = fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), (steps) => {
    const world = new RecordWorld({ prefetch: false });
    const model = new RecordModel();
    const callers: Caller[] = [];
    for (const one of steps) take(world, model, callers, one);
    takePass(world, model, 10_000);
    callers.forEach(({ told, atMs }, id) => {
      if (told.length > 1) throw new Error(`caller ${id} was told ${told.length} times`);
      const expected = model.told.get(id);
      const actual = told[0] === undefined ? undefined : { ...plain(told[0]), atMs };
      if (same(actual, expected)) return;
      throw new Error(`caller ${id}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
    });
    if (world.records.waiters > 0) throw new Error('somebody waits still');
    if (world.records.flights !== model.questions.size) throw new Error('questions under way');
    world.pass(0);
    if (world.host.loop.pendingTimers > 0) throw new Error('a timer is left');
  });
  t.notThrows(() => fc.assert(law, { numRuns: RUNS }));
});

function take(world: RecordWorld, model: RecordModel, callers: Caller[], step: Step): void {
  switch (step.do) {
    case 'call': {
      const { type, ms, refresh } = step;
      model.call(callers.length, step.name, type, ms, refresh);
      callers.push(world.call(step.name, { type, ms, mode: refresh ? 'refresh' : 'use' }));
      takePass(world, model, 0);
      return;
    }
    case 'answer': {
      const { open } = world.exchanger;
      const asked = open[step.which % Math.max(open.length, 1)];
      if (asked === undefined) return;
      model.answer(asked.name.slice(1, -1), asked.type, step.end);
      world.reply(endOf(step.end, asked.name), asked);
      return;
    }
    case 'pass':
      takePass(world, model, step.ms);
      return;
    case 'cancel':
      if (callers[step.which] === undefined) return;
      if (!model.told.has(step.which)) model.cancel(step.which);
      callers[step.which]?.search.cancel();
      return;
    default:
      model.flush(step.name);
      world.records.flush(key(step.name));
  }
}

function takePass(world: RecordWorld, model: RecordModel, ms: number): void {
  model.runDue();
  for (let i = 0; i < ms; i += 1) model.tick();
  world.pass(ms);
}

function endOf(end: ModelEnd, canonical: string): Parameters<RecordWorld['reply']>[0] {
  if (end.kind === 'failure') return failure();
  if (end.kind === 'records') return answer(end.ttl ?? 0, { canonical });
  return negative(end.kind, end.ttl, { canonical });
}

function plain(found: Found): ModelFound {
  if (found.kind === 'failure') return { kind: found.code };
  return { kind: found.kind, source: found.source, untilMs: found.expiresAtMs };
}

function same(a: ModelFound | undefined, b: ModelFound | undefined): boolean {
  const parts = (one: ModelFound & { atMs?: number }): unknown[] => [
    one.kind,
    one.source,
    one.untilMs,
    one.atMs,
  ];
  return JSON.stringify(a && parts(a)) === JSON.stringify(b && parts(b));
}
