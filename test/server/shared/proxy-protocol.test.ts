import test from 'ava';
import fc from 'fast-check';
import {
  PROXY_HEAD_BYTES_MAX,
  PROXY_LINE_BYTES_MAX,
  type ProxyHead,
  ProxyHeadParser,
  ProxyProtocolError,
  tlvReader,
} from '../../../src/server/shared/proxy-protocol.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A head of version 2; `command` and `family` as the protocol has them. */
function second(command: number, family: number, body: string, length = body.length): Uint8Array {
  const fixed = String.fromCharCode(command, family, length >> 8, length & 255);
  return bytesOf(SIGNATURE + fixed + body);
}

/** Reads bytes whole, and again byte by byte, with something behind them. */
function read(bytes: Uint8Array): ProxyHead | undefined {
  const all = Buffer.concat([bytes, bytesOf('GET /')]);
  const whole = new ProxyHeadParser();
  if (whole.read(all, 0, all.length) !== bytes.length) throw new Error('it ends elsewhere');
  const pieces = new ProxyHeadParser();
  for (let at = 0; at < bytes.length; at += 1) {
    if (pieces.head !== undefined) throw new Error(`it ends at ${at}`);
    pieces.read(all, at, at + 1);
  }
  if (JSON.stringify(whole.head) !== JSON.stringify(pieces.head)) throw new Error('not the same');
  return whole.head;
}

const V4 = '\xc0\x00\x02\x01\xc0\x00\x02\x02\x00\x7b\x16\x2e';

