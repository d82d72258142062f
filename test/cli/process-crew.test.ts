import test from 'ava';
import { environmentOf } from '../../src/cli/process-crew.ts';

test.serial('workers see variables that `env` names, and those that it sets', (t) => {
  process.env.SLUICE_TEST_SEEN = 'seen';
  process.env.SLUICE_TEST_HIDDEN = 'hidden';
  t.teardown(() => {
    delete process.env.SLUICE_TEST_SEEN;
    delete process.env.SLUICE_TEST_HIDDEN;
  });
  const environment = environmentOf(['SLUICE_TEST_SEEN', 'OTHER=a=b']);
  t.is(environment.SLUICE_TEST_SEEN, 'seen');
  t.is(environment.SLUICE_TEST_HIDDEN, undefined);
  t.is(environment.OTHER, 'a=b');
  t.is(environment.PATH, process.env.PATH);
});
