import test from 'ava';
import { type ProgramConf, readConfig } from '../../src/config/index.ts';

function read(http: string): ReturnType<typeof readConfig> {
  const sources = { read: () => `events {}\nhttp {\n${http}\n}`, glob: () => [] };
  return readConfig({ sources, file: '/n.conf', prefix: '/', isRoot: true });
}

function problem(http: string): string {
  const result = read(http);
  return 'error' in result ? result.error.message : '';
}

function conf(http: string): ProgramConf {
  const result = read(http);
  if ('error' in result) throw result.error;
  return result.conf;
}

test('names that are followed need a zone and a resolver, which may come later', (t) => {
  const group = (zone: string): string => `upstream u { ${zone} server a.b resolve; }`;
  t.is(
    problem(group('')),
    'resolving names at run time requires upstream "u" in /n.conf:3 to be in shared memory',
  );
  t.is(
    problem(group('zone z 64k;')),
    'no resolver defined to resolve names at run time in upstream "u" in /n.conf:3',
  );
  t.is(problem(`${group('zone z 64k;')} resolver 127.0.0.1;`), '');
  t.is(problem(group('zone z 64k; resolver 127.0.0.1;')), '');
});

test('a service has no port, and a name that is followed', (t) => {
  const server = (words: string): string => problem(`upstream u { server ${words}; }`);
  t.is(server('a.b service=x'), 'service upstream "a.b" requires "resolve" parameter in /n.conf:3');
  t.is(
    server('a.b:1 service=x resolve'),
    'service upstream "a.b:1" may not have port in /n.conf:3',
  );
  t.is(
    server('[::1] service=x resolve'),
    'service upstream "[::1]" requires domain name in /n.conf:3',
  );
  t.is(server('a.b service= resolve'), 'service is empty in /n.conf:3');
});

test('names of servers are noted once for all, those of groups are not', (t) => {
  const { hosts } = conf(`
    resolver ns.example;
    upstream u { server a.example:81; server 127.0.0.1; server b.example resolve; zone z 64k; }
    server { location /1 { proxy_pass http://u; } location /2 { proxy_pass http://C.example:82/x; }
             location /3 { proxy_pass http://$host; } location /4 { proxy_pass http://[::1]:1; } }`);
  t.deepEqual(
    hosts.map(({ name, problem: text }) => [name, text]),
    [
      ['ns.example', 'host not found in resolver "ns.example"'],
      ['a.example', 'host not found in upstream "a.example:81"'],
      ['c.example', 'host not found in upstream "C.example"'],
    ],
  );
});

test('sticky is one way at a time, with all that it needs', (t) => {
  const sticky = (words: string): string =>
    problem(`upstream u { server 127.0.0.1; ${words} }`).replace(' in /n.conf:3', '');
  t.is(sticky('sticky cookie a; sticky cookie b;'), '"sticky" directive is duplicate');
  t.is(sticky('sticky other a;'), 'unknown parameter "other"');
  t.is(
    sticky('sticky cookie a samesite=odd;'),
    '"sticky" directive invalid "samesite" parameter value',
  );
  t.is(sticky('sticky route host;'), 'invalid variable name "host"');
  t.is(
    sticky('sticky learn lookup=$a create=$b;'),
    '"sticky" directive "zone" parameter is not specified',
  );
  t.is(
    sticky('sticky learn lookup=$a create=$b zone=z:1k;'),
    '"sticky" directive zone is too small',
  );
  t.is(
    sticky('sticky learn lookup=$a create=b zone=z:64k;'),
    '"sticky" directive missing variable in the "create" parameter',
  );
  const learn = 'sticky learn lookup=$a create=$b zone=z:64k;';
  t.is(
    problem(`upstream u { server 127.0.0.1; ${learn} }\nupstream v { server 127.0.0.1; ${learn} }`),
    'sticky zone "z" is already used in upstream "u" in /n.conf:4',
  );
});
