import test from 'ava';
import { limitBacktracking } from '../../src/cli/regex-limit.ts';

/** What a text of this length would take by stepping back outlasts the machine. */
const LENGTH = 1_000;
const TIME_MS_MAX = 5_000;

test('an expression that steps back without end is decided, with all that it captures', (t) => {
  limitBacktracking();
  const startedMs = performance.now();
  t.false(/^(a+)+$/.test(`${'a'.repeat(LENGTH)}!`));
  const found = /(?:x+x+)+y|(?<end>z)/.exec(`${'x'.repeat(LENGTH)}z`);
  t.deepEqual([found?.index, found?.groups?.end], [LENGTH, 'z']);
  t.true(performance.now() - startedMs < TIME_MS_MAX);
});
