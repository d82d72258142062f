import test from 'ava';
import {
  SERVERS_MAX,
  type UpstreamOptions,
  upstreamConfig,
  WEIGHT_MAX,
} from '../../../src/proxy/upstream/index.ts';
import { servers } from './hand-clock.ts';

test('everything but the servers has a default', (t) => {
  const config = upstreamConfig('app', { servers: ['http://10.0.0.1:8080'] });
  t.deepEqual(config.servers, [
    {
      name: '10.0.0.1:8080',
      scheme: 'http',
      host: '10.0.0.1',
      port: 8080,
      endpoint: { family: 'ipv4', address: '10.0.0.1', port: 8080 },
      weight: 1,
      backup: false,
      down: false,
      maxConns: 0,
      maxFails: 1,
      failTimeoutMs: 10_000,
      slowStartMs: 0,
    },
  ]);
  t.deepEqual(config.balance, { method: 'round-robin' });
  t.deepEqual(config.pool, {
    idle: 32,
    idlePerPeer: 32,
    requests: 1000,
    ageMs: 3_600_000,
    idleMs: 60_000,
  });
  t.deepEqual(config.retry, { on: ['error', 'timeout'], tries: 3, budgetMs: 0 });
  t.is(config.health, undefined);
});

const URLS: Readonly<Record<string, readonly [host: string, port: number, name: string]>> = {
  'http://app.example': ['app.example', 80, 'app.example'],
  'https://app.example': ['app.example', 443, 'app.example'],
  'HTTP://app.example:81/': ['app.example', 81, 'app.example:81'],
  'app.example:81': ['app.example', 81, 'app.example:81'],
  '10.0.0.1': ['10.0.0.1', 80, '10.0.0.1'],
  'http://[2001:db8::1]:8080': ['2001:db8::1', 8080, '[2001:db8::1]:8080'],
  'http://[2001:db8::1]': ['2001:db8::1', 80, '[2001:db8::1]'],
  'http://unix:/run/app.sock': ['/run/app.sock', 0, 'unix:/run/app.sock'],
  'unix:/run/app.sock': ['/run/app.sock', 0, 'unix:/run/app.sock'],
  'http://unix:/run/app.sock:': ['/run/app.sock', 0, 'unix:/run/app.sock'],
};

for (const [url, [host, port, name]] of Object.entries(URLS)) {
  test(`${url} is a server`, (t) => {
    const [server] = upstreamConfig('u', { servers: [url] }).servers;
    t.like(server, { host, port, name });
  });
}

const BAD: readonly (readonly [what: string, options: UpstreamOptions, message: RegExp])[] = [
  ['no servers', { servers: [] }, /^upstream "u": no servers are inside$/],
  [
    'a path',
    { servers: ['http://a/b'] },
    /^upstream "u", server 1 \('http:\/\/a\/b'\): only a host/,
  ],
  ['a query', { servers: ['http://a?b'] }, /only a host and a port/],
  ['a user', { servers: ['http://u@a'] }, /only a host and a port/],
  [
    'another scheme',
    { servers: ['a', 'ftp://b'] },
    /server 2 \('ftp:\/\/b'\): the scheme 'ftp' is neither/,
  ],
  ['no host', { servers: ['http://:80'] }, /a host is missing/],
  ['a port that is none', { servers: ['a:x'] }, /a port is decimal digits/],
  ['a port that is too high', { servers: ['a:65536'] }, /a port is at most 65535/],
  ['port 0', { servers: ['a:0'] }, /a port is 1 to 65535/],
  ['a bad address', { servers: ['10.0.0.256'] }, /not four numbers/],
  [
    'a weight of 0',
    { servers: [{ url: 'a', weight: 0 }] },
    /weight is 0, not a whole number from 1 to/,
  ],
  ['a weight with a fraction', { servers: [{ url: 'a', weight: 1.5 }] }, /weight is 1.5/],
  ['maxFails below 0', { servers: [{ url: 'a', maxFails: -1 }] }, /maxFails is -1/],
  [
    'a failTimeoutMs that is no number',
    { servers: [{ url: 'a', failTimeoutMs: Number.NaN }] },
    /failTimeoutMs is NaN/,
  ],
  ['backups alone', { servers: [{ url: 'a', backup: true }] }, /all servers are backups/],
  ['idle connections below 0', { servers: ['a'], keepalive: -1 }, /keepalive is -1/],
  [
    'a check without a slash',
    { servers: ['a'], health: { uri: 'x' } },
    /'x' does not begin with \//,
  ],
  [
    'a check that splits its request',
    { servers: ['a'], health: { uri: '/ HTTP/1.1\r\nX: ' } },
    /characters/,
  ],
  [
    'a check slower than its interval',
    { servers: ['a'], health: { intervalMs: 10, timeoutMs: 11 } },
    /timeoutMs is 11, not a whole number from 1 to 10/,
  ],
  [
    'an HTTP check of a TLS server',
    { servers: ['https://a'], health: { uri: '/' } },
    /without TLS/,
  ],
  ['a retry for nothing', { servers: ['a'], retry: { on: [418 as 404] } }, /'418' is nothing/],
];

for (const [what, options, message] of BAD) {
  test(`${what} is refused, and the message says where`, (t) => {
    t.throws(() => upstreamConfig('u', options), { instanceOf: TypeError, message });
  });
}

for (const balance of ['ip-hash', 'random-2', { hash: undefined }] as const) {
  const method = typeof balance === 'string' ? balance : 'hash';
  test(`${method} supports neither backups nor slow start`, (t) => {
    const backup = [{ url: 'a' }, { url: 'b', backup: true }];
    t.throws(() => upstreamConfig('u', { servers: backup, balance }), {
      message: `upstream "u": the method '${method}' does not support 'backup'`,
    });
    const slow = [{ url: 'a' }, { url: 'b', slowStartMs: 1_000 }];
    t.throws(() => upstreamConfig('u', { servers: slow, balance }), {
      message: `upstream "u": the method '${method}' does not support 'slowStartMs'`,
    });
  });
}

test('a weight may be 65535, and no more', (t) => {
  const of = (weight: number) => () => upstreamConfig('u', { servers: [{ url: 'a', weight }] });
  t.notThrows(of(WEIGHT_MAX));
  t.throws(of(WEIGHT_MAX + 1));
});

test('a group may have 1024 servers, and no more', (t) => {
  const of = (count: number) => () => upstreamConfig('u', { servers: servers(count) });
  t.notThrows(of(SERVERS_MAX));
  t.throws(of(SERVERS_MAX + 1), { message: /servers is 1025/ });
});

test('a consistent hash may have a weight of 10,000, and no more', (t) => {
  const balance = { hash: undefined, consistent: true };
  const of = (weight: number) => () =>
    upstreamConfig('u', {
      servers: [
        { url: 'a', weight: 1 },
        { url: 'b', weight },
      ],
      balance,
    });
  t.notThrows(of(9_999));
  t.throws(of(10_000), { message: /the weight of all servers is 10001/ });
});
