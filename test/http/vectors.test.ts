import test from 'ava';
import { HEAD_RULES, type HeadRules } from '../../src/http/head-limits.ts';
import { type Kind, logOf } from './message-log.ts';
import { randomFrom } from './mutations.ts';
import { readVectors, type Vector } from './read-vectors.ts';

for (const vector of readVectors('http-request.md')) rule('request', 'request', vector);
for (const vector of readVectors('http-response.md')) {
  rule('response', vector.mode === 'head' ? 'answer to HEAD' : 'response', vector);
}

/** What a mode of the vectors allows or forbids. */
const RULES: Readonly<Record<string, HeadRules>> = {
  lf: { ...HEAD_RULES, bareLf: true },
  keep: { ...HEAD_RULES, underscores: 'keep' },
  refuse: { ...HEAD_RULES, underscores: 'refuse' },
};

/** Sets of cuts that are tried beside those of one. */
const CUTS = 20;

/** The log is the same whole, byte by byte, split at every single point, and cut at random. */
function rule(about: string, kind: Kind, { title, mode, wire, log }: Vector): void {
  const read = (splits: readonly number[]) => logOf(kind, wire, splits, RULES[mode]);
  test(`${about}: ${title}`, (t) => {
    t.deepEqual(read([]), log, 'whole');
    t.deepEqual(read([...wire.keys()]), log, 'byte by byte');
    for (let at = 1; at < wire.length; at += 1) {
      const split = read([at]);
      if (split.join('\n') !== log.join('\n')) t.deepEqual(split, log, `split at ${at}`);
    }
    const random = randomFrom(wire.length);
    for (let left = CUTS; left > 0; left -= 1) {
      const cuts = Array.from({ length: 2 + random() * 12 }, () =>
        Math.floor(random() * wire.length),
      );
      const pieces = read(cuts);
      if (pieces.join('\n') !== log.join('\n')) t.deepEqual(pieces, log, `cut at ${cuts}`);
    }
  });
}
