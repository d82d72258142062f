import type { NextUpstream, ProxyPass, ProxyRedirect } from '../../server/conf/proxy-conf.ts';
import {
  count,
  type DirectiveTable,
  flag,
  ignored,
  MANY,
  offset,
  size,
  template,
  text,
  time,
  type Use,
} from '../directive.ts';
import { noteTarget } from '../host-use.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';
import { locationKeyOf } from './http.ts';

const H = HTTP_SERVER_LOCATION;

const NEXT: readonly NextUpstream[] = [
  'error',
  'timeout',
  'invalid_header',
  'non_idempotent',
  'denied',
  'http_403',
  'http_404',
  'http_429',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
];

/** What `proxy_ignore_headers` knows. */
const IGNORED = new Set([
  'x-accel-redirect',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
  'expires',
  'cache-control',
  'set-cookie',
  'vary',
]);

/** `proxy_pass` and everything that begins with `proxy_`. */
export const proxyDirectives: DirectiveTable = {
  proxy_pass: { contexts: ['location', 'if-location', 'limit_except'], args: 1, read: readPass },
  proxy_http_version: {
    contexts: H,
    args: 1,
    default: '1.1',
    read: (use) => use.set('proxyHttpVersion', use.oneOf('1.0', '1.1')),
  },
  proxy_set_header: {
    contexts: H,
    args: 2,
    default: 'Host $proxy_host',
    read: (use) => {
      const [name = '', value = ''] = use.args;
      use.append('proxySetHeaders', { name, value: use.template(value) });
    },
  },
  proxy_hide_header: {
    contexts: H,
    args: 1,
    read: (use) => use.append('proxyHideHeaders', use.first),
  },
  proxy_pass_header: {
    contexts: H,
    args: 1,
    read: (use) => use.append('proxyPassHeaders', use.first),
  },
  proxy_ignore_headers: {
    contexts: H,
    args: [1, MANY],
    read: (use) => {
      for (const name of use.args) {
        if (!IGNORED.has(name.toLowerCase())) use.fail(`invalid value "${name}"`);
      }
      use.append('proxyIgnoreHeaders', ...use.args);
    },
  },
  proxy_method: { contexts: H, args: 1, read: (use) => use.set('proxyMethod', use.template()) },
  proxy_set_body: { contexts: H, args: 1, read: (use) => use.set('proxySetBody', use.template()) },
  proxy_pass_request_headers: {
    contexts: H,
    args: 'flag',
    default: 'on',
    read: flag('proxyPassRequestHeaders'),
  },
  proxy_pass_request_body: {
    contexts: H,
    args: 'flag',
    default: 'on',
    read: flag('proxyPassRequestBody'),
  },
  proxy_pass_trailers: {
    contexts: H,
    args: 'flag',
    default: 'off',
    read: flag('proxyPassTrailers'),
  },
  proxy_connect_timeout: {
    contexts: H,
    args: 1,
    default: '60s',
    read: time('proxyConnectTimeout'),
  },
  proxy_send_timeout: { contexts: H, args: 1, default: '60s', read: time('proxySendTimeout') },
  proxy_read_timeout: { contexts: H, args: 1, default: '60s', read: time('proxyReadTimeout') },
  proxy_buffering: { contexts: H, args: 'flag', default: 'on', read: flag('proxyBuffering') },
  proxy_request_buffering: {
    contexts: H,
    args: 'flag',
    default: 'on',
    read: flag('proxyRequestBuffering'),
  },
  proxy_buffer_size: { contexts: H, args: 1, default: '4k', read: size('proxyBufferSize') },
  proxy_buffers: {
    contexts: H,
    args: 2,
    default: '8 4k',
    read: (use) => {
      const [buffers = '', bytes = ''] = use.args;
      use.set('proxyBuffers', { number: use.number(buffers), size: use.size(bytes) });
    },
  },
  proxy_busy_buffers_size: {
    contexts: H,
    args: 1,
    default: '8k',
    read: size('proxyBusyBuffersSize'),
  },
  proxy_max_temp_file_size: {
    contexts: H,
    args: 1,
    default: '1024m',
    read: offset('proxyMaxTempFileSize'),
  },
  proxy_temp_file_write_size: { contexts: H, args: 1, support: 'no effect', read: ignored },
  proxy_temp_path: {
    contexts: H,
    args: [1, 4],
    default: 'proxy_temp',
    read: text('proxyTempPath'),
  },
  proxy_intercept_errors: {
    contexts: H,
    args: 'flag',
    default: 'off',
    read: flag('proxyInterceptErrors'),
  },
  proxy_next_upstream: { contexts: H, args: [1, MANY], default: 'error timeout', read: readNext },
  proxy_next_upstream_tries: {
    contexts: H,
    args: 1,
    default: '0',
    read: count('proxyNextUpstreamTries'),
  },
  proxy_next_upstream_timeout: {
    contexts: H,
    args: 1,
    default: '0',
    read: time('proxyNextUpstreamTimeout'),
  },
  proxy_bind: { contexts: H, args: [1, 2], read: template('proxyBind') },
  proxy_redirect: { contexts: H, args: [1, 2], default: 'default', read: readRedirect },
  proxy_cookie_domain: {
    contexts: H,
    args: [1, 2],
    default: 'off',
    read: readDomain,
  },
  proxy_cookie_path: {
    contexts: H,
    args: [1, 2],
    default: 'off',
    read: readPath,
  },
  proxy_cookie_flags: { contexts: H, args: [1, MANY], default: 'off', read: readFlags },
  proxy_ignore_client_abort: {
    contexts: H,
    args: 'flag',
    default: 'off',
    read: flag('proxyIgnoreClientAbort'),
  },
  proxy_force_ranges: { contexts: H, args: 'flag', default: 'off', read: flag('proxyForceRanges') },
  proxy_limit_rate: { contexts: H, args: 1, default: '0', read: template('proxyLimitRate') },
  proxy_headers_hash_max_size: { contexts: H, args: 1, support: 'no effect', read: ignored },
  proxy_headers_hash_bucket_size: { contexts: H, args: 1, support: 'no effect', read: ignored },
  proxy_socket_keepalive: { contexts: H, args: 'flag', support: 'no effect', read: ignored },
  proxy_send_lowat: { contexts: H, args: 1, support: 'no effect', read: ignored },
};

