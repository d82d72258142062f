import test from 'ava';
import { GROUPS } from './rules.ts';
import { runRule } from './run.ts';
import { simBridgedFixture, simFixture, simReactorAsProactor } from './sim-fixture.ts';

/** Title → why a bridge may show another sequence. Whatever is not here is equal. */
const MAY_DIFFER: Readonly<Record<string, string>> = {
  'a cancel that races with the bytes loses none, at whatever moment it comes':
    'it is a race: who wins is not promised',
  'a batch that misses its deadline breaks the outbox once':
    'the outbox of a bridge takes some batches more before it stops',
};

for (const bridged of [simReactorAsProactor, simBridgedFixture]) {
  for (const [group, rules] of Object.entries(GROUPS)) {
    for (const [title, rule] of Object.entries(rules)) {
      const reason = MAY_DIFFER[title];
      const why = reason === undefined ? '' : ` (but: ${reason})`;
      test.serial(
        `law 14: ${bridged.name} tells the same of ${group}: ${title}${why}`,
        async (t) => {
          const port = await runRule(simFixture, rule);
          const bridge = await runRule(bridged, rule);
          t.deepEqual([...port.failures, ...bridge.failures], []);
          if (reason === undefined) t.deepEqual(bridge.trace, port.trace);
        },
      );
    }
  }
}
