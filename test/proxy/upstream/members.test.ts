import test from 'ava';
import { SimRandom } from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import {
  PEERS_MAX,
  PLACES_MAX,
  UpstreamGroup,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';
import { Bench, FakeConnection, HandClock, servers } from './hand-clock.ts';

function endpoint(number: number): Endpoint {
  return { family: 'ipv4', address: `10.0.${number >> 8}.${number & 255}`, port: 80 };
}

function addresses(...numbers: number[]): { endpoint: Endpoint }[] {
  return numbers.map((number) => ({ endpoint: endpoint(number) }));
}

/** Addresses that are members now, by their last number. */
function present(bench: Bench): string {
  return bench.group.members.all.map((peer) => peer.endpoint.address.split('.')[3]).join(' ');
}

test('a group of names has no peers until they are looked up', (t) => {
  const bench = new Bench(['http://app.example:80']);
  t.is(bench.pick(), '-');
  bench.group.resolved(0, addresses(1, 2));
  t.is(bench.picks(4), 'abab');
});

test('peers that stay keep their state, peers that leave are not picked any more', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1, 2, 3));
  bench.group.failed(1);
  bench.group.acquire(1);
  bench.group.resolved(0, addresses(2, 4));
  t.is(present(bench), '2 4');
  t.is(bench.group.peer(1).fails, 1);
  t.is(bench.group.peer(1).active, 1);
  const index = bench.group.pick({ clientAddress: '', hashKey: '' }, []);
  t.is(bench.group.peer(index).endpoint.address, '10.0.0.4');
});

test('a peer that left while in use keeps its place until the last release', (t) => {
  const bench = new Bench(['app.example']);
  const { members } = bench.group;
  bench.group.resolved(0, addresses(1, 2));
  bench.group.acquire(0);
  bench.group.acquire(0);
  bench.group.resolved(0, addresses(2));
  t.is(members.places, 2);
  bench.group.failed(0);
  bench.group.release(0);
  t.is(members.places, 2);
  bench.group.release(0);
  t.is(members.places, 1);
  t.throws(() => members.peer(0), { message: 'no peer has the index 0' });
});

test('places are used again: addresses may change for ever', (t) => {
  const bench = new Bench(['app.example']);
  for (let i = 0; i < 10_000; i += 1)
    bench.group.resolved(0, addresses(i % 60_000, (i + 1) % 60_000));
  t.is(bench.group.members.places, 2);
  t.is(bench.group.pool.keys.size, 2);
});

test('a name with two addresses is two peers, and no single server', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1, 2));
  bench.group.failed(0);
  t.is(bench.picks(3), 'bbb');
  bench.group.resolved(0, addresses(1));
  t.is(bench.picks(2), 'aa', 'now it is all there is');
});

test('an address that a look-up says twice is one peer', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1, 1, 2));
  t.is(present(bench), '1 2');
});

test('services say weights and backups, and may change them', (t) => {
  const bench = new Bench([{ url: 'app.example', weight: 2 }]);
  bench.group.resolved(0, [
    { endpoint: endpoint(1), weight: 3 },
    { endpoint: endpoint(2), weight: 0 },
    { endpoint: endpoint(3), backup: true },
  ]);
  t.is(bench.picks(4), 'aaba', 'a weight of 0 is the smallest there is');
  t.is(bench.pick({}, [0, 1]), 'c');
  bench.group.resolved(0, [{ endpoint: endpoint(3) }, { endpoint: endpoint(1), backup: true }]);
  t.is(bench.pick(), 'c');
  t.is(bench.pick({}, [2]), 'a');
  t.is(bench.group.peer(2).weight, 2);
});

test('an address without a way is a backup, and the only other one is still alone', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, [{ endpoint: endpoint(1), unroutable: true }, { endpoint: endpoint(2) }]);
  bench.group.failed(1);
  t.is(bench.picks(3), 'bbb', 'who is alone is always tried');
  t.is(bench.pick({}, [1]), 'a');
  bench.group.resolved(0, addresses(1, 2));
  bench.group.failed(1);
  t.is(bench.picks(3), 'aaa', 'now there is another one');
});

test('whoever has waited himself may say that nothing is left', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1));
  t.true(bench.group.resolved(0, [], true));
  t.is(bench.pick(), '-');
});

test('an empty answer is not believed for 30 s', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1));
  t.false(bench.group.resolved(0, []));
  bench.clock.ms += 29_999;
  t.false(bench.group.resolved(0, []));
  t.is(bench.pick(), 'a');
  bench.clock.ms += 1;
  t.true(bench.group.resolved(0, []));
  t.is(bench.pick(), '-');
});

test('an answer with an address ends the doubt: the next empty one begins anew', (t) => {
  const bench = new Bench(['app.example']);
  bench.group.resolved(0, addresses(1));
  bench.group.resolved(0, []);
  bench.clock.ms += 20_000;
  bench.group.resolved(0, addresses(1));
  bench.clock.ms += 20_000;
  t.false(bench.group.resolved(0, []));
  t.is(bench.pick(), 'a');
});

