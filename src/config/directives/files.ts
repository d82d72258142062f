import type { OpenFileCache } from '../../server/conf/file-conf.ts';
import { count, type DirectiveTable, flag, seconds, type Use } from '../directive.ts';
import { numberOf, secondsOf } from '../values.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

const INACTIVE_S = 60;

/** `open_file_cache` and its like. */
export const fileDirectives: DirectiveTable = {
  open_file_cache: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 2],
    default: 'off',
    read: (use) => use.set('openFileCache', cacheOf(use)),
  },
  open_file_cache_valid: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '60s',
    read: seconds('openFileCacheValid'),
  },
  open_file_cache_min_uses: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '1',
    read: count('openFileCacheMinUses'),
  },
  open_file_cache_errors: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('openFileCacheErrors'),
  },
};

function cacheOf(use: Use): OpenFileCache | undefined {
  let max: number | undefined;
  let inactive = INACTIVE_S;
  let isOff = false;
  for (const word of use.args) {
    if (word === 'off') isOff = true;
    else if (word.startsWith('max=')) {
      max = numberOf(word.slice('max='.length)) || failWord(use, word);
    } else if (word.startsWith('inactive=')) {
      inactive = secondsOf(word.slice('inactive='.length)) ?? failWord(use, word);
    } else failWord(use, word);
  }
  if (isOff) return undefined;
  if (max === undefined) use.fail('"open_file_cache" must have the "max" parameter');
  return { max, inactive: inactive * 1000 };
}

function failWord(use: Use, word: string): never {
  use.fail(`invalid "open_file_cache" parameter "${word}"`);
}
