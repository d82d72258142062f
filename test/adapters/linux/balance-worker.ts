import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { EpollReactor } from '../../../adapters/epoll/epoll-reactor.ts';
import { linuxCalls } from '../../../adapters/epoll/linux-calls.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import { acceptOperation, closeOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { adopt, closed } from './descriptor-kit.ts';

/** What a worker has accepted, by the clients' ports, and how often its thread was woken. */
export type Served = { readonly clients: readonly number[]; readonly wakeUps: number };

export type BalanceTask = {
  readonly port: 'epoll' | 'epoll that owns its loop' | 'io-uring';
  readonly descriptor: number;
  readonly balance: 'none' | 'exclusive';
};

/** How long a port that owns its loop waits in the kernel, so that Node's own work goes on. */
const BLOCK_MS = 20;

// Accepts from a listener that it shares with others and closes what it gets, until it is told to
// say what it had.
const owner = parentPort as NonNullable<typeof parentPort>;
const task = workerData as BalanceTask;
let over = false;
const clients: number[] = [];
const port = create();
const listener = await adopt(port, task.descriptor, 'listener', task.balance);
const accept = acceptOperation(listener, ({ status, accepted }) => {
  if (status !== 'done') return;
  clients.push(port.remoteEndpoint(accepted)?.port ?? -1);
  port.submit(accept);
  port.submit(closeOperation(accepted, () => {}));
});
port.submit(accept);
const before = wakeUps();
owner.postMessage('ready');
await once(owner, 'message');
over = true;
owner.postMessage({ clients, wakeUps: wakeUps() - before } satisfies Served);
await closed(port);
owner.close();

function create(): ProactorPort {
  if (task.port === 'io-uring') return ioUringPort();
  const koffi = loadKoffi('epoll');
  const real = linuxCalls(koffi);
  if (task.port === 'epoll') return proactorFrom(new EpollReactor(koffi, real));
  // As a loop of the port's own does: this thread waits for the kernel here, and not in libuv.
  const epollWait: typeof real.epollWait = (epoll, events, count) =>
    real.epollWait(epoll, events, count, over ? 0 : BLOCK_MS);
  const reactor = new EpollReactor(koffi, { ...real, epollWait });
  const turn = (): void => {
    reactor.loop.post(() => {});
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  return proactorFrom(reactor);
}

/** How often this thread has gone to sleep. */
function wakeUps(): number {
  const status = readFileSync('/proc/thread-self/status', 'latin1');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}
