import { crc32 as zlibCrc32 } from 'node:zlib';
import test from 'ava';
import { CRC_START, crcEnd, crcOfText } from '../../../src/proxy/upstream/crc32.ts';
import { Bench, servers } from './hand-clock.ts';

/** nginx's formula, as its source states it, for servers of these weights. */
function ipHash(bytes: readonly number[], weights: readonly number[]): number {
  const hash = bytes.reduce((value, byte) => (value * 113 + byte) % 6271, 89);
  return atPoint(hash, weights);
}

function memcached(key: string, weights: readonly number[], rehashes: number): number {
  let hash = 0;
  for (let i = 0; i <= rehashes; i += 1) {
    hash += (crc(i === 0 ? key : `${i}${key}`) >>> 16) & 0x7fff;
  }
  return atPoint(hash, weights);
}

function atPoint(hash: number, weights: readonly number[]): number {
  const line = weights.flatMap((weight, index) => Array<number>(weight).fill(index));
  return line[hash % line.length] as number;
}

function crc(text: string): number {
  return crcEnd(crcOfText(CRC_START, text));
}

test('CRC-32: the check value of the catalogue of parametrised CRC algorithms', (t) => {
  t.is(crc('123456789'), 0xcbf43926);
  t.is(crc(''), 0);
});

test('CRC-32: as zlib has it, for all bytes', (t) => {
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => (i * 7) & 0xff));
  t.is(crc(bytes.toString('latin1')), zlibCrc32(bytes));
});

test('ip-hash: three bytes of an IPv4 address decide', (t) => {
  const weights = [1, 3, 2];
  const bench = new Bench({
    servers: servers(3).map((server, i) => ({ ...server, weight: weights[i] as number })),
    balance: 'ip-hash',
  });
  for (let i = 0; i < 500; i += 1) {
    const bytes = [i % 256, (i * 7) % 256, (i * 31) % 256];
    const clientAddress = `${bytes.join('.')}.${(i * 3) % 256}`;
    t.is(bench.pick({ clientAddress }), 'abc'[ipHash(bytes, weights)] as string);
  }
});

test('ip-hash: all sixteen bytes of an IPv6 address decide', (t) => {
  const bench = new Bench({ servers: servers(3), balance: 'ip-hash' });
  for (let i = 0; i < 200; i += 1) {
    const bytes = [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(10).fill(0), i, (i * 5) & 0xff];
    const clientAddress = `2001:db8::${((i << 8) | ((i * 5) & 0xff)).toString(16)}`;
    t.is(bench.pick({ clientAddress }), 'abc'[ipHash(bytes, [1, 1, 1])] as string);
  }
});

test('ip-hash: clients without an address are one client', (t) => {
  const bench = new Bench({ servers: servers(3), balance: 'ip-hash' });
  const at = 'abc'[ipHash([0, 0, 0], [1, 1, 1])] as string;
  t.is(bench.pick({ clientAddress: 'unix:' }), at);
  t.is(bench.pick({ clientAddress: '' }), at);
});

test('ip-hash: a client whose server is tried goes where the next hash says', (t) => {
  const bench = new Bench({ servers: servers(3), balance: 'ip-hash' });
  const first = bench.pick({ clientAddress: '192.0.2.1' });
  const again = bench.pick({ clientAddress: '192.0.2.1' }, [first.charCodeAt(0) - 97]);
  t.not(again, first);
  t.not(again, '-');
});

test("hash: Cache::Memcached's formula, with weights", (t) => {
  const weights = [2, 1, 4]; // 7 in all: every bit of the hash counts.
  const bench = new Bench({
    servers: servers(3).map((server, i) => ({ ...server, weight: weights[i] as number })),
    balance: { hash: undefined },
  });
  for (let i = 0; i < 500; i += 1) {
    const hashKey = `/path/${i}`;
    t.is(bench.pick({ hashKey }), 'abc'[memcached(hashKey, weights, 0)] as string);
  }
});

