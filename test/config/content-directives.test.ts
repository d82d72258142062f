import test from 'ava';
import { readConfig } from '../../src/config/index.ts';
import type { LocationConf } from '../../src/server/index.ts';

/** The locations of one server, by their text, or what is wrong. */
function locationsOf(text: string, http = ''): Readonly<Record<string, LocationConf>> | string {
  const file = `events {}\nhttp {\n${http}\nserver {\n${text}\n} }`;
  const sources = { read: () => file, glob: () => [] };
  const result = readConfig({ sources, file: '/nginx.conf', prefix: '/srv/', isRoot: true });
  if (!('conf' in result)) return result.error.message;
  const { locations = [] } = result.conf.site?.servers[0]?.location ?? {};
  return Object.fromEntries(locations.map((location) => [location.text, location]));
}

function only(text: string, http = ''): LocationConf {
  const locations = locationsOf(text, http);
  if (typeof locations === 'string') throw new Error(locations);
  return Object.values(locations)[0] as LocationConf;
}

test('an alias holds in nested locations until there is a root', (t) => {
  const outer = only('location /a/ { alias /x/; location /a/b { } location /a/c { root /y; } }');
  t.deepEqual(outer.alias, { path: '/x/', matched: 3 });
  const [inner, other] = outer.locations;
  t.deepEqual(inner?.alias, { path: '/x/', matched: 3 });
  t.is(other?.alias, undefined);
  t.is(only('location ~ ^/(.*)$ { alias /x/$1; }').alias?.matched, -1);
  t.regex(
    String(locationsOf('location / { root /a; alias /b; }')),
    /"alias" directive is duplicate, "root" directive was specified earlier/,
  );
});

test('mirrors are a list, and `off` is none', (t) => {
  t.deepEqual(only('location / { mirror /a; mirror /b; }').mirror, ['/a', '/b']);
  t.deepEqual(only('mirror /a; location / { mirror off; }').mirror, []);
  t.regex(String(locationsOf('location / { mirror /a; mirror off; }')), /is duplicate/);
  t.regex(String(locationsOf('location / { mirror off; mirror /a; }')), /is duplicate/);
});

test('what is searched for is in lower case', (t) => {
  const [one] = only('location / { sub_filter "Ab$Host" "X"; }').subFilters;
  t.deepEqual(one, { search: ['ab', { name: 'host' }], replacement: 'X' });
  t.regex(String(locationsOf('location / { sub_filter "" x; }')), /empty search pattern/);
});

test('types of content are added to text/html, which is always meant', (t) => {
  t.deepEqual(only('location / { gzip_types a/b c/d; }').gzipTypes, ['text/html', 'a/b', 'c/d']);
  t.deepEqual(only('location / { ssi_types *; }').ssiTypes, ['text/html', '*']);
});

test('maps of characters are read, and what is none is refused', (t) => {
  const message = (map: string): string => String(locationsOf('', map));
  t.regex(message('charset_map a A { }'), /between the same charsets "a" and "A"/);
  t.regex(message('charset_map utf-8 b { }'), /should be given in the second column/);
  t.regex(message('charset_map a b { 80 81; } charset_map b a { }'), /duplicate "charset_map"/);
  t.regex(message('charset_map a b { 100 81; }'), /invalid value "100"/);
  t.regex(message('charset_map a b { 80 8182; }'), /invalid value "8182"/);
  t.regex(message('charset_map a b { 80; }'), /invalid parameters number/);
  t.is(typeof locationsOf('', 'charset_map a utf-8 { 80 e282ac; }'), 'object');
});

test('levels of compression go from 1 to 9', (t) => {
  t.is(only('location / { gzip_comp_level 9; }').gzipCompLevel, 9);
  t.regex(
    String(locationsOf('location / { gzip_comp_level 10; }')),
    /value must be between 1 and 9/,
  );
});

test('locations that inherit open_file_cache have one together, others one of their own', (t) => {
  const text = `location /a { open_file_cache_valid 5s; }
    location /b { open_file_cache_min_uses 3; }
    location /c { open_file_cache max=7 inactive=2m; open_file_cache_errors on; }
    location /d { open_file_cache off; }`;
  const all = locationsOf(text, 'open_file_cache max=7;') as Record<string, LocationConf>;
  const { '/a': a, '/b': b, '/c': c, '/d': d } = all;
  t.deepEqual(a?.openFileCache, { max: 7, inactive: 60_000 });
  t.is(a?.openFileCache, b?.openFileCache);
  t.is(a?.openFileCacheValid, 5000);
  t.is(b?.openFileCacheValid, 60_000);
  t.is(b?.openFileCacheMinUses, 3);
  t.deepEqual(c?.openFileCache, { max: 7, inactive: 120_000 });
  t.true(c?.openFileCacheErrors);
  t.is(d?.openFileCache, undefined);
});
