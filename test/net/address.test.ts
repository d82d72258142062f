import test from 'ava';
import fc from 'fast-check';
import type { Endpoint } from '../../src/core/endpoint.ts';
import {
  endpointOfBytes,
  formatEndpoint,
  parseEndpoint,
  parseHostPort,
  parsePort,
  UNIX_PATH_BYTES_MAX,
} from '../../src/net/address.ts';
import { IoError } from '../../src/net/io-error.ts';
import { formatIp, parseIp } from '../../src/net/ip.ts';

const endpoints: readonly (readonly [string, Endpoint])[] = [
  ['127.0.0.1:80', { family: 'ipv4', address: '127.0.0.1', port: 80 }],
  ['0.0.0.0:0', { family: 'ipv4', address: '0.0.0.0', port: 0 }],
  ['255.255.255.255:65535', { family: 'ipv4', address: '255.255.255.255', port: 65_535 }],
  ['[::1]:53', { family: 'ipv6', address: '::1', port: 53 }],
  ['[::ffff:10.0.0.1]:1', { family: 'ipv6', address: '::ffff:10.0.0.1', port: 1 }],
  ['unix:/run/sluice.sock', { family: 'unix', address: '/run/sluice.sock', port: 0 }],
];

for (const [text, endpoint] of endpoints) {
  test(`${text} is read and written`, (t) => {
    t.deepEqual(parseEndpoint(text), endpoint);
    t.is(formatEndpoint(endpoint), text);
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['', 'a host is missing, at column 1'],
  ['127.0.0.1', 'a port is missing, at column 10'],
  ['127.0.0.1:', 'a port is decimal digits, at column 11'],
  ['127.0.0.1:65536', 'a port is at most 65535, at column 11'],
  ['127.0.0.1:080', 'a port has no leading zero, at column 11'],
  ['127.0.0.1:+1', 'a port is decimal digits, at column 11'],
  ['127.0.0.256:1', 'not four numbers from 0 to 255 (a.b.c.d), at column 9'],
  ['127.0.0.01:1', 'not four numbers from 0 to 255 (a.b.c.d), at column 9'],
  ['127.1:1', 'not four numbers from 0 to 255 (a.b.c.d), at column 6'],
  ['localhost:80', 'a name, not an address: resolve it first, at column 1'],
  ['[::1', 'a ] is missing, at column 5'],
  ['[::1]80', 'only a port may follow a ], at column 6'],
  ['[1::2::3]:1', 'not an IPv6 address, at column 7'],
  ['[fe80::1%eth0]:1', 'zones are not supported, at column 9'],
  ['::1', 'a port is missing, at column 4'],
  ['unix:', 'a path is missing, at column 6'],
  ['unix:/a\0b', 'a path may not contain NUL, at column 8'],
];

for (const [text, what] of refused) {
  test(`${JSON.stringify(text)} is refused: ${what}`, (t) => {
    const error = t.throws(() => parseEndpoint(text), { instanceOf: IoError });
    t.is(error.code, 'badAddress');
    t.true(error.message.endsWith(what), error.message);
    t.true(error.message.startsWith(JSON.stringify(text)), 'the text that was refused is named');
  });
}

test('what the text leaves out comes from the defaults', (t) => {
  const defaults = { address: '0.0.0.0', port: 53 };
  t.deepEqual(parseEndpoint('8080', defaults), parseEndpoint('0.0.0.0:8080'));
  t.deepEqual(parseEndpoint('10.0.0.1', defaults), parseEndpoint('10.0.0.1:53'));
  t.deepEqual(parseEndpoint('::1', defaults), parseEndpoint('[::1]:53'));
  t.deepEqual(parseEndpoint('[::1]', defaults), parseEndpoint('[::1]:53'));
  t.deepEqual(parseEndpoint('10.0.0.1:1', defaults), parseEndpoint('10.0.0.1:1'));
});

test('a unix path of 107 bytes is taken and one of 108 is refused', (t) => {
  const path = `/${'é'.repeat((UNIX_PATH_BYTES_MAX - 1) / 2)}`;
  t.is(parseEndpoint(`unix:${path}`).address, path);
  t.throws(() => parseEndpoint(`unix:${path}x`), { message: /over 107 bytes/ });
});

test('a host and port may be a name', (t) => {
  t.deepEqual(parseHostPort('example.org:443'), { host: 'example.org', port: 443 });
  t.deepEqual(parseHostPort('example.org'), { host: 'example.org', port: undefined });
  t.deepEqual(parseHostPort('[2001:db8::1]:443'), { host: '2001:db8::1', port: 443 });
  for (const text of ['a b', 'a/b:1', 'user@host', ':80', 'a:b', 'a:1:2', '[a]:1']) {
    t.throws(() => parseHostPort(text), { instanceOf: IoError }, text);
  }
});

test('a port is any number from 0 to 65535 and nothing else', (t) => {
  fc.assert(fc.property(fc.nat({ max: 65_535 }), (port) => parsePort(String(port)) === port));
  for (const text of ['65536', '-1', '1e3', ' 1', '1 ', '0x1', '']) {
    t.throws(() => parsePort(text), { instanceOf: IoError }, text);
  }
  t.pass();
});

/** Texts of RFC 4291 §2.2 and §2.3, and how RFC 5952 writes them. */
const ipv6: readonly (readonly [string, string])[] = [
  ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
  ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
  ['FF01:0:0:0:0:0:0:101', 'ff01::101'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:13.1.68.3', '::d01:4403'],
  ['::FFFF:129.144.52.38', '::ffff:129.144.52.38'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // One group is not shortened: §4.2.2.
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // The longest run: §4.2.3.
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // The first of equals: §4.2.3.
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
];

for (const [text, canonical] of ipv6) {
  test(`${text} is written as ${canonical}`, (t) => {
    const bytes = parseIp(text);
    t.is(typeof bytes === 'object' && formatIp(bytes), canonical);
  });
}

test('text that only resembles an IPv6 address is refused', (t) => {
  const texts = [':', ':::', '1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::'];
  texts.push('::1:', ':1::', 'g::', '1:2:3:4:5:6:7:1.2.3.4', '::1.2.3', '::1.2.3.4:5', '::1 ');
  texts.push('1:2:3:4::5:6:7:8', '::1.2.3.256', '::01.2.3.4');
  for (const text of texts) t.is(typeof parseIp(text), 'number', text);
});

const addresses = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  // Zeros are likely, so that runs of them are.
  fc
    .array(fc.oneof(fc.constant(0), fc.nat({ max: 255 })), { minLength: 16, maxLength: 16 })
    .map((bytes) => Uint8Array.from(bytes)),
);

test('every address that is written is read again as the same bytes', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(addresses, fc.nat({ max: 65_535 }), (bytes, port) => {
        const read = parseIp(formatIp(bytes));
        const endpoint = endpointOfBytes(bytes, port);
        const again = parseEndpoint(formatEndpoint(endpoint));
        return (
          typeof read === 'object' &&
          Buffer.from(read).equals(bytes) &&
          again.address === endpoint.address &&
          again.port === port
        );
      }),
      { numRuns: 2_000 },
    ),
  );
});

test('no text makes the parser do anything but answer or throw IoError', (t) => {
  const text = fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]%/unix'), maxLength: 40 });
  t.notThrows(() =>
    fc.assert(
      fc.property(text, (input) => {
        try {
          const endpoint = parseEndpoint(input);
          return parseEndpoint(formatEndpoint(endpoint)).address === endpoint.address;
        } catch (error) {
          return error instanceof IoError;
        }
      }),
      { numRuns: 2_000 },
    ),
  );
});
