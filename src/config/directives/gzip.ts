import type { GzipProxied } from '../../server/conf/gzip-conf.ts';
import { choice, type DirectiveTable, flag, ignored, MANY, size, type Use } from '../directive.ts';
import { HTTP_SERVER_LOCATION, HTTP_TO_IF } from './contexts.ts';
import { typesOf } from './mime-types.ts';

const H = HTTP_SERVER_LOCATION;
const LEVEL_MAX = 9;
const PROXIED: readonly GzipProxied[] = [
  'off',
  'expired',
  'no-cache',
  'no-store',
  'private',
  'no_last_modified',
  'no_etag',
  'auth',
  'any',
];

/** `gzip` and what belongs to it. */
export const gzipDirectives: DirectiveTable = {
  gzip: { contexts: HTTP_TO_IF, args: 'flag', default: 'off', read: flag('gzip') },
  gzip_comp_level: { contexts: H, args: 1, default: '1', read: readLevel },
  gzip_min_length: { contexts: H, args: 1, default: '20', read: size('gzipMinLength') },
  gzip_types: { contexts: H, args: [1, MANY], default: 'text/html', read: typesOf('gzipTypes') },
  gzip_http_version: {
    contexts: H,
    args: 1,
    default: '1.1',
    read: choice('gzipHttpVersion', '1.0', '1.1'),
  },
  gzip_proxied: { contexts: H, args: [1, MANY], default: 'off', read: readProxied },
  gzip_disable: {
    contexts: H,
    args: [1, MANY],
    read: (use) =>
      use.append(
        'gzipDisable',
        ...use.args.map((word) => (word === 'msie6' ? word : use.regex(word, true))),
      ),
  },
  gzip_vary: { contexts: H, args: 'flag', default: 'off', read: flag('gzipVary') },
  gzip_static: {
    contexts: H,
    args: 1,
    default: 'off',
    read: choice('gzipStatic', 'off', 'on', 'always'),
  },
  gunzip: { contexts: H, args: 'flag', default: 'off', read: flag('gunzip') },
  gunzip_buffers: { contexts: H, args: 2, support: 'no effect', read: ignored },
  gzip_buffers: { contexts: H, args: 2, support: 'no effect', read: ignored },
  gzip_window: { contexts: H, args: 1, support: 'no effect', read: ignored },
  gzip_hash: { contexts: H, args: 1, support: 'no effect', read: ignored },
  gzip_no_buffer: { contexts: H, args: 'flag', support: 'no effect', read: ignored },
  postpone_gzipping: { contexts: H, args: 1, support: 'no effect', read: ignored },
};

function readLevel(use: Use): void {
  const level = use.number();
  if (level < 1 || level > LEVEL_MAX) use.fail(`value must be between 1 and ${LEVEL_MAX}`);
  use.set('gzipCompLevel', level);
}

function readProxied(use: Use): void {
  const words = use.args.map((word) => {
    return PROXIED.find((one) => one === word) ?? use.fail(`invalid value "${word}"`);
  });
  use.set('gzipProxied', words);
}