test('a group has 1024 addresses at most; one more changes nothing', (t) => {
  const bench = new Bench(['app.example', '192.0.2.1:80']);
  const many = Array.from({ length: PEERS_MAX }, (_, i) => i);
  bench.group.resolved(0, addresses(...many.slice(1)));
  t.is(bench.group.members.all.length, PEERS_MAX);
  t.throws(() => bench.group.resolved(0, addresses(...many)), {
    instanceOf: RangeError,
    message: 'upstream "u": over 1024 addresses',
  });
  t.is(bench.group.members.all.length, PEERS_MAX);
});

test('addresses that left but are in use have 1024 places more; one more changes nothing', (t) => {
  const bench = new Bench(['app.example']);
  const { group } = bench;
  const range = (from: number) => Array.from({ length: PEERS_MAX }, (_, i) => from + i);
  group.resolved(0, addresses(...range(0)));
  for (const peer of group.members.all) group.acquire(peer.index);
  group.resolved(0, addresses(...range(PEERS_MAX)));
  t.is(group.members.places, PLACES_MAX);
  t.throws(() => group.resolved(0, addresses(...range(PEERS_MAX + 1))), {
    instanceOf: RangeError,
    message: 'upstream "u": too many old addresses are in use',
  });
  group.release(0);
  group.resolved(0, addresses(...range(PEERS_MAX + 1)));
  t.is(group.members.places, PLACES_MAX - 1, 'the one that left was unused');
});

test('the idle connections of a peer that leaves are closed', (t) => {
  const clock = new HandClock();
  const parts = { clock, random: new SimRandom(1) };
  const group = new UpstreamGroup<FakeConnection>(
    upstreamConfig('u', { servers: ['app.example'] }),
    parts,
  );
  group.resolved(0, addresses(1, 2));
  const [first, second] = [group.peer(0).poolKey, group.peer(1).poolKey];
  const leaves = new FakeConnection(first, clock.ms);
  const stays = new FakeConnection(second, clock.ms);
  group.pool.give(first, leaves);
  group.pool.give(second, stays);
  group.resolved(0, addresses(2));
  t.deepEqual([leaves.destroyed, stays.destroyed], [1, 0]);
  const late = new FakeConnection(first, clock.ms);
  group.pool.give(first, late);
  t.is(late.destroyed, 1, 'one that was in use is closed when it comes back');
});

test('a group with the same name and equal options goes on with what is known', (t) => {
  const options = {
    servers: servers(2),
    health: { uri: '/', accept: ({ status }: { status: number }) => status === 204 },
  };
  const old = new Bench(options);
  old.group.failed(0);
  old.group.acquire(1);
  const next = new UpstreamGroup(upstreamConfig('u', { ...options, servers: servers(2) }), {
    clock: old.clock,
    random: new SimRandom(2),
    previous: old.group,
  });
  t.true(next.adopted);
  t.is(next.pick({ clientAddress: '', hashKey: '' }, []), 1);
  old.group.release(1);
  t.is(next.peer(1).active, 0, 'an exchange in flight reports to both');
});

test('a group with other options begins anew', (t) => {
  const old = new Bench(servers(2));
  old.group.failed(0);
  const config = upstreamConfig('u', { servers: servers(2), balance: 'least-conn' });
  const parts = { clock: old.clock, random: new SimRandom(2), previous: old.group };
  const next = new UpstreamGroup(config, parts);
  t.false(next.adopted);
  t.is(next.peer(0).fails, 0);
});

test('a check that judges in another way makes it another group', (t) => {
  const options = (accept: () => boolean) => ({
    servers: servers(2),
    health: { uri: '/', accept },
  });
  const old = new Bench(options(() => true));
  const parts = { clock: old.clock, random: new SimRandom(2), previous: old.group };
  t.true(
    new UpstreamGroup(
      upstreamConfig(
        'u',
        options(() => true),
      ),
      parts,
    ).adopted,
  );
  t.false(
    new UpstreamGroup(
      upstreamConfig(
        'u',
        options(() => false),
      ),
      parts,
    ).adopted,
  );
});

test('a retired group closes its idle connections, unless they were handed over', (t) => {
  const clock = new HandClock();
  const parts = { clock, random: new SimRandom(1) };
  const config = upstreamConfig('u', { servers: servers(1) });
  const first = new UpstreamGroup<FakeConnection>(config, parts);
  const second = new UpstreamGroup<FakeConnection>(config, { ...parts, previous: first });
  const { poolKey } = first.peer(0);
  const connection = new FakeConnection(poolKey, clock.ms);
  first.pool.give(poolKey, connection);
  first.retire();
  t.is(connection.destroyed, 0);
  t.is(second.pool.take(second.peer(0).poolKey), connection);
  second.pool.give(poolKey, connection);
  second.retire();
  t.is(connection.destroyed, 1);
});
