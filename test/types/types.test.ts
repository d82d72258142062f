import test from 'ava';
import { accepted, filters } from './proxy.ts';

// That the file beside this one compiles is the test of the types; what it accepts must also run.
test('what the types accept is no mistake for the framework, either', (t) => {
  t.is(accepted().length, 7);
  t.is(filters.length, 5);
});
