import test from 'ava';
import { type Kind, logOf } from './message-log.ts';
import { readVectors, type Vector } from './read-vectors.ts';

for (const vector of readVectors('http-request.md')) rule('request', 'request', vector);
for (const vector of readVectors('http-response.md')) {
  rule('response', vector.mode === 'head' ? 'answer to HEAD' : 'response', vector);
}

/** The log is the same whole, byte by byte, and split at every single point. */
function rule(about: string, kind: Kind, { title, wire, log }: Vector): void {
  test(`${about}: ${title}`, (t) => {
    t.deepEqual(logOf(kind, wire), log, 'whole');
    t.deepEqual(logOf(kind, wire, [...wire.keys()]), log, 'byte by byte');
    for (let at = 1; at < wire.length; at += 1) {
      const split = logOf(kind, wire, [at]);
      if (split.join('\n') !== log.join('\n')) t.deepEqual(split, log, `split at ${at}`);
    }
  });
}
