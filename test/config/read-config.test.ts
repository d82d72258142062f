import test from 'ava';
import { ConfigError, type ProgramConf, readConfig, type Sources } from '../../src/config/index.ts';

/** Files in memory; a pattern is `*` in the last name. */
function filesOf(files: Readonly<Record<string, string>>): Sources {
  return {
    read: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    },
    glob: (pattern) => {
      const [before = '', after = ''] = pattern.split('*');
      return Object.keys(files).filter((path) => path.startsWith(before) && path.endsWith(after));
    },
  };
}

function read(
  text: string,
  more: Readonly<Record<string, string>> = {},
): ProgramConf | ConfigError {
  const sources = filesOf({ '/etc/nginx.conf': text, ...more });
  const result = readConfig({ sources, file: '/etc/nginx.conf', prefix: '/srv/', isRoot: true });
  return 'conf' in result ? result.conf : result.error;
}

function good(text: string, more: Readonly<Record<string, string>> = {}): ProgramConf {
  const conf = read(`${text}\nevents {}`, more);
  if (conf instanceof ConfigError) throw conf;
  return conf;
}

const http = (text: string): string => `http {\n${text}\n}`;

test('settings of outer blocks hold inside, unless something else is said there', (t) => {
  const { site } = good(
    http('root /a; etag off; server { location / { } location /b { root /b; etag on; } }'),
  );
  const [one, two] = site?.servers[0]?.location.locations ?? [];
  t.deepEqual([one?.root, one?.etag, two?.root, two?.etag], ['/a', false, '/b', true]);
});

test('one entry of a list hides the whole list of the block around', (t) => {
  const { site } = good(
    http(
      'add_header a 1; add_header b 2; server { location / { add_header c 3; } location /b { } }',
    ),
  );
  const lists = site?.servers[0]?.location.locations.map(({ addHeaders }) =>
    addHeaders.map(({ name }) => name),
  );
  t.deepEqual(lists, [['c'], ['a', 'b']]);
});

test('quotes, escapes, comments and variables are read as nginx reads them', (t) => {
  const { site } = good(
    http(`server { # a comment; with { signs }
      location ~ "\\.(php|inc)\\"$" { return 200 'a\\tb\${host}c$uri-$1x'; } }`),
  );
  const [location] = site?.servers[0]?.location.locations ?? [];
  t.is(location?.regex?.source, '\\.(php|inc)"$');
  t.deepEqual(location?.script[0], {
    kind: 'return',
    status: 200,
    text: ['a\tb', { name: 'host' }, 'c', { name: 'uri' }, '-', { name: '1' }, 'x'],
  });
});

test('files are included in their places, and are known', (t) => {
  const conf = good(http('include mime.types; include conf.d/*.conf;'), {
    '/etc/mime.types': 'types { text/css css; }',
    '/etc/conf.d/a.conf': 'server { server_name a; }',
    '/etc/conf.d/b.conf': 'server { server_name b; }',
  });
  t.deepEqual(
    conf.site?.servers.map(({ name }) => name),
    ['a', 'b'],
  );
  t.is(conf.site?.servers[0]?.location.types.get('css'), 'text/css');
  t.deepEqual(
    conf.files.map(({ path }) => path),
    ['/etc/nginx.conf', '/etc/mime.types', '/etc/conf.d/a.conf', '/etc/conf.d/b.conf'],
  );
});

test('logs are known that no server writes to in the end', (t) => {
  const { logPaths } = good(
    http(`access_log outer; log_format f f;
      server { access_log inner f; location / { access_log off; } }
      server { access_log /of/$host f; access_log syslog:server=127.0.0.1 f; }`),
  );
  t.deepEqual(logPaths, ['outer', 'inner']);
});

const MISTAKES: readonly (readonly [string, string])[] = [
  ['foo;', 'unknown directive "foo" in /etc/nginx.conf:1'],
  ['\nlisten 80;', '"listen" directive is not allowed here in /etc/nginx.conf:2'],
  [http('root;'), 'invalid number of arguments in "root" directive in /etc/nginx.conf:2'],
  [http('root a;\nroot b;'), '"root" directive is duplicate in /etc/nginx.conf:3'],
  [
    http('etag maybe;'),
    'invalid value "maybe" in "etag" directive, it must be "on" or "off" in /etc/nginx.conf:2',
  ],
  [http('send_timeout x;'), '"send_timeout" directive invalid value in /etc/nginx.conf:2'],
  ['events;', 'directive "events" has no opening "{" in /etc/nginx.conf:1'],
  ['user a {}', 'directive "user" is not terminated by ";" in /etc/nginx.conf:1'],
  ['}', 'unexpected "}" in /etc/nginx.conf:1'],
  [';', 'unexpected ";" in /etc/nginx.conf:1'],
  ['user "a"b;', 'unexpected "b" in /etc/nginx.conf:1'],
  ['http {', 'unexpected end of file, expecting "}" in /etc/nginx.conf:1'],
  ['user', 'unexpected end of file, expecting ";" or "}" in /etc/nginx.conf:1'],
  [
    'include nothing;',
    'open() "/etc/nothing" failed (2: No such file or directory) in /etc/nginx.conf:1',
  ],
  [
    http('server { location /a { } location /a { } }'),
    'duplicate location "/a" in /etc/nginx.conf:2',
  ],
  [
    http('server { location /a { location /b { } } }'),
    'location "/b" is outside location "/a" in /etc/nginx.conf:2',
  ],
  [http('error_page 200 /;'), 'value "200" must be between 300 and 599 in /etc/nginx.conf:2'],
  [http('access_log a f;'), 'unknown log format "f" in /etc/nginx.conf:2'],
  [http('server { if ($a $b) { } }'), 'invalid condition "$a" in /etc/nginx.conf:2'],
  [
    http(`server { return 200 \${x; }`),
    'the closing bracket in "x" variable is missing in /etc/nginx.conf:2',
  ],
  ['user a;', 'no "events" section in configuration'],
];

for (const [text, message] of MISTAKES) {
  test(`refused: ${message}`, (t) => {
    const error = read(text);
    t.is(error instanceof ConfigError ? error.message : 'accepted', message);
  });
}
