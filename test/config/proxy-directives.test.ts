import test from 'ava';
import { ConfigError, readConfig } from '../../src/config/index.ts';
import type { LocationConf } from '../../src/server/index.ts';

/** The first location of the first server, or what is wrong. */
function locationOf(text: string): LocationConf | string {
  const file = '/etc/nginx.conf';
  const sources = { read: () => `events {}\nhttp {\n${text}\n}`, glob: () => [] };
  const result = readConfig({ sources, file, prefix: '/srv/', isRoot: true });
  if ('error' in result) return result.error.message;
  return result.conf.site?.servers[0]?.location.locations[0] as LocationConf;
}

function good(directives: string): LocationConf {
  const conf = locationOf(`server { location /a/ { proxy_pass http://127.0.0.1; ${directives} } }`);
  if (typeof conf === 'string') throw new ConfigError(conf, undefined);
  return conf;
}

/** Nginx's message for what stands in a location behind its proxy_pass. */
function wrong(directives: string): string {
  const conf = locationOf(`server { location /a/ { proxy_pass http://127.0.0.1; ${directives} } }`);
  return typeof conf === 'string' ? conf : 'nothing is wrong';
}

test('a proxy_pass is taken apart once, and its URI goes where nginx allows it', (t) => {
  const { proxyPass } = good('');
  t.deepEqual(proxyPass?.target, { scheme: 'http', authority: '127.0.0.1', uri: '' });
  const place = (location: string, url: string): LocationConf | string =>
    locationOf(`server { location ${location} { proxy_pass ${url}; } }`);
  const unix = place('/', 'http://unix:/run/a:/b') as LocationConf;
  t.deepEqual(unix.proxyPass?.target, { scheme: 'http', authority: 'unix:/run/a', uri: '/b' });
  t.regex(String(place('~ /a', 'http://127.0.0.1/b')), /cannot have URI part in location given by/);
  t.regex(String(place('@a', 'http://127.0.0.1/')), /cannot have URI part/);
  t.regex(String(place('/', 'ftp://127.0.0.1')), /invalid URL prefix/);
  t.is((place('~ /a', 'http://$host/b') as LocationConf).proxyPass?.target, undefined);
});

test('proxy_redirect default needs a proxy_pass that says where it leads', (t) => {
  t.deepEqual(good('proxy_redirect default;').proxyRedirects, ['default']);
  t.deepEqual(good('proxy_redirect off;').proxyRedirects, []);
  t.deepEqual(good('').proxyRedirects, ['default']);
  t.regex(
    String(locationOf('server { proxy_redirect default; location / { } }')),
    /"proxy_redirect default" should be placed after the "proxy_pass" directive/,
  );
  t.regex(
    String(
      locationOf('server { location / { proxy_pass http://$host; proxy_redirect default; } }'),
    ),
    /"proxy_redirect default" cannot be used with "proxy_pass" directive with variables/,
  );
  t.regex(wrong('proxy_redirect nowhere;'), /invalid parameter "nowhere"/);
});

test('what is stored goes by its URI or has a path, with rights by who is meant', (t) => {
  t.is(good('').proxyStore, 'off');
  t.is(good('proxy_store off;').proxyStore, 'off');
  t.is(good('proxy_store on;').proxyStore, 'uri');
  t.deepEqual(good('proxy_store /a$uri;').proxyStore, { path: ['/a', { name: 'uri' }] });
  t.regex(wrong('proxy_store "";'), /^empty path/);
  t.regex(wrong('proxy_store on; proxy_store on;'), /"proxy_store" directive is duplicate/);
  const access = (words: string): number => good(`proxy_store_access ${words};`).proxyStoreAccess;
  t.is(good('').proxyStoreAccess, 0o600);
  t.is(access('group:r'), 0o640);
  t.is(access('user:r group:rw all:r'), 0o464);
  for (const word of ['user:w', 'other:r', 'user', 'user:rw:r', 'toString:r', 'user:toString']) {
    t.regex(wrong(`proxy_store_access ${word};`), new RegExp(`invalid value "${word}"`));
  }
});

test('domains of cookies lose their first dot, and their expressions their case', (t) => {
  const { proxyCookieDomains } = good(
    'proxy_cookie_domain .a.example .b.example; proxy_cookie_domain ~^(.+)\\.c$ $1;',
  );
  t.deepEqual(proxyCookieDomains[0], { from: 'a.example', to: 'b.example' });
  const { from } = proxyCookieDomains[1] ?? {};
  t.true(from instanceof RegExp && from.test('X.C'));
  t.deepEqual(good('proxy_cookie_domain off;').proxyCookieDomains, []);
});

test('flags of cookies are for a name or an expression, and may be variables', (t) => {
  const { proxyCookieFlags } = good(
    'proxy_cookie_flags a secure $arg_f; proxy_cookie_flags ~b off;',
  );
  t.is(proxyCookieFlags.length, 2);
  t.deepEqual(proxyCookieFlags[0]?.flags, ['secure', [{ name: 'arg_f' }]]);
  t.true(proxyCookieFlags[1]?.cookie instanceof RegExp);
  t.regex(wrong('proxy_cookie_flags a;'), /invalid parameter "a"/);
});

test('only fields that are obeyed can be ignored', (t) => {
  t.deepEqual(good('proxy_ignore_headers X-Accel-Redirect Expires;').proxyIgnoreHeaders, [
    'X-Accel-Redirect',
    'Expires',
  ]);
  t.regex(wrong('proxy_ignore_headers X-Mine;'), /invalid value "X-Mine"/);
});

test('random without two is by chance alone', (t) => {
  const methodOf = (directive: string): string | undefined => {
    const file = '/etc/nginx.conf';
    const text = `events {}\nhttp { upstream u { ${directive} server 127.0.0.1; } }`;
    const sources = { read: () => text, glob: () => [] };
    const result = readConfig({ sources, file, prefix: '/srv/', isRoot: true });
    return 'conf' in result ? result.conf.site?.upstreams[0]?.balance.method : undefined;
  };
  t.is(methodOf('random;'), 'random');
  t.is(methodOf('random two least_conn;'), 'random-2');
});
