import { registerCompletionHandler } from 'ava';

const GRACE_MS = 10_000;

/*
 * Loaded into every test process before its file (`ava.config.js`). A process that does not end by
 * itself has left something open: it says what, and fails, instead of being waited for.
 */
registerCompletionHandler(() => {
  const timer = setTimeout(() => {
    console.error('still open after all tests:', process.getActiveResourcesInfo().join(', '));
    process.exit(1);
  }, GRACE_MS);
  timer.unref();
});
