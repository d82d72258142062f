import test from 'ava';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Answer } from '../../../src/dns/wire/reply.ts';
import { ASKED, bytes, outcome, read, record } from './reply-message.ts';

/** The parameters of a record with priority 1 and the target `.`, or why it was dropped. */
function params(hex: string): unknown {
  const said = service(`0001 00 ${hex}`);
  return typeof said === 'string' ? said : said.params;
}

function service(hex: string): { params: unknown; target: string; priority: number } | string {
  const answers = [record(ASKED, TYPE.HTTPS, bytes(hex))];
  const reply = read('www.example', 'HTTPS', { answers });
  return reply.kind === 'answer' ? ((reply as Answer).data[0] as never) : outcome(reply);
}

// Test vectors of RFC 9460, appendix D.2.
const FOO = '03 666f6f 07 6578616d706c65 03 636f6d 00';

test('RFC 9460 D.1: AliasMode', (t) => {
  t.deepEqual(service(`0000 ${FOO}`), { priority: 0, target: 'foo.example.com', params: {} });
});

test('RFC 9460 D.2: ServiceMode, figures 3 to 10', (t) => {
  const target = 'foo.example.com';
  t.deepEqual(service('0001 00'), { priority: 1, target: '.', params: {} });
  t.deepEqual(service(`0010 ${FOO} 0003 0002 0035`), {
    priority: 16,
    target,
    params: { port: 53 },
  });
  t.deepEqual(service(`0001 ${FOO} 029b 0005 68656c6c6f`), {
    priority: 1,
    target,
    params: { other: { key667: new Uint8Array(Buffer.from('hello')) } },
  });
  const ipv6 = '20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00530001';
  t.deepEqual(service(`0001 ${FOO} 0006 0020 ${ipv6}`), {
    priority: 1,
    target,
    params: { ipv6hint: ['2001:db8::1', '2001:db8::53:1'] },
  });
  const many = '0000 0004 0001 0004 0001 0009 02 6832 05 68332d3139 0004 0004 c0000201';
  t.deepEqual(service(`0010 ${FOO} ${many}`), {
    priority: 16,
    target,
    params: { mandatory: ['alpn', 'ipv4hint'], alpn: ['h2', 'h3-19'], ipv4hint: ['192.0.2.1'] },
  });
  t.deepEqual(params('0001 000c 08 665c6f6f2c626172 02 6832'), { alpn: ['f\\oo,bar', 'h2'] });
});

test('all parameters together, and keys that nobody knows', (t) => {
  const hex =
    '0001 0003 02 6832 0002 0000 0003 0002 01bb 0004 0008 c0000201 c0000202 0005 0001 aa' +
    '0006 0010 00000000000000000000000000000001 0007 0000 ffff 0001 01';
  t.deepEqual(params(hex), {
    alpn: ['h2'],
    noDefaultAlpn: true,
    port: 443,
    ipv4hint: ['192.0.2.1', '192.0.2.2'],
    ech: new Uint8Array([0xaa]),
    ipv6hint: ['::1'],
    other: { key7: new Uint8Array(), key65535: new Uint8Array([1]) },
  });
});

test('case 25: keys of SVCB that do not go up are invalid', (t) => {
  t.deepEqual(params('0003 0002 0050 0007 0000'), { port: 80, other: { key7: new Uint8Array() } });
  t.is(params('0007 0000 0003 0002 0050'), 'parse');
  t.is(params('0003 0002 0050 0003 0002 0050'), 'parse');
  t.is(params('0007 0000 0007 0000'), 'parse');
});

for (const [hex, what] of [
  ['0003', 'a key alone'],
  ['0003 00', 'half a length'],
  ['0003 0002 00', 'a value past the end'],
  ['0007 ffff', 'a value far past the end'],
  ['0000 0000', 'an empty mandatory'],
  ['0000 0003 000300', 'a mandatory of 3 bytes'],
  ['0000 0002 0000', 'a mandatory that names itself'],
  ['0000 0004 0004 0001', 'a mandatory whose keys go down'],
  ['0000 0004 0001 0001', 'a mandatory with a key twice'],
  ['0001 0000', 'an empty alpn'],
  ['0001 0001 00', 'an empty protocol'],
  ['0001 0002 0261', 'a protocol past its value'],
  ['0002 0001 00', 'a no-default-alpn with a value'],
  ['0003 0001 50', 'a port of 1 byte'],
  ['0003 0003 005000', 'a port of 3 bytes'],
  ['0004 0000', 'an empty ipv4hint'],
  ['0004 0005 c000020100', 'an ipv4hint of 5 bytes'],
  ['0005 0000', 'an empty ech'],
  ['0006 0000', 'an empty ipv6hint'],
  ['0006 0004 c0000201', 'an ipv6hint of 4 bytes'],
] as const) {
  test(`case 25: invalid in SVCB: ${what}`, (t) => {
    t.is(params(hex), 'parse');
  });
}

test('a target of SVCB is not compressed', (t) => {
  t.is(service('0001 c00c'), 'parse');
  t.is(service('0001 01 61 c010'), 'parse');
  t.is(service('0001'), 'parse');
  t.is(service('00'), 'parse');
  t.is(service(''), 'parse');
});

test('parameters in AliasMode are ignored, but have to end with the record', (t) => {
  t.deepEqual(service('0000 01 61 00 0003 0001 50'), { priority: 0, target: 'a', params: {} });
  t.is(service('0000 01 61 00 0003 0002 50'), 'parse');
  t.is(service('0000 01 61 00 0003 0001 50 0001 0000'), 'parse');
});

test('bytes of parameters are copies', (t) => {
  const said = params('0005 0001 aa ff00 0001 01') as {
    ech: Uint8Array;
    other: Record<string, Uint8Array>;
  };
  t.is(said.ech.buffer.byteLength, 1);
  t.is(said.other.key65280?.buffer.byteLength, 1);
});
