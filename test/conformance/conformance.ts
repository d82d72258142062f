import test from 'ava';
import type { Port } from '../../src/core/port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { ReactorPort } from '../../src/core/reactor.ts';
import type { Fixture } from './fixture.ts';
import { REACTOR_GROUPS } from './reactor-rules.ts';
import { runReactorRule } from './reactor-run.ts';
import { CROWDS, GROUPS } from './rules.ts';
import { runRule } from './run.ts';

/** Holds one adapter, as it is or bridged, to everything that ports promise. */
export function conformance(fixture: Fixture<ProactorPort>): void {
  for (const groups of [GROUPS, CROWDS]) {
    for (const [group, rules] of Object.entries(groups)) {
      for (const [title, rule] of Object.entries(rules)) {
        declare(fixture, group, title, async () => (await runRule(fixture, rule)).failures);
      }
    }
  }
}

/** The same for one with the reactor's face. */
export function reactorConformance(fixture: Fixture<ReactorPort>): void {
  for (const [group, rules] of Object.entries(REACTOR_GROUPS)) {
    for (const [title, rule] of Object.entries(rules)) {
      declare(fixture, group, title, () => runReactorRule(fixture, rule));
    }
  }
}

function declare<P extends Port>(
  { name, skip }: Fixture<P>,
  group: string,
  title: string,
  run: () => Promise<readonly string[]>,
): void {
  const reason = skip?.[title];
  if (reason !== undefined) {
    test.serial.skip(`${name}: ${group}: ${title} (${reason})`, () => {});
    return;
  }
  // One after another: rules measure time and memory.
  test.serial(`${name}: ${group}: ${title}`, async (t) => t.deepEqual(await run(), []));
}
