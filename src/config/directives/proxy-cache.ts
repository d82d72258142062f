import { type DirectiveRow, type DirectiveTable, ignored, MANY } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

/** What tunes a cache says nothing where there is none: files often have it without `proxy_cache`. */
const TUNING: DirectiveRow = {
  contexts: HTTP_SERVER_LOCATION,
  args: [1, MANY],
  support: 'no effect',
  note: 'answers are not cached yet: `proxy_cache` with a zone is refused',
  read: ignored,
};

const REFUSAL = '"proxy_cache" directive is not supported yet';

/** Answers that are kept for other requests. */
export const proxyCacheDirectives: DirectiveTable = {
  proxy_cache: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    support: 'partly',
    note: '`off` alone: answers are not cached yet',
    read: (use) => {
      if (use.first !== 'off') use.fail(REFUSAL, 'answers are not cached yet: proxy_cache off');
    },
  },
  proxy_cache_path: { ...TUNING, contexts: ['http'], args: [2, MANY] },
  proxy_cache_background_update: TUNING,
  proxy_cache_bypass: TUNING,
  proxy_cache_convert_head: TUNING,
  proxy_cache_key: TUNING,
  proxy_cache_lock: TUNING,
  proxy_cache_lock_age: TUNING,
  proxy_cache_lock_timeout: TUNING,
  proxy_cache_max_range_offset: TUNING,
  proxy_cache_methods: TUNING,
  proxy_cache_min_uses: TUNING,
  proxy_cache_revalidate: TUNING,
  proxy_cache_use_stale: TUNING,
  proxy_cache_valid: TUNING,
  proxy_no_cache: TUNING,
};
