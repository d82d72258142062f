import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { nodeFixture } from './node-fixture.ts';
import { GROUPS } from './rules.ts';
import { runRule } from './run.ts';
import { simFixture } from './sim-fixture.ts';

const TRIES_MAX = 5;
const CUT =
  'capability sendProgress: what Node holds cannot be taken back, so that it cuts the connection';

/** Title → why the two worlds may show another sequence. Whatever is not here is equal. */
const MAY_DIFFER: Readonly<Record<string, string>> = {
  'listeners share a port where the system can, and only when both say so':
    'capability reusePort: Node 20 has none',
  'connections beyond the backlog wait outside or are shed, and what is shed is counted':
    'Linux lets one more wait than the backlog says',
  'a cancel that races with the bytes loses none, at whatever moment it comes':
    'it is a race: who wins is not promised',
  'a send to a peer that does not read expires with truthful progress': CUT,
  'a send cancelled in flight tells truthfully how far it came': CUT,
  'a transmission cancelled in flight tells truthfully how far it came': CUT,
  'a batch that misses its deadline breaks the outbox once':
    'a real kernel takes some batches more before it stops',
  'datagrams that nobody receives are dropped at a limit, and the socket goes on':
    'capability datagramPressure: a queue of 64, or the kernel’s buffer',
  'a notice that nobody heard is told once at most, by a send or by a receive':
    'node takes the notice out of the socket at once, so that no send meets it',
};

for (const [group, rules] of Object.entries(GROUPS)) {
  for (const [title, rule] of Object.entries(rules)) {
    if (nodeFixture.skip?.[title] !== undefined) continue;
    const reason = MAY_DIFFER[title];
    const why = reason === undefined ? '' : ` (but: ${reason})`;
    test.serial(`sim and node tell the same of ${group}: ${title}${why}`, async (t) => {
      const sim = await runRule(simFixture, rule);
      let node = await runRule(nodeFixture, rule);
      const failures = [...sim.failures, ...node.failures];
      // On a busy machine a deadline may pass that should not have: not each time, though.
      for (let tries = 1; tries < TRIES_MAX; tries += 1) {
        if (reason !== undefined || isDeepStrictEqual(node.trace, sim.trace)) break;
        node = await runRule(nodeFixture, rule);
        failures.push(...node.failures);
      }
      t.deepEqual(failures, []);
      t.true(sim.trace.length > 0 || group === 'wake' || group === 'isolation');
      if (reason === undefined) t.deepEqual(node.trace, sim.trace);
    });
  }
}
