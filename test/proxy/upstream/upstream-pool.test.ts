import test from 'ava';
import fc from 'fast-check';
import type { Destination, PoolKey } from '../../../src/proxy/upstream/index.ts';
import { POOL_LIMITS, type PoolLimits, UpstreamPool } from '../../../src/proxy/upstream/index.ts';
import { FakeConnection, HandClock } from './hand-clock.ts';

const A: Destination = { address: '10.0.0.1', port: 80 };
const B: Destination = { address: '10.0.0.2', port: 80 };

class Setting {
  readonly clock: HandClock = new HandClock();
  readonly pool: UpstreamPool<FakeConnection>;
  readonly a: PoolKey;
  readonly b: PoolKey;

  constructor(limits: Partial<PoolLimits> = {}) {
    this.pool = new UpstreamPool<FakeConnection>({ ...POOL_LIMITS, ...limits }, this.clock);
    this.a = this.pool.open(A);
    this.b = this.pool.open(B);
  }

  /** A connection that is given at once; a millisecond passes. */
  give(key: PoolKey): FakeConnection {
    const connection = new FakeConnection(key, this.clock.ms);
    this.pool.give(key, connection);
    this.clock.ms += 1;
    return connection;
  }
}

test('the connection that was used last is used next', (t) => {
  const setting = new Setting();
  const { pool, a } = setting;
  const [first, second] = [setting.give(a), setting.give(a)];
  t.is(pool.take(a), second);
  t.is(pool.take(a), first);
  t.is(pool.take(a), undefined);
  t.like(pool.counters, { hits: 2, misses: 1, kept: 2 });
});

test('connections of different destinations are never shared', (t) => {
  const setting = new Setting();
  setting.give(setting.a);
  t.is(setting.pool.take(setting.b), undefined);
});

const DIFFERENCES: readonly Partial<Destination>[] = [
  { address: '10.0.0.2' },
  { port: 81 },
  { localAddress: '10.0.0.9' },
  { scheme: 'https' },
  { sni: 'a.example' },
  { certificateName: 'a.example' },
  { certificate: 'a' },
  { privateKey: 'a' },
  { ca: 'a' },
  { verifyCertificate: false },
  { verifyName: false },
  { alpn: ['h2'] },
  { alpn: ['h2', 'http/1.1'] },
  { httpVersion: '2' },
  { via: ['10.0.0.9:3128'] },
  { preamble: 'PROXY TCP4 …' },
  { poolKey: 'a' },
];

test('everything that distinguishes a connection distinguishes its key', (t) => {
  const { pool } = new Setting();
  const keys = [{}, ...DIFFERENCES].map((difference) => pool.open({ ...A, ...difference }));
  t.is(new Set(keys).size, DIFFERENCES.length + 1);
});

test('equal destinations have one key, whatever the order of their parts', (t) => {
  const { pool, a } = new Setting();
  t.is(pool.open({ port: 80, address: '10.0.0.1', scheme: 'http' }), a);
});

test('no text in one part looks like another part', (t) => {
  const part = fc.constantFrom('address', 'sni', 'poolKey', 'ca', 'localAddress', 'preamble');
  const text = fc.oneof(fc.string(), fc.constantFrom('","', '",null,"', '\0', '\\', '"'));
  fc.assert(
    fc.property(fc.dictionary(part, text), fc.dictionary(part, text), (one, other) => {
      const { pool } = new Setting();
      const same = pool.open({ ...A, ...one }) === pool.open({ ...A, ...other });
      const parts = ['address', 'sni', 'poolKey', 'ca', 'localAddress', 'preamble'];
      const base: Record<string, unknown> = { ...A };
      t.is(
        same,
        parts.every((name) => (one[name] ?? base[name]) === (other[name] ?? base[name])),
      );
    }),
  );
});

test('at the limit nothing is closed; one more closes the one that was idle longest', (t) => {
  const setting = new Setting({ idle: 3 });
  const first = setting.give(setting.a);
  const second = setting.give(setting.b);
  const third = setting.give(setting.b);
  t.is(first.destroyed + second.destroyed + third.destroyed, 0);
  setting.give(setting.b);
  t.deepEqual([first.destroyed, second.destroyed, third.destroyed], [1, 0, 0]);
  setting.give(setting.a);
  t.deepEqual([first.destroyed, second.destroyed, third.destroyed], [1, 1, 0]);
  t.is(setting.pool.idle, 3);
  t.is(setting.pool.counters.evicted, 2);
});

test('one destination has its own limit: one more closes its oldest, not that of others', (t) => {
  const setting = new Setting({ idlePerPeer: 2 });
  const other = setting.give(setting.b);
  const first = setting.give(setting.a);
  const second = setting.give(setting.a);
  setting.give(setting.a);
  t.deepEqual([other.destroyed, first.destroyed, second.destroyed], [0, 1, 0]);
});

