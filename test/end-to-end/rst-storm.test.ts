import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { PIPES_IDLE_MAX } from '../../adapters/linux/pipes.ts';
import { SimRandom } from '../../adapters/sim/sim-random.ts';
import { Peer } from '../proxy/peer.ts';
import { REAL_PORTS } from '../support/real-ports.ts';
import { Program } from './program.ts';

const LONG = process.env.SLUICE_LONG !== undefined;
const CONNECTIONS = LONG ? 100_000 : 10_000;
const AT_ONCE = 64;
const SEED = Number(process.env.SLUICE_SEED ?? 1);
/** Of the proxy: what it has not ended by then, it ends. */
const DEADLINE_MS = 500;
const CALM_MS = 1_000;
const CALM_SHARE_MAX = 0.01;
/** One collection of garbage may fall into a calm second, and no more. */
const CALM_TRIES = 3;

const GET = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
const PUT = (bytes: number): string =>
  `PUT /taken HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;

/** What the clients of the storm say before they reset. */
const WORDS: readonly string[] = [
  '',
  'G',
  'GET /small HTTP/1.1\r\nHo',
  GET('/small'),
  GET('/small').repeat(5),
  GET('/half'),
  GET('/silence'),
  GET('/source'),
  PUT(9),
  `${PUT(9)}abc`,
  PUT(1 << 20) + 'x'.repeat(100_000),
  'not HTTP at all\r\n\r\n',
];

/** Connects, says something, waits for a random event, or for none, and resets. */
function strike(port: number, random: SimRandom): Promise<void> {
  const word = WORDS[random.nextUint32() % WORDS.length] as string;
  const when = (['connect', 'immediate', 'later', 'data'] as const)[random.nextUint32() % 4];
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('close', () => resolve()).on('error', () => {});
    const reset = (): void => {
      socket.resetAndDestroy();
    };
    socket.once('connect', () => {
      if (word !== '') socket.write(word, 'latin1');
      if (when === 'connect') reset();
      else if (when === 'immediate') setImmediate(reset);
      else void setTimeout(1 + (random.nextUint32() % 5)).then(reset);
      if (when === 'data') socket.once('data', reset);
    });
  });
}

async function storm(port: number): Promise<void> {
  const random = new SimRandom(SEED);
  let left = CONNECTIONS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await strike(port, random);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function serves(t: ExecutionContext, port: number): Promise<void> {
  const client = await Peer.connect(port);
  client.write(GET('/small'));
  t.is((await client.response()).status, 200);
  client.leave();
}

/** The share of a processor that a program without work takes in its calmest second. */
async function calmShare(program: Program): Promise<number> {
  const shares: number[] = [];
  while (shares.length < CALM_TRIES && !shares.some((share) => share < CALM_SHARE_MAX)) {
    const startMs = performance.now();
    const before = await program.ask('state');
    await setTimeout(CALM_MS);
    const after = await program.ask('state');
    shares.push(((after.cpuMs ?? 0) - (before.cpuMs ?? 0)) / (performance.now() - startMs));
  }
  return Math.min(...shares);
}

async function survives(t: ExecutionContext, adapter: string): Promise<void> {
  t.timeout(LONG ? 500_000 : 100_000, 'the storm has not ended');
  const server = Program.run(t, 'upstream-program');
  const target = String((await server.ask('listen')).port);
  const options = ['--timeout-ms', String(DEADLINE_MS)];
  const proxy = Program.run(t, 'proxy-program', ...options, adapter, target);
  const { port = 0 } = await proxy.ask('listen');
  const isStill = ({ sockets = 0, connections = 0 }): boolean => sockets === 1 && connections === 0;
  await serves(t, port);
  const before = await proxy.until(isStill);

  const startMs = performance.now();
  await storm(port);
  const seconds = (performance.now() - startMs) / 1000;
  t.log(`seed ${SEED}: ${CONNECTIONS} connections in ${seconds.toFixed(1)} s`);
  await serves(t, port);

  const after = await proxy.until(isStill);
  t.like(after, { buffers: 0, parsers: 0 });
  // Of a splice an empty pipe may be kept for the next one, which is two descriptors.
  const more = (after.descriptors ?? 0) - (before.descriptors ?? 0);
  t.true(more >= 0 && more <= 2 * PIPES_IDLE_MAX && more % 2 === 0, `${more} descriptors more`);
  const share = await calmShare(proxy);
  t.log(
    `idle again: ${after.descriptors} descriptors, ${(share * 100).toFixed(2)} % of a processor`,
  );
  t.true(share < CALM_SHARE_MAX, `${share} of a processor`);
  t.is(proxy.errors, '');
}

for (const adapter of Object.keys(REAL_PORTS)) {
  const title = `after ${CONNECTIONS} connections reset at random points nothing is left`;
  test.serial(`${title} (${adapter})`, (t) => survives(t, adapter));
}
