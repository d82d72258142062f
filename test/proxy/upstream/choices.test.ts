import test from 'ava';
import fc from 'fast-check';
import type { BalanceOption, UpstreamServer } from '../../../src/proxy/upstream/index.ts';
import { Bench } from './hand-clock.ts';

const BALANCES: readonly BalanceOption[] = [
  'round-robin',
  'least-conn',
  'ip-hash',
  'random',
  'random-2',
  'least-time',
  'peak-ewma',
  { leastTime: 'response' },
  { hash: undefined },
  { hash: undefined, consistent: true },
];

const server = fc.record({
  weight: fc.integer({ min: 1, max: 20 }),
  down: fc.boolean(),
  maxConns: fc.integer({ min: 0, max: 2 }),
  maxFails: fc.integer({ min: 0, max: 2 }),
});

/** What happens between two choices. */
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('fail', 'succeed', 'use', 'end', 'sample'), peer: fc.nat(9) }),
  fc.record({ kind: fc.constant('wait'), peer: fc.integer({ min: 0, max: 15_000 }) }),
  fc.record({ kind: fc.constant('check'), peer: fc.nat(9) }),
);

for (const balance of BALANCES) {
  const name = typeof balance === 'string' ? balance : JSON.stringify(balance);

  test(`${name}: a peer that is down, paused, tried or full is never picked, and a usable one is found`, (t) => {
    fc.assert(
      fc.property(
        fc.array(server, { minLength: 2, maxLength: 10 }),
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.nat(9), { maxLength: 5 }),
        fc.ipV4(),
        fc.string({ minLength: 1 }),
        fc.nat(),
        (fields, steps, triedOf, clientAddress, hashKey, seed) => {
          const bench = new Bench({ servers: fields.map(urlOf), balance }, seed);
          const { group, clock } = bench;
          const count = fields.length;
          for (const { kind, peer } of steps)
            act(bench, kind, kind === 'wait' ? peer : peer % count);
          const tried = triedOf.filter((index) => index < count);
          const nowS = Math.floor(clock.ms / 1000);
          const usable = group.members.all.map(
            (peer) => !tried.includes(peer.index) && peer.isUsable(nowS, false),
          );
          const index = group.pick({ clientAddress, hashKey }, tried);
          if (index < 0) t.false(usable.includes(true), 'there was one');
          else t.true(usable[index], `picked ${index}`);
        },
      ),
      { numRuns: 200 },
    );
  });
}

test('smooth round robin: over one round each peer is picked as often as its weight says', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 8 }),
      (weights) => {
        const fields = weights.map((weight) => ({ weight }));
        const bench = new Bench(fields.map(urlOf));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const picked = Array<number>(weights.length).fill(0);
        for (const name of bench.picks(total)) {
          const index = name.charCodeAt(0) - 97;
          picked[index] = (picked[index] ?? 0) + 1;
        }
        t.deepEqual(picked, weights);
        t.true(bench.group.members.all.every(({ currentWeight }) => currentWeight === 0));
      },
    ),
  );
});

test('a hash chooses the same peer for the same key, whatever was chosen in between', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }), (keys) => {
      for (const consistent of [false, true]) {
        const servers = Array.from({ length: 7 }, (_, i) => urlOf({ weight: 1 + (i % 3) }, i));
        const bench = new Bench({ servers, balance: { hash: undefined, consistent } });
        const once = keys.map((hashKey) => bench.pick({ hashKey }));
        t.deepEqual(
          keys.map((hashKey) => bench.pick({ hashKey })),
          once,
        );
      }
    }),
  );
});

function urlOf(fields: Partial<UpstreamServer>, index: number): UpstreamServer {
  return { url: `10.0.0.${index + 1}:80`, ...fields };
}

function act({ group, clock }: Bench, kind: string, value: number): void {
  switch (kind) {
    case 'wait':
      clock.ms += value;
      break;
    case 'fail':
      group.failed(value);
      break;
    case 'succeed':
      group.succeeded(value);
      break;
    case 'use':
      group.acquire(value);
      break;
    case 'end':
      if (group.peer(value).active > 0) group.release(value);
      break;
    case 'check':
      group.checked(group.peer(value), group.peer(value).checkedDown);
      break;
    default:
      group.sampled(value, value * 10, value * 20);
  }
}