test('a line of version 1 says who has connected, and to whom', (t) => {
  const head = read(bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n'));
  t.deepEqual(head?.source, { address: '192.0.2.1', port: 123 });
  t.deepEqual(head?.destination, { address: '192.0.2.2', port: 5678 });
  const six = read(bytesOf('PROXY TCP6 2001:Db8::1 ::1 0 65535\r\n'));
  t.deepEqual(six?.source, { address: '2001:Db8::1', port: 0 });
});

test('a line may say that nothing is known', (t) => {
  for (const line of ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN 1 2 3 anything\r\n']) {
    t.is(read(bytesOf(line))?.source, undefined, line);
  }
});

const BROKEN = [
  'GET / HTTP/1.0\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 123 65536\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 0123 1\r\n',
  'PROXY TCP4 192.0.2.1  192.0.2.2 123 1\r\n',
  'PROXY TCP4 ::1 ::1 123 1\r\n',
  'PROXY TCP6 192.0.2.1 192.0.2.2 123 1\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 123\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 123 1 \r\n',
  'PROXY UNKNOWNX\r\n',
  'PROXY TCP4 192.0.2 192.0.2.2 123 1\r\n',
  'proxy TCP4 192.0.2.1 192.0.2.2 123 1\r\n',
];

for (const line of BROKEN) {
  test(`this is no line of version 1: ${JSON.stringify(line)}`, (t) => {
    const parser = new ProxyHeadParser();
    const bytes = bytesOf(line);
    t.throws(() => parser.read(bytes, 0, bytes.length), { message: /broken header/ });
  });
}

test('a line is as long as the protocol allows, and no longer', (t) => {
  const line = (length: number) => `PROXY UNKNOWN ${'x'.repeat(length - 16)}\r\n`;
  t.truthy(read(bytesOf(line(PROXY_LINE_BYTES_MAX))));
  const longer = bytesOf(line(PROXY_LINE_BYTES_MAX + 1));
  t.throws(() => new ProxyHeadParser().read(longer, 0, longer.length));
});

test('a head of version 2 has addresses in bytes', (t) => {
  const head = read(second(0x21, 0x11, V4));
  t.deepEqual(head?.source, { address: '192.0.2.1', port: 123 });
  t.deepEqual(head?.destination, { address: '192.0.2.2', port: 5678 });
  const address = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01`;
  const six = read(second(0x21, 0x21, `${address}${address}\x00\x7b\x16\x2e`));
  t.deepEqual(six?.source, { address: '2001:db8::1', port: 123 });
});

test('local connections, datagrams and other families go on without addresses', (t) => {
  for (const [command, family] of [
    [0x20, 0x11],
    [0x21, 0x12],
    [0x21, 0x00],
    [0x21, 0x31],
    [0x21, 0x41],
  ] as const) {
    t.is(read(second(command, family, V4))?.source, undefined);
  }
  t.is(read(second(0x20, 0x00, ''))?.source, undefined);
});

test('what version 2 does not allow is refused', (t) => {
  const broken = [
    second(0x11, 0x11, V4),
    second(0x31, 0x11, V4),
    second(0x22, 0x11, V4),
    second(0x21, 0x11, V4.slice(0, -1)),
    second(0x21, 0x11, `${V4}\x01\x00`),
    second(0x21, 0x11, `${V4}\x01\x00\x02x`),
    bytesOf('\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0'),
  ];
  for (const [index, bytes] of broken.entries()) {
    t.throws(() => new ProxyHeadParser().read(bytes, 0, bytes.length), undefined, String(index));
  }
});

test('a head is taken up to its bound', (t) => {
  const length = PROXY_HEAD_BYTES_MAX - 16;
  t.truthy(read(second(0x20, 0x00, 'x'.repeat(length))));
  const longer = second(0x20, 0x00, '', length + 1);
  t.throws(() => new ProxyHeadParser().read(longer, 0, longer.length), { message: /too large/ });
});

const tlv = (type: number, value: string): string =>
  String.fromCharCode(type, value.length >> 8, value.length & 255) + value;

test('what follows the addresses is found by name and by number', (t) => {
  const ssl = tlv(0x20, `\x01\0\0\0\xff${tlv(0x21, 'TLSv1.2')}${tlv(0x22, 'example.com')}`);
  const body = `${V4}${tlv(1, 'h2')}${tlv(2, 'localhost')}${ssl}${tlv(0xae, 'own')}`;
  const tlvs = read(second(0x21, 0x11, body))?.tlvs as Uint8Array;
  const value = (name: string) => tlvReader(name)?.(tlvs);
  t.is(value('alpn'), 'h2');
  t.is(value('0x01'), 'h2');
  t.is(value('authority'), 'localhost');
  t.is(value('0x000ae'), 'own');
  t.is(value('ssl_version'), 'TLSv1.2');
  t.is(value('ssl_0x22'), 'example.com');
  t.is(value('ssl_verify'), '255');
  t.is(value('netns'), undefined);
  t.is(value('ssl_cipher'), undefined);
  t.is(tlvReader('nonsense'), undefined);
  t.is(tlvReader('constructor'), undefined);
});

/** Reads pieces of these sizes, again and again, until the end of the head. */
function outcomeOf(bytes: Uint8Array, sizes: readonly number[]): string {
  const parser = new ProxyHeadParser();
  try {
    for (let from = 0, piece = 0; from < bytes.length; piece += 1) {
      const to = Math.min(bytes.length, from + (sizes[piece % sizes.length] as number));
      const at = parser.read(bytes, from, to);
      if (parser.head !== undefined) return `${at} ${JSON.stringify(parser.head)}`;
      from = to;
    }
    return 'more';
  } catch (error) {
    if (error instanceof ProxyProtocolError) return 'refused';
    throw error;
  }
}

test('whatever comes is a head, is refused or goes on, and pieces make no difference', (t) => {
  const heads = [
    bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\nGET'),
    second(0x21, 0x11, `${V4}${tlv(1, 'h2')}`),
    second(0x20, 0x00, 'abc'),
  ];
  const mutated = fc
    .record({
      head: fc.constantFrom(...heads),
      at: fc.nat(60),
      byte: fc.nat(255),
      cut: fc.nat(70),
    })
    .map(({ head, at, byte, cut }) => {
      const bytes = Uint8Array.from(head);
      if (at < bytes.length) bytes[at] = byte;
      return bytes.subarray(0, Math.max(1, bytes.length - Math.max(0, cut - 50)));
    });
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
  const law = fc.property(mutated, sizes, (bytes, pieces) => {
    t.is(outcomeOf(bytes, pieces), outcomeOf(bytes, [bytes.length]));
  });
  fc.assert(law, { numRuns: 2000 });
});
