import test from 'ava';
import { AccessRules } from '../../../src/server/shared/access-rules.ts';
import { AddressSet, AddressTable } from '../../../src/server/shared/address-table.ts';
import { forwardedAddress } from '../../../src/server/shared/forwarded-address.ts';
import { addPrefixes, GeoTable } from '../../../src/server/shared/geo-table.ts';
import { IpKey } from '../../../src/server/shared/ip-key.ts';
import type { Prefix } from '../../../src/server/shared/prefix-trie.ts';

const key = (text: string): IpKey => new IpKey().read(text);

test('texts are addresses, unix sockets, or nothing', (t) => {
  const families = ['192.0.2.1', '::1', '::ffff:192.0.2.1', 'unix:', '', '1.2.3', '1.2.3.256'].map(
    (text) => key(text).family,
  );
  t.deepEqual(families, ['ipv4', 'ipv6', 'ipv4', 'unix', 'none', 'none', 'none']);
  t.is(key('01.2.3.4').family, 'none', 'leading zeros may mean octal digits elsewhere');
  t.is(key('192.0.2.1').words[0], 0xc000_0201);
  t.is(key('::ffff:192.0.2.1').words[0], 0xc000_0201);
});

test('an address has the value of the smallest network around it', (t) => {
  const table = new AddressTable([
    ['0.0.0.0/0', 'all'],
    ['10.0.0.0/8', 'ten'],
    ['10.1.0.0/16', 'one'],
    ['10.1.2.3', 'host'],
    ['2001:db8::/32', 'six'],
  ]);
  const values = ['9.9.9.9', '10.9.9.9', '10.1.9.9', '10.1.2.3', '2001:db8::9', '::1', 'unix:'];
  t.deepEqual(
    values.map((text) => table.find(key(text))),
    ['all', 'ten', 'one', 'host', 'six', undefined, undefined],
  );
});

test('of access rules the first one decides that an address is in', (t) => {
  const rules = new AccessRules([
    { allow: false, from: '10.1.2.0/24' },
    { allow: true, from: '10.1.0.0/16' },
    { allow: false, from: '10.1.3.0/24' },
    { allow: true, from: '2001:db8::/32' },
    { allow: false, from: 'all' },
    { allow: true, from: 'unix:' },
  ]);
  const decided = ['10.1.2.9', '10.1.3.9', '10.2.0.1', '2001:db8::1', '::1', 'unix:', 'x'].map(
    (text) => rules.decide(key(text))?.allow,
  );
  t.deepEqual(decided, [false, true, false, true, false, false, undefined]);
  t.is(new AccessRules([{ allow: false, from: 'unix:' }]).decide(key('10.0.0.1')), undefined);
});

test('ranges are looked up as the networks that they are made of', (t) => {
  const networks = (from: string, to: string) => {
    const prefixes: Prefix<string>[] = [];
    addPrefixes({ from, to, value: 'x' }, prefixes);
    return prefixes.map(({ words, length }) => [words[0], length]);
  };
  t.deepEqual(networks('10.0.0.1', '10.0.0.9'), [
    [0x0a00_0001, 32],
    [0x0a00_0002, 31],
    [0x0a00_0004, 30],
    [0x0a00_0008, 31],
  ]);
  t.deepEqual(networks('0.0.0.0', '255.255.255.255'), [[0, 0]]);
});

test('what is no address is looked up as 255.255.255.255', (t) => {
  const table = new GeoTable([['255.255.255.255', 'none']], 'default');
  t.deepEqual(
    ['unix:', 'x', '255.255.255.255', '::1', '1.1.1.1'].map((text) => table.find(key(text))),
    ['none', 'none', 'none', 'default', 'default'],
  );
  const last = { from: '255.255.255.0', to: '255.255.255.255', value: 'none' };
  const ranges = new GeoTable([], 'default', [last]);
  t.is(ranges.find(key('::1')), 'none', 'ranges know IPv4 alone');
});

const trusted = new AddressSet(['10.0.0.0/8', 'unix:']);

function forwarded(from: string, values: readonly string[], recursive: boolean) {
  return forwardedAddress(key(from), values, trusted, recursive)?.address;
}

test('only who is trusted is believed whom he speaks for', (t) => {
  t.is(forwarded('192.0.2.1', ['192.0.2.9'], false), undefined);
  t.is(forwarded('10.0.0.1', ['192.0.2.9'], false), '192.0.2.9');
  t.is(forwarded('unix:', ['192.0.2.9'], false), '192.0.2.9');
});

test('the last address counts, or the last one that is not trusted itself', (t) => {
  const values = ['192.0.2.1, 192.0.2.2', '192.0.2.3 , 10.0.0.2,'];
  t.is(forwarded('10.0.0.1', values, false), '10.0.0.2');
  t.is(forwarded('10.0.0.1', values, true), '192.0.2.3');
  t.is(forwarded('10.0.0.1', ['192.0.2.9', '10.0.0.3, 10.0.0.2'], true), '192.0.2.9');
  t.is(forwarded('10.0.0.1', ['10.0.0.3, 10.0.0.2'], true), '10.0.0.3');
});

test('what cannot be read ends the search at what was found', (t) => {
  t.is(forwarded('10.0.0.1', ['unknown'], true), undefined);
  t.is(forwarded('10.0.0.1', ['unknown, 10.0.0.2'], true), '10.0.0.2');
  t.is(forwarded('10.0.0.1', [''], true), undefined);
});

test('a port may stand behind an address', (t) => {
  const of = (text: string) => forwardedAddress(key('10.0.0.1'), [text], trusted, false);
  t.deepEqual(of('192.0.2.1:8080'), { address: '192.0.2.1', port: 8080 });
  t.deepEqual(of('[2001:DB8::1]:443'), { address: '2001:db8::1', port: 443 });
  t.deepEqual(of('2001:db8::1'), { address: '2001:db8::1', port: 0 });
  t.is(of('192.0.2.1:65536'), undefined);
  t.is(of('[192.0.2.1]:80'), undefined);
});
