import test from 'ava';
import {
  parseResolvConf,
  RESOLV_CONF_CHARS_MAX,
  type ResolvConf,
  SEARCH_MAX,
} from '../../../src/dns/system/resolv-conf.ts';

const SILENT: ResolvConf = {
  servers: [],
  search: [],
  ndots: 1,
  timeoutMs: undefined,
  attempts: undefined,
  tcp: false,
  junk: 0,
};

const at = (address: string) =>
  ({ family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: 53 }) as const;

/** What is written, and what is understood beyond a silent file. */
const VECTORS: readonly [title: string, text: string, said: Partial<ResolvConf>][] = [
  ['nothing', '', {}],
  ['blank lines and comments', '\n  \n# nameserver 192.0.2.1\n; ndots\n\t# x\n', {}],
  ['a server', 'nameserver 192.0.2.1\n', { servers: [at('192.0.2.1')] }],
  ['no line end at the end', 'nameserver 192.0.2.1', { servers: [at('192.0.2.1')] }],
  ['tabs and spaces around', ' \tnameserver\t 192.0.2.1 \t\n', { servers: [at('192.0.2.1')] }],
  ['a byte order mark', '\uFEFFnameserver 192.0.2.1\n', { servers: [at('192.0.2.1')] }],
  ['a comment behind an address', 'nameserver ::1# me\n', { servers: [at('::1')] }],
  ['a comment behind a space', 'nameserver ::1 ; me\n', { servers: [at('::1')] }],
  [
    'an IPv6 address in one text form',
    'nameserver 2001:DB8:0:0::0053\n',
    { servers: [at('2001:db8::53')] },
  ],
  [
    'what is no address',
    'nameserver\nnameserver ns.example\nnameserver 1.2.3\nnameserver 192.0.2.01\nnameserver ::1::\n',
    { junk: 5 },
  ],
  ['a port is not of this file', 'nameserver 192.0.2.1:53\nnameserver [::1]:53\n', { junk: 2 }],
  ['a domain is a search list', 'domain a.example\n', { search: ['a.example'] }],
  ['of a domain line one word', 'domain a.example b.example\n', { search: ['a.example'] }],
  ['a search list', 'search a.example b.example.\n', { search: ['a.example', 'b.example'] }],
  ['the last list counts', 'search a.example\ndomain b.example\n', { search: ['b.example'] }],
  ['the root searches nothing', 'search a.example\nsearch .\n', { search: [] }],
  ['an empty list', 'search a.example\nsearch\n', { search: [] }],
  ['odd domains', 'search a..example .b c.example\n', { search: ['c.example'], junk: 2 }],
  [
    'options, on several lines too',
    'options ndots:5 timeout:10\noptions attempts:3 rotate use-vc\n',
    { ndots: 5, timeoutMs: 10_000, attempts: 3, tcp: true },
  ],
  [
    'what others do is no junk',
    'options rotate edns0 trust-ad single-request inet6 no-reload\nsortlist 192.0.2.0\n',
    {},
  ],
  [
    'options below their range',
    'options ndots:-1 timeout:-1 attempts:-1\n',
    {
      ndots: 0,
      timeoutMs: 1_000,
      attempts: 1,
    },
  ],
  [
    'options at zero',
    'options ndots:0 timeout:0 attempts:0\n',
    {
      ndots: 0,
      timeoutMs: 1_000,
      attempts: 1,
    },
  ],
  [
    'options at the bound',
    'options ndots:15 timeout:30 attempts:5\n',
    {
      ndots: 15,
      timeoutMs: 30_000,
      attempts: 5,
    },
  ],
  [
    'options over the bound',
    'options ndots:16 timeout:31 attempts:6\n',
    {
      ndots: 15,
      timeoutMs: 30_000,
      attempts: 5,
    },
  ],
  ['an unknown word', 'nonsense 1 2 3\nNAMESERVER 192.0.2.1\n', { junk: 2 }],
  ['names of objects', 'constructor x\noptions __proto__ toString:1\n', { junk: 3 }],
];

for (const [title, text, said] of VECTORS) {
  test(`a resolv.conf with ${title}`, (t) => {
    t.deepEqual(parseResolvConf(text), { ...SILENT, ...said });
    t.deepEqual(parseResolvConf(text.replaceAll('\n', '\r\n')), { ...SILENT, ...said }, 'CRLF');
  });
}

test('case 48: of more than three servers the first three are taken', (t) => {
  const lines = [1, 2, 3, 4].map((last) => `nameserver 192.0.2.${last}\n`);
  const three = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(at);
  t.deepEqual(parseResolvConf(lines.slice(0, 3).join('')), { ...SILENT, servers: three });
  t.deepEqual(parseResolvConf(lines.join('')), { ...SILENT, servers: three, junk: 1 });
});

test('case 48: junk options are counted, and those beside them hold', (t) => {
  const text = 'options ndots ndots: ndots:x:2 ndots:3 timeout:1e3 attempts:0x2 :5 no-such-thing\n';
  t.deepEqual(parseResolvConf(text), { ...SILENT, ndots: 3, junk: 7 });
});

test('case 48: a line of 10 KB does no harm', (t) => {
  const long = 'x'.repeat(10_240);
  const text = `nameserver ${long}\nsearch ${long} a.example\noptions ${long}\n${long}\n# ${long}\nnameserver 192.0.2.1\n`;
  const said = { servers: [at('192.0.2.1')], search: ['a.example'], junk: 4 };
  t.deepEqual(parseResolvConf(text), { ...SILENT, ...said });
});

test('case 48: a server may have a zone', (t) => {
  const text =
    'nameserver fe80::1%eth0\nnameserver fe80::2%4\nnameserver fe80::3%\nnameserver 192.0.2.1%eth0\n';
  const servers = [at('fe80::1%eth0'), at('fe80::2%4')];
  t.deepEqual(parseResolvConf(text), { ...SILENT, servers, junk: 2 });
});

test('a search list ends at its bound', (t) => {
  const domains = Array.from({ length: SEARCH_MAX }, (_, index) => `d${index}.example`);
  const whole = parseResolvConf(`search ${domains.join(' ')}\n`);
  t.deepEqual(whole, { ...SILENT, search: domains });
  const over = parseResolvConf(`search ${domains.join(' ')} over.example\n`);
  t.deepEqual(over, { ...SILENT, search: domains, junk: 1 });
});

test('a file is read up to its bound', (t) => {
  const server = 'nameserver 192.0.2.1\n';
  const text = '\n'.repeat(RESOLV_CONF_CHARS_MAX - server.length) + server;
  t.deepEqual(parseResolvConf(text), { ...SILENT, servers: [at('192.0.2.1')] });
  const over = parseResolvConf(`${text}nameserver 192.0.2.2\n`);
  t.deepEqual(over, { ...SILENT, servers: [at('192.0.2.1')], junk: 1 });
});
