import test from 'ava';
import { type Conditions, SimProactor, SimWorld } from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { EchoClient, EchoServer } from '../../conformance/sim-echo.ts';
import { STACKS } from '../../conformance/sim-stacks.ts';

const SEEDS = 1000;
const TEXT_BYTES = 6_000;
/** Longer than a kernel tries to reach a peer that is gone. */
const PATIENCE_MS = 3_600_000;

const ROUGH: Partial<Conditions> = {
  latencyMinMs: 1,
  latencyMaxMs: 20,
  loss: 0.05,
  duplication: 0.05,
  reorder: 0.05,
};

const SERVER: Endpoint = { family: 'ipv4', address: '10.0.0.2', port: 7 };

type Stack = keyof typeof STACKS;

function textOf(seed: number): string {
  return Array.from({ length: TEXT_BYTES / 6 }, (_, i) => `${(seed * 7919 + i) % 1e6}`.padStart(6))
    .join('')
    .slice(0, TEXT_BYTES);
}

/** Two clients and a server, until all is over. Throws, with the seed, when a promise is broken. */
function echo(
  seed: number,
  stack: Stack,
  conditions: Partial<Conditions>,
  ends: Map<string, number> = new Map(),
): SimWorld {
  const world = new SimWorld({ seed, ...conditions });
  const make = STACKS[stack] as (typeof STACKS)[string];
  const near = make(world.host('client', '10.0.0.1'));
  const far = make(world.host('server', SERVER.address));
  const server = new EchoServer(far, SERVER);
  world.runUntil(() => server.bound !== undefined, 1000);
  const texts = [textOf(seed), textOf(seed + 1)];
  const clients = texts.map((text, i) => new EchoClient(near, SERVER, text, 700 + 900 * i));
  const over = world.runUntil(() => clients.every(({ closed }) => closed), PATIENCE_MS);
  const say = (what: string): Error => new Error(`seed ${seed} on ${stack}: ${what}`);
  if (!over) throw say(`not over: ${clients.map(({ end }) => end)}`);
  clients.forEach(({ heard, end }, i) => {
    const text = texts[i] as string;
    ends.set(end ?? '', (ends.get(end ?? '') ?? 0) + 1);
    if (end === 'eof' && heard !== text) throw say(`${heard.length} of ${text.length} bytes, eof`);
    if (!text.startsWith(heard)) throw say('other bytes came back than were sent');
    if (end !== 'eof' && !['reset', 'kernelTimeout', 'brokenPipe'].includes(end ?? '')) {
      throw say(`ended as ${end}`);
    }
  });
  for (const port of [near, far]) port.close();
  world.run();
  if (near.openSockets + far.openSockets !== 0) throw say('sockets are left open');
  return world;
}

for (const stack of Object.keys(STACKS)) {
  test(`${stack}: echo keeps every byte under 5 % loss, duplication and reordering`, (t) => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed += 1) t.notThrows(() => echo(seed, stack, ROUGH, ends));
    // What TCP repairs is no reason to fail.
    t.true((ends.get('eof') ?? 0) > 0.99 * 2 * SEEDS, [...ends].join(' '));
  });

  test(`${stack}: echo ends with all bytes or a typed fault when connections are reset`, (t) => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS / 10; seed += 1) {
      t.notThrows(() => echo(seed, stack, { ...ROUGH, resets: 0.02 }, ends));
    }
    t.true((ends.get('reset') ?? 0) > 0, [...ends].join(' '));
  });

  test(`${stack}: the same seed gives the same trace, another seed another one`, (t) => {
    const hashes = [1, 1, 2].map((seed) => echo(seed, stack, ROUGH).traceHash);
    t.is(hashes[0], hashes[1]);
    t.not(hashes[0], hashes[2]);
  });
}

test('a partition that heals in time costs no byte', (t) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const world = new SimWorld({ seed, latencyMinMs: 1, latencyMaxMs: 5 });
    const [a, b] = [world.host('client', '10.0.0.1'), world.host('server', SERVER.address)];
    const near = new SimProactor(a);
    const server = new EchoServer(new SimProactor(b), SERVER);
    world.runUntil(() => server.bound !== undefined, 1000);
    const text = textOf(seed);
    const client = new EchoClient(near, SERVER, text, 100);
    world.advance(seed);
    world.partition(a, b);
    const before = client.heard.length;
    world.advance(3_000);
    t.true(client.heard.length <= before + 100, `seed ${seed}: nothing passes`);
    world.heal(a, b);
    t.true(
      world.runUntil(() => client.closed, PATIENCE_MS),
      `seed ${seed}`,
    );
    t.is(client.heard, text, `seed ${seed}`);
    t.is(client.end, 'eof', `seed ${seed}`);
  }
});

test('a partition that lasts ends as a typed fault where bytes are under way', (t) => {
  const world = new SimWorld({ seed: 1, latencyMinMs: 1, latencyMaxMs: 5 });
  const [a, b] = [world.host('client', '10.0.0.1'), world.host('server', SERVER.address)];
  const near = new SimProactor(a);
  const server = new EchoServer(new SimProactor(b), SERVER);
  world.runUntil(() => server.bound !== undefined, 1000);
  const client = new EchoClient(near, SERVER, textOf(1), 100);
  world.runUntil(() => near.openSockets === 1 && client.heard.length > 0, 1000);
  world.partition(a, b);
  t.true(world.runUntil(() => client.end !== undefined, PATIENCE_MS));
  t.is(client.end, 'kernelTimeout');
  t.true(world.runUntil(() => client.closed, PATIENCE_MS));
});
