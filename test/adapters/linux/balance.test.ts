import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { descriptorPassing } from '../../../adapters/linux/descriptor-passing.ts';
import { listenOperation } from '../../../src/core/operations.ts';
import { whyNoEpoll, whyNoIoUring } from '../../support/real-ports.ts';
import type { BalanceTask, Served } from './balance-worker.ts';
import { closed, detach, done } from './descriptor-kit.ts';

const WORKER = new URL('./balance-worker.js', import.meta.url);
const CONNECTIONS = 1_000;
/** One for each connection, and about every second time one more for the client's FIN. */
const WAKE_UPS_MAX = 1.9 * CONNECTIONS;
const LEAST_SHARE = CONNECTIONS / 10;

/** One after another, so that every connection finds both ports waiting. */
async function connectAndWait(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const { localPort = -1 } = socket;
  socket.resume().end();
  await once(socket, 'close');
  return localPort;
}

/** Two ports in two threads share one listener: what each of them had, and who connected. */
async function share(how: Omit<BalanceTask, 'descriptor'>): Promise<[Served[], number[]]> {
  const port = epollPort();
  const endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
  const listen = await done(
    port,
    listenOperation(endpoint, () => {}),
  );
  const first = await detach(port, listen.socket);
  const second = descriptorPassing().duplicate(first);
  const workers = [first, second].map(
    (descriptor) => new Worker(WORKER, { workerData: { ...how, descriptor } }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const connected: number[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) {
    connected.push(await connectAndWait(listen.bound?.port ?? 0));
  }
  const served = await Promise.all(
    workers.map(async (worker) => {
      worker.postMessage('what had you?');
      const [[answer]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return answer as Served;
    }),
  );
  await closed(port);
  return [served, connected];
}

type Case = Omit<BalanceTask, 'descriptor'> & { readonly wakesOne: boolean };

const CASES: readonly Case[] = [
  { port: 'epoll', balance: 'none', wakesOne: false },
  // In Node's loop the kernel sees nobody wait for our epoll descriptor itself: it wakes both.
  { port: 'epoll', balance: 'exclusive', wakesOne: false },
  { port: 'epoll that owns its loop', balance: 'exclusive', wakesOne: true },
  { port: 'io-uring', balance: 'exclusive', wakesOne: true },
];

for (const { wakesOne, ...how } of CASES) {
  const what = how.balance === 'none' ? 'a' : 'an exclusive';
  const title = `${how.port}: two ports that share ${what} listener accept each connection once`;
  const reason = how.port === 'io-uring' ? whyNoIoUring : whyNoEpoll;
  const declare = reason === undefined ? test.serial : test.serial.skip;
  declare(reason === undefined ? title : `${title} (${reason})`, async (t) => {
    const [served, connected] = await share(how);
    t.deepEqual(served.flatMap(({ clients }) => clients).sort(), connected.sort());
    const shares = served.map(({ clients, wakeUps }) => `${clients.length} (${wakeUps})`);
    t.log(`accepted (and woken): ${shares.join(' and ')}`);
    if (!wakesOne) return;
    const wakeUps = served.reduce((sum, one) => sum + one.wakeUps, 0);
    t.true(wakeUps < WAKE_UPS_MAX, 'nobody is woken for the other’s connection');
    for (const { clients } of served) t.true(clients.length > LEAST_SHARE, 'each has its turn');
  });
}
