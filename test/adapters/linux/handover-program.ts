import { closeSync } from 'node:fs';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { descriptorPassing } from '../../../adapters/linux/descriptor-passing.ts';
import { listenOperation, peekOperation } from '../../../src/core/operations.ts';
import { accept, closed, detach, done } from './descriptor-kit.ts';

// Listens, says where, accepts one connection, waits until it has bytes that are not read, sends
// both descriptors over the channel that it has inherited, and ends.
const CHANNEL = 3;
const nothing = (): void => {};
const port = epollPort();
const endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
const listen = await done(port, listenOperation(endpoint, nothing));
process.stdout.write(`${listen.bound?.port}\n`);
const stream = await accept(port, listen.socket);
await done(port, peekOperation(stream, nothing));
const fds = [await detach(port, listen.socket), await detach(port, stream)] as const;
const sent = descriptorPassing().send(CHANNEL, [
  { descriptor: fds[0], as: 'listener', note: `port ${listen.bound?.port}` },
  { descriptor: fds[1], as: 'stream', note: '' },
]);
if (sent.status !== 'done') throw new Error(sent.status);
for (const fd of fds) closeSync(fd);
await closed(port);
