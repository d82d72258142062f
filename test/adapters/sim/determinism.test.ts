import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { SimRandom, SimWorld } from '../../../adapters/sim/index.ts';
import { TRACE_LINES_MAX, Trace } from '../../../adapters/sim/trace.ts';
import { seededRun } from './seeded-run.ts';

test('the same seed gives the same trace, another seed another one', (t) => {
  const hashes = [1, 2, 3, 4, 5].map(seededRun);
  t.deepEqual(hashes, [1, 2, 3, 4, 5].map(seededRun));
  t.is(new Set(hashes).size, hashes.length);
});

test('the same seed gives the same trace in another process', (t) => {
  const script = fileURLToPath(new URL('./seeded-run.js', import.meta.url));
  const hash = execFileSync(process.execPath, [script, '11'], { encoding: 'utf8' });
  t.is(hash, seededRun(11));
  t.regex(hash, /^[0-9a-f]{16}$/);
});

test('a fork depends on the seed and its label, not on what was drawn', (t) => {
  const random = new SimRandom(1);
  const before = random.fork('loss').nextUint32();
  random.nextUint32();
  random.fork('latency').nextUint32();
  t.is(random.fork('loss').nextUint32(), before);
  t.not(random.fork('latency').nextUint32(), before);
  t.not(new SimRandom(2).fork('loss').nextUint32(), before);
});

test('a chance comes true about as often as it says', (t) => {
  const random = new SimRandom('chance');
  let hits = 0;
  for (let i = 0; i < 100_000; i += 1) if (random.chance(0.05)) hits += 1;
  t.true(Math.abs(hits - 5_000) < 300, `${hits} of 100,000`);
  t.false(random.chance(0));
  t.true(random.chance(1));
});

test('a trace keeps its newest lines, and hashes all of them', (t) => {
  const all = new Trace();
  for (let i = 0; i <= TRACE_LINES_MAX; i += 1) all.note('event', i, 0, i, 0);
  const lines = all.lines();
  t.is(lines.length, TRACE_LINES_MAX);
  t.is(lines[0], '1 host0 event 1 0');
  t.is(lines.at(-1), `${TRACE_LINES_MAX} host0 event ${TRACE_LINES_MAX} 0`);
  const others = new Trace();
  for (let i = 1; i <= TRACE_LINES_MAX; i += 1) others.note('event', i, 0, i, 0);
  t.deepEqual(others.lines(), lines);
  t.not(others.hash, all.hash);
});

test('two worlds share nothing', (t) => {
  const hash = seededRun(5);
  const other = new SimWorld({ seed: 5 });
  other.random.nextUint32();
  t.is(seededRun(5), hash);
});
