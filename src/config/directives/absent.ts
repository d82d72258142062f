import { type DirectiveRow, type DirectiveTable, ignored, MANY } from '../directive.ts';
import { NGINX_MODULES } from '../nginx/index.ts';
import { HTTP_TO_IF } from './contexts.ts';

/** Modules that pass requests on in protocols that are not spoken. */
const MODULES = new Set([
  'ngx_http_fastcgi_module',
  'ngx_http_grpc_module',
  'ngx_http_memcached_module',
  'ngx_http_scgi_module',
  'ngx_http_uwsgi_module',
]);

/**
 * What tunes such a protocol says nothing where nothing is passed on in it: a file that has it
 * without `…_pass`, which is refused, means the same without it.
 */
const TUNING: DirectiveRow = {
  contexts: HTTP_TO_IF,
  args: [1, MANY],
  support: 'no effect',
  note: 'what passes requests on in this protocol is refused',
  read: ignored,
};

const names = NGINX_MODULES.filter(({ name }) => MODULES.has(name)).flatMap(
  ({ directives }) => directives,
);

/** All directives of these modules but those that would pass requests on. */
export const absentDirectives: DirectiveTable = Object.fromEntries(
  names.filter((name) => !name.endsWith('_pass')).map((name) => [name, TUNING]),
);