test('a limit of 0 keeps nothing', (t) => {
  const setting = new Setting({ idle: 0 });
  t.is(setting.give(setting.a).destroyed, 1);
  t.is(setting.pool.counters.refused, 1);
});

test('a connection is kept below its limit of requests, and closed at it', (t) => {
  const { pool, a, clock } = new Setting({ requests: 10 });
  const [below, at] = [new FakeConnection(a, clock.ms), new FakeConnection(a, clock.ms)];
  below.exchanges = 9;
  at.exchanges = 10;
  pool.give(a, below);
  pool.give(a, at);
  t.deepEqual([below.destroyed, at.destroyed], [0, 1]);
});

test('a connection is kept below its age, and closed at it', (t) => {
  const { pool, a, clock } = new Setting({ ageMs: 1_000 });
  const [below, at] = [
    new FakeConnection(a, clock.ms - 999),
    new FakeConnection(a, clock.ms - 1_000),
  ];
  pool.give(a, below);
  pool.give(a, at);
  t.deepEqual([below.destroyed, at.destroyed], [0, 1]);
  clock.ms += 1;
  t.is(pool.take(a), below, 'what came of age while it was idle has one more exchange');
  pool.give(a, below);
  t.is(below.destroyed, 1);
});

test('a connection that was idle for too long is not taken', (t) => {
  const setting = new Setting({ idleMs: 1_000 });
  const old = setting.give(setting.a);
  setting.clock.ms += 998;
  const young = setting.give(setting.a);
  setting.clock.ms += 1;
  t.is(setting.pool.take(setting.a), young);
  t.is(setting.pool.take(setting.a), undefined);
  t.is(old.destroyed, 1);
});

test('what is not reusable is not kept', (t) => {
  const { pool, a, clock } = new Setting();
  const connection = new FakeConnection(a, clock.ms);
  connection.reusable = false;
  pool.give(a, connection);
  t.deepEqual([connection.destroyed, connection.resting, pool.idle], [1, 0, 0]);
});

test('what is no longer reusable when it is wanted is closed', (t) => {
  const setting = new Setting();
  const broken = setting.give(setting.a);
  broken.reusable = false;
  t.is(setting.pool.take(setting.a), undefined);
  t.is(broken.destroyed, 1);
});

test('a connection that ends while it is idle is forgotten', (t) => {
  const setting = new Setting();
  const [first, second] = [setting.give(setting.a), setting.give(setting.a)];
  setting.pool.idleConnectionGone(second);
  setting.pool.idleConnectionGone(second);
  t.is(setting.pool.counters.lost, 1);
  t.is(setting.pool.take(setting.a), first);
});

test('a retired pool keeps nothing', (t) => {
  const setting = new Setting();
  const idle = setting.give(setting.a);
  setting.pool.retire();
  const late = setting.give(setting.b);
  t.deepEqual([idle.destroyed, late.destroyed, setting.pool.idle], [1, 1, 0]);
});

test('a key that is held twice is closed by its last holder', (t) => {
  const setting = new Setting();
  t.is(setting.pool.open(A), setting.a);
  const idle = setting.give(setting.a);
  setting.pool.close(setting.a);
  t.is(idle.destroyed, 0);
  setting.pool.close(setting.a);
  t.is(idle.destroyed, 1);
});

test('whatever is given, taken, lost and evicted: each connection is in one place, in order', (t) => {
  const action = fc.record({ kind: fc.constantFrom('give', 'take', 'lose'), pick: fc.nat(99) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const { pool, a, b, clock } = new Setting({ idle: 5, idlePerPeer: 3 });
      const model: FakeConnection[] = [];
      for (const { kind, pick } of actions) {
        const key = pick % 2 === 0 ? a : b;
        const ofKey = model.filter((connection) => connection.key === key);
        clock.ms += 1;
        if (kind === 'give') {
          const connection = new FakeConnection(key, clock.ms);
          pool.give(key, connection);
          if (ofKey.length === 3) drop(model, ofKey[0]);
          else if (model.length === 5) drop(model, model[0]);
          model.push(connection);
        } else if (kind === 'take') {
          t.is(pool.take(key), ofKey.at(-1));
          drop(model, ofKey.at(-1));
        } else if (model.length > 0) {
          const gone = model[pick % model.length];
          pool.idleConnectionGone(gone as FakeConnection);
          drop(model, gone);
        }
        t.is(pool.idle, model.length);
        t.is(a.idle + b.idle, model.length);
        t.true(model.every(({ destroyed }) => destroyed === 0));
      }
    }),
  );
});

function drop(model: FakeConnection[], connection: FakeConnection | undefined): void {
  const index = connection === undefined ? -1 : model.indexOf(connection);
  if (index >= 0) model.splice(index, 1);
}