test('hash: a server that is down passes its keys on by rehashing, and moves no other', (t) => {
  const config = servers(3).map((server, i) => ({ ...server, down: i === 2 }));
  const bench = new Bench({ servers: config, balance: { hash: undefined } });
  for (let i = 0; i < 300; i += 1) {
    const hashKey = `k${i}`;
    let rehashes = 0;
    while (memcached(hashKey, [1, 1, 1], rehashes) === 2) rehashes += 1;
    t.is(bench.pick({ hashKey }), 'abc'[memcached(hashKey, [1, 1, 1], rehashes)] as string);
  }
});

test('hash: an empty key lets the servers take turns', (t) => {
  const bench = new Bench({ servers: servers(3), balance: { hash: undefined } });
  t.is(bench.picks(6), 'abcabc');
});

test('hash: a character that is more than a byte counts with both of its bytes', (t) => {
  t.not(crc('\u0141'), crc('\u0041'));
});

test('ketama: when one of n servers leaves, at most 1/n + 2 % of the keys move', (t) => {
  const balance = { hash: undefined, consistent: true };
  for (const n of [2, 3, 5, 10]) {
    const before = new Bench({ servers: servers(n), balance });
    const after = new Bench({ servers: servers(n).slice(0, -1), balance });
    const moved = movedKeys(before, after, 5_000);
    t.true(moved.share <= 1 / n + 0.02, `${n} servers: ${moved.share}`);
    t.is(moved.fromOthers, 0, 'keys of servers that stay do not move');
  }
});

test('ketama: a server that fails is as one that leaves, for as long as it is paused', (t) => {
  const balance = { hash: undefined, consistent: true };
  const bench = new Bench({ servers: servers(5), balance });
  const whole = Array.from({ length: 2_000 }, (_, i) => bench.pick({ hashKey: `key-${i}` }));
  bench.group.failed(4);
  const without = whole.map((_, i) => bench.pick({ hashKey: `key-${i}` }));
  t.true(whole.every((name, i) => (name === 'e' ? without[i] !== 'e' : without[i] === name)));
  bench.clock.ms += 11_000;
  t.deepEqual(
    whole.map((_, i) => bench.pick({ hashKey: `key-${i}` })).filter((name) => name === 'e').length,
    1,
    'one request is the probe',
  );
});

test('ketama: a server of twice the weight gets about twice the keys', (t) => {
  const [a, b, c] = servers(3);
  const bench = new Bench({
    servers: [
      { url: (a as { url: string }).url, weight: 2 },
      b as { url: string },
      c as { url: string },
    ],
    balance: { hash: undefined, consistent: true },
  });
  const names = Array.from({ length: 10_000 }, (_, i) => bench.pick({ hashKey: `key-${i}` }));
  const share = names.filter((name) => name === 'a').length / names.length;
  t.true(share > 0.42 && share < 0.58, String(share));
});

test('ketama: the addresses of one name share its points, and take turns', (t) => {
  const balance = { hash: undefined, consistent: true };
  const plain = new Bench({ servers: ['a.example:80', 'b.example:80'], balance });
  const at = (number: number) =>
    ({ endpoint: { family: 'ipv4', address: `10.0.0.${number}`, port: 80 } }) as const;
  plain.group.resolved(0, [at(1)]);
  plain.group.resolved(1, [at(2)]);
  const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`);
  const before = keys.map((hashKey) => plain.pick({ hashKey }));
  plain.group.resolved(1, [at(2), at(3)]);
  const hits = keys.map((hashKey) => plain.pick({ hashKey }) + plain.pick({ hashKey }));
  t.true(hits.every((pair, i) => (before[i] === 'a' ? pair === 'aa' : /^(?:bc|cb)$/.test(pair))));
});

function movedKeys(
  before: Bench,
  after: Bench,
  keys: number,
): { share: number; fromOthers: number } {
  const leaver = String.fromCharCode(96 + before.group.members.all.length);
  let moved = 0;
  let fromOthers = 0;
  for (let i = 0; i < keys; i += 1) {
    const hashKey = `key-${i}`;
    const was = before.pick({ hashKey });
    if (was === after.pick({ hashKey })) continue;
    moved += 1;
    if (was !== leaver) fromOthers += 1;
  }
  return { share: moved / keys, fromOthers };
}
