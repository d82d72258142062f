import test from 'ava';
import { HOSTS_NAMES_MAX, HOSTS_SAME_MAX, parseHosts } from '../../../src/dns/system/hosts-file.ts';

const entry = (canonical: string, ipv4: string[], ipv6: string[] = []) => ({
  canonical,
  ipv4,
  ipv6,
});

test('a hosts file gives a name its addresses, and an address its names', (t) => {
  const hosts = parseHosts('127.0.0.1 localhost\n192.0.2.1\tweb.example  web www\n');
  t.deepEqual(hosts.find('web.example'), entry('web.example', ['192.0.2.1']));
  t.deepEqual(hosts.find('www'), entry('web.example', ['192.0.2.1']), 'an alias');
  t.deepEqual(hosts.namesOf('192.0.2.1'), ['web.example', 'web', 'www']);
  t.is(hosts.find('other'), undefined);
  t.deepEqual(hosts.namesOf('192.0.2.2'), []);
  t.is(hosts.names, 4);
  t.is(hosts.junk, 0);
});

test("all lines of a name count, in the file's order; its first line names it", (t) => {
  const hosts = parseHosts(
    '192.0.2.2 b.example a.example\n192.0.2.1 a.example\n::1 a.example\n192.0.2.2 a.example\n',
  );
  t.deepEqual(hosts.find('a.example'), entry('b.example', ['192.0.2.2', '192.0.2.1'], ['::1']));
  t.deepEqual(hosts.namesOf('192.0.2.2'), ['b.example', 'a.example']);
});

test('names are the same in other letters, and with the dot of the root', (t) => {
  const hosts = parseHosts('192.0.2.1 Web.Example.\n');
  t.deepEqual(hosts.find('wEB.example'), entry('Web.Example', ['192.0.2.1']));
  t.deepEqual(hosts.find('web.example.'), entry('Web.Example', ['192.0.2.1']));
});

test('addresses are the same in other text forms', (t) => {
  const hosts = parseHosts('2001:DB8::0:1 a\n2001:db8::1 a b\n');
  t.deepEqual(hosts.find('a'), entry('a', [], ['2001:db8::1']));
  t.deepEqual(hosts.namesOf('2001:db8:0:0::1'), ['a', 'b']);
});

test('an address of a hosts file may have a zone', (t) => {
  const hosts = parseHosts('fe80::1%lo0 localhost\n');
  t.deepEqual(hosts.find('localhost'), entry('localhost', [], ['fe80::1%lo0']));
  t.deepEqual(hosts.namesOf('fe80::1%lo0'), ['localhost']);
  t.deepEqual(hosts.namesOf('fe80::1'), []);
});

test('comments and odd lines do no harm', (t) => {
  const hosts = parseHosts(
    '# 192.0.2.1 a\n192.0.2.1 a # b\n192.0.2.1#x y\n192.0.2.300 c\nd 192.0.2.1\n192.0.2.1\n192.0.2.1 .\n\n',
  );
  t.deepEqual(hosts.find('a'), entry('a', ['192.0.2.1']));
  t.is(hosts.names, 1);
  t.is(hosts.junk, 5);
});

test('names of objects are names like others', (t) => {
  const hosts = parseHosts('192.0.2.1 constructor __proto__\n');
  t.deepEqual(hosts.find('__proto__'), entry('constructor', ['192.0.2.1']));
  t.is(hosts.find('toString'), undefined);
});

test('case 50: CRLF and a byte order mark are no part of a hosts file', (t) => {
  const hosts = parseHosts('\uFEFF192.0.2.1 a b\r\n\r\n# c\r\n::1 b\r\n');
  t.deepEqual(hosts.find('a'), entry('a', ['192.0.2.1']));
  t.deepEqual(hosts.find('b'), entry('a', ['192.0.2.1'], ['::1']));
  t.is(hosts.junk, 0);
});

test('case 50: 100,000 lines are read soon, also when all are of one address or one name', (t) => {
  const lines = (line: (index: number) => string) =>
    Array.from({ length: 100_000 }, (_, index) => line(index)).join('\n');
  const startMs = performance.now();
  const many = parseHosts(lines((i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} n${i} m${i}`));
  const one = parseHosts(lines((i) => `0.0.0.0 n${i}.example`));
  const same = parseHosts(lines((i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} same.example`));
  const ms = performance.now() - startMs;
  t.is(many.names, 200_000);
  t.deepEqual(many.find('m99999'), entry('n99999', ['10.1.134.159']));
  t.deepEqual(many.namesOf('10.1.134.159'), ['n99999', 'm99999']);
  t.is(one.names, 100_000);
  t.is(one.namesOf('0.0.0.0').length, HOSTS_SAME_MAX);
  t.is(same.find('same.example')?.ipv4.length, HOSTS_SAME_MAX);
  t.true(ms < 5_000, `${ms} ms`);
});

test('a name has addresses up to the bound, and what is over it is counted', (t) => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => `192.0.2.${index} a\n`).join('');
  const full = parseHosts(lines(HOSTS_SAME_MAX));
  t.is(full.find('a')?.ipv4.length, HOSTS_SAME_MAX);
  t.is(full.junk, 0);
  const over = parseHosts(lines(HOSTS_SAME_MAX + 1));
  t.is(over.find('a')?.ipv4.length, HOSTS_SAME_MAX);
  t.is(over.junk, 1);
});

test('a hosts file has names up to the bound, and what is over it is counted', (t) => {
  const names = (count: number) => {
    const lines: string[] = [];
    for (let at = 0; at < count; at += 500) {
      const line = Array.from({ length: Math.min(500, count - at) }, (_, i) => `n${at + i}`);
      lines.push(`0.0.0.0 ${line.join(' ')}\n`);
    }
    return lines.join('');
  };
  const full = parseHosts(names(HOSTS_NAMES_MAX));
  t.is(full.names, HOSTS_NAMES_MAX);
  t.is(full.junk, 0);
  const over = parseHosts(names(HOSTS_NAMES_MAX + 1));
  t.is(over.names, HOSTS_NAMES_MAX);
  t.is(over.junk, 1);
});