const URI_REFUSED =
  '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block';

function readPass(use: Use): void {
  if (use.scope.own.proxyPass !== undefined) use.failDuplicate();
  const url = use.template();
  use.setOwn('proxyPass', {
    url,
    target: typeof url === 'string' ? targetOf(use, url) : undefined,
  });
}

function targetOf(use: Use, url: string): NonNullable<ProxyPass['target']> {
  const match = /^(https?):\/\/(unix:[^:]*:?|[^/?#]*)(.*)$/i.exec(url);
  if (match === null) return use.fail('invalid URL prefix');
  const [, scheme = '', host = '', uri = ''] = match;
  if (host === '') use.fail(`no host in upstream "${url.replace(/^https?:\/\//i, '')}"`);
  if (scheme.toLowerCase() === 'https')
    use.fail('https protocol requires SSL support', 'TLS is not there yet');
  const place = locationKeyOf(use.scope);
  const isPlain = place !== undefined && place.match !== 'regex' && place.match !== 'named';
  if (uri !== '' && !isPlain) use.fail(URI_REFUSED);
  const authority = host.startsWith('unix:') ? host.replace(/:$/, '') : host;
  noteTarget(use, authority, 'http');
  return { scheme: 'http', authority, uri: uri === '' || uri.startsWith('/') ? uri : `/${uri}` };
}

function readNext(use: Use): void {
  if (use.args.includes('off')) {
    use.set('proxyNextUpstream', []);
    return;
  }
  const conditions = use.args.map((word) => {
    const condition = NEXT.find((one) => one === word);
    return condition ?? use.fail(`invalid value "${word}"`);
  });
  use.set('proxyNextUpstream', conditions);
}

function readRedirect(use: Use): void {
  const [from = '', to] = use.args;
  if (to === undefined) {
    if (from !== 'off' && from !== 'default' && from !== 'false')
      use.fail(`invalid parameter "${from}"`);
    if (from === 'default') {
      checkDefault(use);
      use.append('proxyRedirects', 'default');
    } else use.append('proxyRedirects');
    return;
  }
  use.append('proxyRedirects', ruleOf(use, from, to));
}

/** It goes back from where `proxy_pass` leads to: that must be known by now. */
function checkDefault(use: Use): void {
  const pass = use.scope.own.proxyPass as ProxyPass | undefined;
  if (pass === undefined) {
    use.fail('"proxy_redirect default" should be placed after the "proxy_pass" directive');
  }
  if (pass.target === undefined) {
    use.fail('"proxy_redirect default" cannot be used with "proxy_pass" directive with variables');
  }
}

function readPath(use: Use): void {
  const [from = '', to] = use.args;
  if (to !== undefined) use.append('proxyCookiePaths', ruleOf(use, from, to));
  else if (from === 'off') use.append('proxyCookiePaths');
  else use.fail(`invalid parameter "${from}"`);
}

/** Domains have no case, and their first dot says nothing. */
function readDomain(use: Use): void {
  const [from = '', to] = use.args;
  if (to === undefined) {
    if (from !== 'off') use.fail(`invalid parameter "${from}"`);
    use.append('proxyCookieDomains');
  } else if (from.startsWith('~')) {
    const pattern = use.regex(from.slice(1), true);
    use.append('proxyCookieDomains', { from: pattern, to: use.template(to) });
  } else {
    const bare = (domain: string): string => domain.replace(/^\./, '');
    const rule = { from: use.template(bare(from)), to: use.template(bare(to)) };
    use.append('proxyCookieDomains', rule);
  }
}

function readFlags(use: Use): void {
  const [cookie = '', ...flags] = use.args;
  if (flags.length === 0) {
    if (cookie !== 'off') use.fail(`invalid parameter "${cookie}"`);
    use.append('proxyCookieFlags');
    return;
  }
  use.append('proxyCookieFlags', {
    cookie: cookie.startsWith('~') ? use.regex(cookie.slice(1), true) : use.template(cookie),
    flags: flags.map((flag) => use.template(flag)),
  });
}

function ruleOf(use: Use, from: string, to: string): ProxyRedirect {
  const expression = /^~(\*?)([\s\S]*)$/.exec(from);
  if (expression === null) return { from: use.template(from), to: use.template(to) };
  const [, ignoreCase, pattern = ''] = expression;
  return { from: use.regex(pattern, ignoreCase === '*'), to: use.template(to) };
}
