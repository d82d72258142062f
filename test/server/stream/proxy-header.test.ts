import test from 'ava';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { ProxyHeadParser } from '../../../src/server/shared/proxy-protocol.ts';
import { proxyHeader } from '../../../src/server/stream/proxy/proxy-header.ts';

const V4 = { family: 'ipv4', address: '192.0.2.1', port: 1234 } as const;
const V6 = { family: 'ipv6', address: '2001:db8::1', port: 65_535 } as const;
const UNIX = { family: 'unix', address: '/run/x', port: 0 } as const;

function textOf(version: 1 | 2, from: Endpoint, to: Endpoint): string {
  return Buffer.from(proxyHeader(version, from, to)).toString('latin1');
}

test('version 1 is a line with both ends', (t) => {
  t.is(textOf(1, V4, { ...V4, port: 80 }), 'PROXY TCP4 192.0.2.1 192.0.2.1 1234 80\r\n');
  t.is(textOf(1, V6, V6), 'PROXY TCP6 2001:db8::1 2001:db8::1 65535 65535\r\n');
});

test('ends that the protocol cannot name are unknown', (t) => {
  t.is(textOf(1, UNIX, UNIX), 'PROXY UNKNOWN\r\n');
  t.is(textOf(1, V4, V6), 'PROXY UNKNOWN\r\n');
  t.is(proxyHeader(2, UNIX, UNIX).length, 16);
});

test('version 0 is no head at all', (t) => {
  t.is(proxyHeader(0, V4, V4).length, 0);
});

for (const end of [V4, V6]) {
  test(`what version 2 writes for ${end.family} is what our parser reads`, (t) => {
    const bytes = proxyHeader(2, end, { ...end, port: 80 });
    const parser = new ProxyHeadParser();
    t.is(parser.read(bytes, 0, bytes.length), bytes.length);
    t.deepEqual(parser.head?.source, { address: end.address, port: end.port });
    t.deepEqual(parser.head?.destination, { address: end.address, port: 80 });
  });
}
