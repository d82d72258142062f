import test from 'ava';
import fc from 'fast-check';
import { SimRandom } from '../../../adapters/sim/index.ts';
import type { Clock } from '../../../src/core/clock.ts';
import {
  type BalanceOption,
  UpstreamGroup,
  type UpstreamOptions,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';
import { SHARED_PEERS_MAX, SharedPeers } from '../../../src/server/shared/shared-peers.ts';
import { HEAD } from '../../../src/server/shared/zone-memory.ts';
import { HandClock, servers } from '../../proxy/upstream/hand-clock.ts';
import { TestMemory } from './zone-kit.ts';

const FACTS = { clientAddress: '192.0.2.1', hashKey: '' };
const PROCESSES = 3;

function zone(): TestMemory {
  return new TestMemory({ id: 'upstream http u', kind: 'upstream', bytes: 0, key: '' });
}

function groupOf(
  options: UpstreamOptions,
  memory: TestMemory | undefined,
  slot = 0,
  clock: Clock = new HandClock(),
  random: SimRandom = new SimRandom(1),
): UpstreamGroup {
  const board = memory && new SharedPeers(memory.seenBy(slot));
  return new UpstreamGroup(upstreamConfig('u', options), { clock, random, board });
}

/** The same group in two processes. */
function pair(options: UpstreamOptions): {
  memory: TestMemory;
  clock: HandClock;
  one: UpstreamGroup;
  two: UpstreamGroup;
} {
  const memory = zone();
  const clock = new HandClock();
  const [one, two] = [groupOf(options, memory, 0, clock), groupOf(options, memory, 1, clock)];
  return { memory, clock, one, two };
}

/** Index of the peer that a request has gone to. */
function use(group: UpstreamGroup): number {
  const index = group.pick(FACTS, []);
  if (index >= 0) group.acquire(index);
  return index;
}

test('peers take turns in all processes together', (t) => {
  const { one, two } = pair({ servers: servers(2) });
  t.deepEqual([one, two, two, one, one, two].map(use), [0, 1, 0, 1, 0, 1]);
});

test('connections of other processes count for a choice', (t) => {
  const { one, two } = pair({ servers: servers(2), balance: 'least-conn' });
  t.deepEqual([one, one, one, one].map(use).sort(), [0, 0, 1, 1]);
  one.release(0);
  one.release(0);
  t.deepEqual([two, two].map(use), [0, 0]);
  one.release(1);
  t.is(use(two), 1);
});

test('a server has as many connections as it may, from all processes', (t) => {
  const { one, two } = pair({ servers: servers(1, { maxConns: 3 }) });
  t.deepEqual([one, two, one, two, one].map(use), [0, 0, 0, -1, -1]);
  two.release(0);
  t.deepEqual([one, two].map(use), [0, -1]);
});

test('a choice that nobody goes on with holds no connection for good', (t) => {
  const { one, two } = pair({ servers: servers(1, { maxConns: 1 }) });
  t.is(one.pick(FACTS, []), 0);
  t.is(two.pick(FACTS, []), -1);
  t.is(one.pick(FACTS, []), 0);
  one.acquire(0);
  one.release(0);
  t.is(two.pick(FACTS, []), 0);
});

test('failures count in all processes, and so does what ends them', (t) => {
  const { clock, one, two } = pair({ servers: servers(2, { maxFails: 2, failTimeoutMs: 5_000 }) });
  one.failed(0);
  two.failed(0);
  t.deepEqual([one, two, one, two].map(use), [1, 1, 1, 1]);
  clock.ms += 6_000;
  t.is(use(two), 0, 'the probe');
  t.deepEqual([one, one].map(use), [1, 1], 'there is one probe for all');
  clock.ms += 1_000;
  two.succeeded(0);
  t.deepEqual([one, one].map(use).sort(), [0, 1]);
});

test('processes whose clocks began at different times agree on the end of a pause', (t) => {
  const memory = zone();
  const options = { servers: servers(2, { maxFails: 1, failTimeoutMs: 5_000 }) };
  const [early, late] = [new HandClock(), new HandClock()];
  late.ms = 1_000;
  const boards = [
    new SharedPeers(memory.seenBy(0, 0)),
    new SharedPeers(memory.seenBy(1, early.ms - late.ms)),
  ];
  const random = new SimRandom(1);
  const [one, two] = [early, late].map(
    (clock, index) =>
      new UpstreamGroup(upstreamConfig('u', options), { clock, random, board: boards[index] }),
  ) as [UpstreamGroup, UpstreamGroup];
  one.failed(0);
  late.ms += 5_000;
  t.deepEqual([two, two].map(use), [1, 1]);
  late.ms += 1_000;
  t.deepEqual([two, two].map(use).sort(), [0, 1]);
});

test('connections of a process that has gone count no more', (t) => {
  const { memory, one, two } = pair({ servers: servers(1, { maxConns: 2 }) });
  t.deepEqual([one, one, two].map(use), [0, 0, -1]);
  new SharedPeers(memory.whole).left(0);
  t.deepEqual([two, two, two].map(use), [0, 0, -1]);
});

test('who cannot have the lock chooses by what is known', (t) => {
  const { memory, one, two } = pair({ servers: servers(2) });
  t.is(use(one), 0);
  memory.lockFor(1);
  t.is(use(one), 1);
  one.failed(1);
  one.succeeded(0);
  memory.unlock();
  t.is(use(two), 1, 'others have not been told whose turn it was');
});

test('peers that are looked up are the same for all, in whatever order they came', (t) => {
  const { memory, one, two } = pair({
    servers: ['name.example:80'],
    balance: 'least-conn',
  });
  const at = (last: number): { endpoint: { family: 'ipv4'; address: string; port: number } } => ({
    endpoint: { family: 'ipv4', address: `192.0.2.${last}`, port: 80 },
  });
  one.resolved(0, [at(1), at(2)]);
  two.resolved(0, [at(2), at(1)]);
  const care = new SharedPeers(memory.whole);
  t.is(care.size, 2);
  t.is(one.peer(use(one)).endpoint.address, '192.0.2.1');
  t.is(two.peer(use(two)).endpoint.address, '192.0.2.2');
  one.resolved(0, [at(2)]);
  two.resolved(0, [at(2)]);
  t.is(care.size, 2, 'a request is still there');
  one.release(0);
  t.is(care.size, 1);
});

test('peers beyond what a zone can hold are of each process alone', (t) => {
  const memory = zone();
  memory.words[HEAD.bytes] = SHARED_PEERS_MAX - 1;
  const options = { servers: servers(2, { maxConns: 1 }) };
  const [one, two] = [groupOf(options, memory, 0), groupOf(options, memory, 1)];
  t.deepEqual([one, one, one].map(use), [0, 1, -1]);
  t.deepEqual([two, two].map(use), [1, -1]);
});

const step = fc.record({
  process: fc.nat(PROCESSES - 1),
  what: fc.constantFrom('use', 'use', 'use', 'end', 'fail', 'succeed', 'wait', 'sample', 'other'),
  value: fc.nat(3),
});
const balance = fc.constantFrom<BalanceOption>(
  'round-robin',
  'least-conn',
  'random-2',
  'peak-ewma',
  'ip-hash',
  { leastTime: 'head' },
);

test('processes choose as one process would', (t) => {
  fc.assert(
    fc.property(balance, fc.array(step, { maxLength: 60 }), (method, steps) => {
      const hasBackups = method === 'round-robin' || method === 'least-conn';
      const last = hasBackups ? { backup: true } : {};
      const fields = [{ weight: 3, maxFails: 2 }, { maxConns: 2 }, {}, last];
      const urls = servers(4).map(({ url }, index) => ({ url, ...fields[index] }));
      const options = { servers: urls, balance: method };
      const clock = new HandClock();
      const memory = zone();
      const chance = new SimRandom(7);
      const groups = Array.from({ length: PROCESSES }, (_, slot) =>
        groupOf(options, memory, slot, clock, chance),
      );
      const model = groupOf(options, undefined, 0, clock, new SimRandom(7));
      for (const { process, what, value } of steps) {
        const group = groups[process] as UpstreamGroup;
        if (what === 'use') t.is(use(group), use(model));
        else if (what === 'other') {
          t.is(group.hasOther([value], 1), model.hasOther([value], 1));
        } else if (what === 'wait') clock.ms += value * 4_000;
        else if (what === 'end') {
          if (group.peer(value).active === 0) continue;
          group.release(value);
          model.release(value);
        } else {
          for (const one of [group, model]) {
            if (what === 'fail') one.failed(value);
            else if (what === 'succeed') one.succeeded(value);
            else one.sampled(value, value * 10, value * 30);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
