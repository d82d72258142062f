import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { closeOperation } from '../../../src/core/operations.ts';
import { adopt, closed, done, hear, say } from './descriptor-kit.ts';

// Adopts the descriptor whose number it is told, answers what it hears there, and closes it.
const owner = parentPort as NonNullable<typeof parentPort>;
const port = workerData.name === 'epoll' ? epollPort() : ioUringPort();
const [descriptor] = (await once(owner, 'message')) as [number];
const socket = await adopt(port, descriptor, 'stream');
await say(port, socket, `${await hear(port, socket, 5)} from the worker`);
await once(owner, 'message');
await done(
  port,
  closeOperation(socket, () => {}),
);
await closed(port);
owner.close();
