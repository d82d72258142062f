import test from 'ava';
import { readConfig } from '../../src/config/index.ts';

function problem(text: string): readonly [string, string | undefined] {
  const sources = { read: () => text, glob: () => [] };
  const result = readConfig({ sources, file: '/etc/n.conf', prefix: '/', isRoot: true });
  return 'error' in result ? [result.error.what, result.error.hint] : ['', undefined];
}

test('a directive of nginx that is not there yet says so, and of which module it is', (t) => {
  const [what, hint] = problem('events {}\nhttp { grpc_pass a; }');
  t.is(what, '"grpc_pass" directive is not supported yet');
  t.is(hint, 'nginx has it in ngx_http_grpc_module, which is not all here yet');
});

test('one that will not be there says why', (t) => {
  const [what, hint] = problem('events {}\nhttp { server { location / { fastcgi_pass a; } } }');
  t.is(what, '"fastcgi_pass" directive is not supported');
  t.regex(hint ?? '', /HTTP server/);
});

test('one that is there for other blocks alone is not allowed here', (t) => {
  t.is(problem('events { root a; }')[0], '"root" directive is not allowed here');
});

test('one that nginx has for this kind of block, too, is not there yet', (t) => {
  t.is(problem('events {}\nstream { gzip on; }')[0], '"gzip" directive is not allowed here');
});

test('what tunes a protocol that is not spoken is taken, what speaks it is not', (t) => {
  const tuned = `fastcgi_temp_path /a; fastcgi_buffers 8 16k; uwsgi_param a b; scgi_buffering off;
    grpc_set_header a b; memcached_connect_timeout 1s;
    server { location / { fastcgi_param HTTPS on if_not_empty; } }`;
  t.is(problem(`events {}\nhttp { ${tuned} }`)[0], '');
  for (const name of ['fastcgi', 'grpc', 'memcached', 'scgi', 'uwsgi']) {
    t.regex(
      problem(`events {}\nhttp { server { location / { ${name}_pass a; } } }`)[0],
      /not supp/,
    );
  }
});

test('what tunes a cache is taken, a cache is not', (t) => {
  const tuned = 'proxy_cache_bypass $http_upgrade; proxy_no_cache $a; proxy_cache off;';
  const conf = (text: string): string => `events {}\nhttp { ${text} }`;
  t.is(problem(conf(`proxy_cache_path /a keys_zone=a:1m; server { ${tuned} }`))[0], '');
  const [what, hint] = problem(conf('server { proxy_cache a; }'));
  t.is(what, '"proxy_cache" directive is not supported yet');
  t.regex(hint ?? '', /not cached/);
});

test("directives of modules that are not nginx's are unknown, and what does the same is named", (t) => {
  const [what, hint] = problem('events {}\nhttp { more_set_headers "A: b"; }');
  t.is(what, 'unknown directive "more_set_headers"');
  t.regex(hint ?? '', /add_header/);
  for (const name of ['access_by_lua_block', 'js_import', 'set_escape_uri', 'keyval_zone']) {
    t.not(problem(`events {}\nhttp { ${name} a; }`)[1], undefined, name);
  }
});

test('a name that nobody knows is unknown', (t) => {
  t.is(problem('events {}\nhttp { gzap on; }')[0], 'unknown directive "gzap"');
});
