import test from 'ava';
import { ConfigError, readConfig, type Sources } from '../../src/config/index.ts';
import type { SiteConf } from '../../src/server/index.ts';

type Read = { readonly site: SiteConf; readonly warnings: readonly string[] };

/** `http { … }` with this in it; throws what is wrong with it. */
function read(text: string, more: Readonly<Record<string, string>> = {}): Read {
  const files: Readonly<Record<string, string>> = {
    '/etc/nginx.conf': `events { }\nhttp {\n${text}\n}`,
    ...more,
  };
  const sources: Sources = {
    read: (path) => files[path] as string,
    glob: () => [],
  };
  const result = readConfig({ sources, file: '/etc/nginx.conf', prefix: '/srv/', isRoot: true });
  if ('error' in result) throw result.error;
  return { site: result.conf.site as SiteConf, warnings: result.conf.warnings };
}

const fails = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'fine';
};

test('a map has texts, regular expressions, its default and its flags', (t) => {
  const { site } = read(
    'map $a$b $c { hostnames; volatile; default x$d; .one.org 1; ~^(\\d+)$ $1; ~*two 2; \\default 3; }',
  );
  const [map] = site.maps;
  t.deepEqual(map?.source, [{ name: 'a' }, { name: 'b' }]);
  t.is(map?.variable, 'c');
  t.true(map?.hostnames === true && map.volatile);
  t.deepEqual(map?.fallback, ['x', { name: 'd' }]);
  t.deepEqual(
    map?.entries.map(({ key }) => String(key)),
    ['.one.org', '/^(\\d+)$/', '/two/i', 'default'],
  );
});

test('lines of a map may come from another file', (t) => {
  const { site } = read('map $a $b { include more; }', { '/etc/more': 'x 1; y 2;' });
  t.deepEqual(
    site.maps[0]?.entries.map(({ value }) => value),
    ['1', '2'],
  );
});

test('names with masks that mean the same are told from one another', (t) => {
  t.is(
    fails('map $a $b { hostnames; a.org 1; .a.org 2; }'),
    'conflicting parameter ".a.org" in /etc/nginx.conf:3',
  );
  t.is(
    fails('map $a $b { hostnames; a.*.org 1; }'),
    'invalid hostname or wildcard "a.*.org" in /etc/nginx.conf:3',
  );
  t.is(fails('map $a $b { a.*.org 1; }'), 'fine');
});

test('networks of geo are kept in their one form, and can be taken back', (t) => {
  const { site, warnings } = read(
    'geo $a $b { default x; 10.1.2.3/8 y; 2001:DB8::/32 z; 192.0.2.0/24 w; delete 192.0.2.0/24; ' +
      'proxy 127.0.0.1; proxy_recursive; }',
  );
  const [geo] = site.geos;
  t.is(geo?.source, 'a');
  t.is(geo?.fallback, 'x');
  t.deepEqual(geo?.networks, [
    { network: '10.0.0.0/8', value: 'y' },
    { network: '2001:db8::/32', value: 'z' },
  ]);
  t.deepEqual(geo?.proxies, ['127.0.0.1/32']);
  t.true(geo?.proxyRecursive);
  t.deepEqual(warnings, ['low address bits of 10.1.2.3/8 are meaningless in /etc/nginx.conf:3']);
});

test('a range cuts the one around it, and neighbours with one value are one', (t) => {
  const { site } = read(
    'geo $b { ranges; 10.0.0.0-10.2.255.255 out; 10.0.0.5-10.0.0.6 in; 10.0.0.7-10.0.0.7 in; ' +
      '11.0.0.0-11.0.0.1 gone; delete 11.0.0.0-11.0.0.1; }',
  );
  t.deepEqual(site.geos[0]?.ranges, [
    { from: '10.0.0.0', to: '10.0.0.4', value: 'out' },
    { from: '10.0.0.5', to: '10.0.0.7', value: 'in' },
    { from: '10.0.0.8', to: '10.2.255.255', value: 'out' },
  ]);
});

test('a range that crosses the border of another one is refused', (t) => {
  t.is(
    fails('geo $b { ranges; 10.0.0.5-10.0.0.9 a; 10.0.0.7-10.0.0.12 b; }'),
    'range "10.0.0.7-10.0.0.12" overlaps "10.0.0.5-10.0.0.9" in /etc/nginx.conf:3',
  );
});

test('shares are percents with two digits behind the point', (t) => {
  const { site } = read('split_clients $a $b { 0.5% x; 99.49% y; * z; }');
  t.deepEqual(
    site.splits[0]?.shares.map(({ share }) => share),
    [50, 9949, 'rest'],
  );
});

test('a zone has a size, a key and a rate, and limits name it', (t) => {
  const { site } = read(
    'limit_req zone=one burst=5 delay=3; limit_conn two 7;' +
      'limit_req_zone $a zone=one:1m rate=30r/m; limit_conn_zone $b zone=two:64k;' +
      'server { location / { limit_req zone=one nodelay; } }',
  );
  t.deepEqual(site.rateZones, [
    { name: 'one', bytes: 1024 * 1024, key: [{ name: 'a' }], rate: 500 },
  ]);
  t.deepEqual(site.connectionZones, [{ name: 'two', bytes: 64 * 1024, key: [{ name: 'b' }] }]);
  const location = site.servers[0]?.location;
  t.deepEqual(location?.rateLimits, [{ zone: 'one', burst: 5, delay: 3 }]);
  t.deepEqual(location?.connectionLimits, [{ zone: 'two', max: 7 }]);
  const [inner] = location?.locations ?? [];
  t.deepEqual(inner?.rateLimits, [{ zone: 'one', burst: 0, delay: Number.POSITIVE_INFINITY }]);
  t.deepEqual(inner?.connectionLimits, [{ zone: 'two', max: 7 }]);
});

test('a limit without its zone is refused', (t) => {
  t.is(fails('limit_req zone=one;'), 'zero size shared memory zone "one"');
  t.is(
    fails('limit_req zone=one; limit_conn_zone $a zone=one:1m;'),
    'the shared memory zone "one" is already declared for a different use',
  );
});

test('rules of access hide those of outer blocks', (t) => {
  const { site } = read(
    'allow 10.0.0.0/8; deny all; server { location / { deny unix:; } location /b { } }',
  );
  const rules = site.servers[0]?.location.locations.map(({ accessRules }) => accessRules);
  t.deepEqual(rules, [
    [{ allow: false, from: 'unix:' }],
    [
      { allow: true, from: '10.0.0.0/8' },
      { allow: false, from: 'all' },
    ],
  ]);
});

test('password files are looked for beside the configuration', (t) => {
  const { site } = read('server { auth_basic "a realm"; auth_basic_user_file users; }');
  t.is(site.servers[0]?.location.authBasicUserFile, '/etc/users');
});

test('one kind of signed links hides the other one of outer blocks', (t) => {
  const { site } = read(
    'server { location /a { secure_link_secret s; location /a/b { secure_link $x; } } }',
  );
  const outer = site.servers[0]?.location.locations[0];
  t.is(outer?.secureLinkSecret, 's');
  t.is(outer?.locations[0]?.secureLinkSecret, undefined);
  t.regex(fails('secure_link $x; secure_link_secret s;'), /cannot be mixed/);
});
