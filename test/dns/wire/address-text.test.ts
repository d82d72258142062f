import { isIPv6 } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { ipv4Text, ipv6Text } from '../../../src/dns/wire/address-text.ts';
import { formatIp, parseIp } from '../../../src/net/ip.ts';

/** Groups are mostly zero, as in addresses. */
const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0xffff), fc.nat(0xf));

test('addresses are written as formatIp writes them, wherever they lie', (t) => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.nat(5), (groups, at) => {
      const bytes = new Uint8Array(16 + at);
      for (const [index, value] of groups.entries()) {
        bytes[at + 2 * index] = value >> 8;
        bytes[at + 2 * index + 1] = value & 0xff;
      }
      const text = ipv6Text(bytes, at);
      t.is(text, formatIp(bytes.subarray(at)));
      t.true(isIPv6(text));
      t.is(ipv4Text(bytes, at), formatIp(bytes.subarray(at, at + 4)));
    }),
    { numRuns: 1_000 },
  );
});

test('addresses of RFC 5952 are written as it says', (t) => {
  for (const text of [
    '::',
    '::1',
    '1::',
    '2001:db8::1',
    '2001:db8:0:1:1:1:1:1',
    '2001:0:0:1::1',
    '2001:db8::1:0:0:1',
    '::ffff:192.0.2.1',
    '::ffff:0.0.0.0',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ]) {
    t.is(ipv6Text(parseIp(text) as Uint8Array, 0), text);
  }
});
