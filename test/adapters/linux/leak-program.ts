import { readdirSync, readFileSync } from 'node:fs';
import { UringPort } from '../../../adapters/io-uring/uring-port.ts';
import { heldHandles } from '../../../adapters/linux/open-handles.ts';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';
import { type AdapterName, openPort } from '../../../src/cli/open-port.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Operation, SocketId } from '../../../src/core/operation.ts';
import * as make from '../../../src/core/operations.ts';

// Opens and closes connections in rounds, with callbacks alone, and says after each what is left.
// Arguments: adapter, connections per round, how many of them are cancelled at random points,
// rounds, seed.
const [adapter, ...numbers] = process.argv.slice(2);
const [connections = 0, cancelled = 0, rounds = 0, seed = 1] = numbers.map(Number);
const AT_ONCE = 64;
/** What has not ended by then is reported as left. */
const SETTLE_MS_MAX = 5_000;
const LARGE = Buffer.alloc(1 << 20);

/** What is there after a round, and how long it took. */
export type Round = {
  readonly ms: number;
  readonly sockets: number;
  readonly timers: number;
  /** Submitted and not yet completed: the accept that waits for the next round. */
  readonly operations: number;
  /** More than before the first round. */
  readonly descriptors: number;
  readonly handles: number;
  /** What the kernel has of a ring: requests, and receive buffers that it does not have. */
  readonly inFlight: number;
  readonly lentBuffers: number;
  readonly rssKib: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

/** What is there once the port is closed, beyond what was there before it was opened. */
export type Left = Readonly<
  Record<'operations' | 'descriptors' | 'handles' | 'inFlight' | 'lentBuffers', number>
>;

process.stdout.write(`${JSON.stringify('a first line opens what Node needs for all')}\n`);
const before = descriptors();
const port = openPort({ adapter: adapter as AdapterName });
const random = new SimRandom(seed);

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

let operations = 0;
let outcomes: Record<string, number> = {};

function ended<Kind extends Operation>(operation: Kind): Promise<Kind> {
  return new Promise((resolve) => {
    operation.onComplete = () => {
      operations -= 1;
      const key = `${operation.kind} ${operation.status}`;
      outcomes[key] = (outcomes[key] ?? 0) + 1;
      resolve(operation);
    };
    operations += 1;
    port.submit(operation);
  });
}

const nothing = (): void => {};
const upTo = (count: number): number => random.nextUint32() % count;

async function close(socket: SocketId, how: 'graceful' | 'reset'): Promise<void> {
  await ended(Object.assign(make.closeOperation(socket, nothing), { how }));
}

/** Connects, says something, is answered, and closes. */
async function talk(to: Endpoint): Promise<void> {
  const { socket } = await ended(make.connectOperation(to, nothing));
  await ended(Object.assign(make.sendOperation(socket, nothing), { pieces: ['hi'], count: 1 }));
  await ended(make.recvOperation(socket, nothing));
  await close(socket, random.chance(0.1) ? 'graceful' : 'reset');
}

/** Lets a random number of turns of Node's loop pass, then cancels. */
async function cutShort<Kind extends Operation>(operation: Kind): Promise<Kind> {
  const end = ended(operation);
  for (let left = upTo(4); left > 0; left -= 1) await new Promise(setImmediate);
  port.cancel(operation);
  return end;
}

async function interrupted(to: Endpoint): Promise<void> {
  const connect = make.connectOperation(to, nothing);
  if (random.chance(0.5)) await cutShort(connect);
  else await ended(connect);
  if (connect.status !== 'done') return;
  const { socket } = connect;
  const large = { pieces: [LARGE], count: 1 };
  const into = { into: [new Uint8Array(100)], minBytes: 100 };
  const victim = [
    make.recvOperation(socket, nothing),
    Object.assign(make.recvOperation(socket, nothing), into),
    make.peekOperation(socket, nothing),
    Object.assign(make.sendOperation(socket, nothing), large),
    make.closeOperation(socket, nothing),
  ][upTo(5)] as Operation;
  await cutShort(victim);
  if (victim.kind !== 'close') await close(socket, 'reset');
}

/** Accepts whoever comes, and answers the first word, until the listener is closed. */
async function serve(listener: SocketId): Promise<void> {
  const serveOne = async (socket: SocketId): Promise<void> => {
    const { status } = await ended(make.recvOperation(socket, nothing));
    if (status === 'done') {
      await ended(Object.assign(make.sendOperation(socket, nothing), { pieces: ['ho'], count: 1 }));
      await ended(make.recvOperation(socket, nothing));
    }
    await close(socket, 'reset');
  };
  for (;;) {
    const { status, accepted } = await ended(make.acceptOperation(listener, nothing));
    if (status === 'cancelled') return;
    if (status === 'done') void serveOne(accepted);
  }
}

async function round(to: Endpoint): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < connections) {
      const cut = next % Math.ceil(connections / cancelled) === 0;
      next += 1;
      await (cut ? interrupted(to) : talk(to));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const endMs = performance.now() + SETTLE_MS_MAX;
  const isSettled = (): boolean =>
    port.openSockets === 1 && port.loop.pendingTimers === 0 && operations === 1;
  while (!isSettled() && performance.now() < endMs) await new Promise(setImmediate);
}

const listen = await ended(
  make.listenOperation({ family: 'ipv4', address: '127.0.0.1', port: 0 }, nothing),
);
const opened = descriptors();
const handles = heldHandles();
const serving = serve(listen.socket);

function ring(): Pick<Round, 'inFlight' | 'lentBuffers'> {
  if (!(port instanceof UringPort)) return { inFlight: 0, lentBuffers: 0 };
  return { inFlight: port.inFlight, lentBuffers: port.lentBuffers };
}

for (let i = 0; i < rounds; i += 1) {
  outcomes = {};
  const started = performance.now();
  await round(listen.bound as Endpoint);
  const ms = performance.now() - started;
  globalThis.gc?.();
  const status = readFileSync('/proc/self/status', 'latin1');
  const report: Round = {
    ms,
    sockets: port.openSockets,
    timers: port.loop.pendingTimers,
    operations,
    descriptors: descriptors() - opened,
    handles: heldHandles() - handles,
    ...ring(),
    rssKib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]),
    outcomes,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
await close(listen.socket, 'reset');
await serving;
await new Promise<void>((resolve) => port.close(resolve));
const left: Left = {
  operations,
  descriptors: descriptors() - before,
  handles: heldHandles(),
  ...ring(),
};
process.stdout.write(`${JSON.stringify(left)}\n`);
