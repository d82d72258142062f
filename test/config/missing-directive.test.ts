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

test('a name that nobody knows is unknown', (t) => {
  t.is(problem('events {}\nhttp { gzap on; }')[0], 'unknown directive "gzap"');
});
