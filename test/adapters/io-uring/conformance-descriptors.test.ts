import test from 'ava';
import { DESCRIPTORS_RULE } from '../../conformance/accept.ts';
import { failuresOf } from '../../conformance/few-descriptors.ts';

const MODULE = new URL('../../conformance/io-uring-few-descriptors.js', import.meta.url);

test(`io-uring: accept: ${DESCRIPTORS_RULE}`, async (t) => {
  t.deepEqual(await failuresOf(MODULE), []);
});
