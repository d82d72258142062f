import test from 'ava';
import { nodeRandom } from '../../../adapters/node/index.ts';

test('numbers are whole, from 0 to 2^32 - 1, and fill the range', (t) => {
  const random = nodeRandom();
  const numbers = Array.from({ length: 4_096 }, () => random.nextUint32());
  t.true(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32));
  // Each of the 16 parts of the range expects 256; 128 is more than 8 deviations away.
  for (let part = 0; part < 16; part += 1) {
    const count = numbers.filter((n) => n >>> 28 === part).length;
    t.true(count > 128 && count < 384, `${count} in part ${part}`);
  }
});

test('the pool is filled anew: numbers do not come again, nor does a zero that was left', (t) => {
  const random = nodeRandom();
  const numbers = Array.from({ length: 1_024 }, () => random.nextUint32());
  t.true(new Set(numbers).size > 1_000);
});
