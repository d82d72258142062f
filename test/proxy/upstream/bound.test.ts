import test from 'ava';
import { upstreamConfig } from '../../../src/proxy/upstream/index.ts';
import { Bench } from './hand-clock.ts';

const THREE = [
  { url: '10.0.0.1', route: 'x' },
  { url: '10.0.0.2', route: 'y' },
  { url: '10.0.0.3', backup: true, route: 'z' },
];

const bound = (bench: Bench, route: string, tried: readonly number[] = []): number =>
  bench.group.pick({ clientAddress: '', hashKey: '', route }, tried);

test('a request that is bound to a peer goes there, and others take turns as before', (t) => {
  const bench = new Bench(THREE);
  t.is(bound(bench, 'y'), 1);
  t.is(bench.picks(2), 'ab');
  t.is(bound(bench, 'y'), 1);
  t.is(bound(bench, 'y'), 1);
  t.is(bench.picks(2), 'ab');
});

test('where its peer was tried, is down or is unknown, it takes its turn', (t) => {
  const bench = new Bench(THREE);
  t.is(bound(bench, 'y', [1]), 0);
  t.not(bound(bench, 'w'), -1);
  const down = new Bench([{ url: '10.0.0.1', route: 'x', down: true }, '10.0.0.2']);
  t.is(bound(down, 'x'), 1);
});

test('a backup that it is bound to is asked when no other can be', (t) => {
  const bench = new Bench(THREE);
  t.not(bound(bench, 'z'), 2);
  t.is(bound(bench, 'z', [0, 1]), 2);
});

test('a peer that is drained has those alone that are bound to it', (t) => {
  const bench = new Bench([{ url: '10.0.0.1', route: 'x', drain: true }, '10.0.0.2']);
  t.is(bench.picks(3), 'bbb');
  t.is(bound(bench, 'x'), 0);
  t.is(new Bench([{ url: '10.0.0.1', drain: true }]).pick(), '-');
});

test('a server has a service of its own, without a port', (t) => {
  const [server] = upstreamConfig('u', { servers: [{ url: 'a.test', service: 'http' }] }).servers;
  t.is(server?.service, 'http');
  t.throws(() => upstreamConfig('u', { servers: [{ url: 'a.test:80', service: 'http' }] }), {
    message: /has a port, which its service says/,
  });
  t.throws(() => upstreamConfig('u', { servers: [{ url: 'a.test', service: 'a b' }] }), {
    message: /no name of a service/,
  });
});

test('names are looked up no more often than a group says', (t) => {
  const config = (lookupMs: number) => upstreamConfig('u', { servers: ['a.test'], lookupMs });
  t.is(config(1).lookupMs, 1);
  t.throws(() => config(0), { message: /lookupMs is 0/ });
  t.throws(() => config(86_400_001), { message: /lookupMs/ });
});
