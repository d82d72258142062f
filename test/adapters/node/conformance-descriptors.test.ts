import test from 'ava';
import { DESCRIPTORS_RULE } from '../../conformance/accept.ts';
import { failuresOf } from '../../conformance/few-descriptors.ts';

const MODULE = new URL('../../conformance/node-few-descriptors.js', import.meta.url);

// Windows has no such limit.
const declare = process.platform === 'win32' ? test.skip : test;
declare(`node: accept: ${DESCRIPTORS_RULE}`, async (t) => {
  t.deepEqual(await failuresOf(MODULE), []);
});
