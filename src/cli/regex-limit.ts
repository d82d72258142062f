import { setFlagsFromString } from 'node:v8';

/** Steps back after which another way of matching is taken: about a millisecond. */
const BACKTRACKS_MAX = 100_000;

/**
 * For processes that are all ours: a regular expression of a configuration must not hold everybody up
 * because of what one client sends. V8 gives up stepping back after a bound and matches in linear
 * time, where it can: not with back references, look-around, or letters of any case.
 */
export function limitBacktracking(): void {
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  setFlagsFromString(`--regexp-backtracks-before-fallback=${BACKTRACKS_MAX}`);
}
