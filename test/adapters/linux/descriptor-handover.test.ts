import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { descriptorPassing } from '../../../adapters/linux/descriptor-passing.ts';
import { listenOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { whyNoEpoll, whyNoIoUring } from '../../support/real-ports.ts';
import {
  accept,
  adopt,
  closed,
  detach,
  done,
  hear,
  nextDescriptors,
  say,
} from './descriptor-kit.ts';

const PROGRAM = fileURLToPath(new URL('./handover-program.js', import.meta.url));
const WORKER = new URL('./handover-worker.js', import.meta.url);

/** Declares a test for each port that can be had here; the program's own one is epoll's. */
function onEach(
  title: string,
  run: (t: ExecutionContext, port: ProactorPort, name: string) => Promise<void>,
): void {
  for (const [name, create, reason] of [
    ['epoll', epollPort, whyNoEpoll],
    ['io-uring', ioUringPort, whyNoIoUring ?? whyNoEpoll],
  ] as const) {
    const declare = reason === undefined ? test.serial : test.serial.skip;
    const why = reason === undefined ? '' : ` (${reason})`;
    declare(`${name}: ${title}${why}`, async (t) => {
      const port = create();
      await run(t, port, name);
      await closed(port);
    });
  }
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

onEach(
  'a listener and an unread connection outlive the process they come from',
  async (t, port) => {
    const passing = descriptorPassing();
    const ends = passing.pair();
    assert.ok(!('code' in ends));
    const stdio = ['ignore', 'pipe', 'inherit', ends[1]] as const;
    const child = spawn(process.execPath, [PROGRAM], { stdio: [...stdio], timeout: 20_000 });
    const exit = once(child, 'exit');
    closeSync(ends[1]);
    const [where] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    const first = await client(Number(where));
    first.write('unread, ');
    t.deepEqual(await exit, [0, null]);
    first.write('and later');

    const came = await nextDescriptors(port, passing, ends[0]);
    const said = came.map(({ as, note }) => `${as} ${note}`);
    t.deepEqual(said, [`listener port ${Number(where)}`, 'stream ']);
    const [listener, stream] = await Promise.all(
      came.map(({ descriptor, as }) => adopt(port, descriptor, as)),
    );
    t.is(await hear(port, stream as number, 17), 'unread, and later');
    await say(port, stream as number, 'served');
    t.is(String((await once(first, 'data'))[0]), 'served');
    const second = await client(Number(where));
    second.write('new');
    const accepted = await accept(port, listener as number);
    t.is(await hear(port, accepted, 3), 'new');
    t.is(passing.receive(ends[0]).status, 'eof');
    first.destroy();
    second.destroy();
    closeSync(ends[0]);
  },
);

onEach('a connection moves to another thread by its number alone', async (t, port, name) => {
  const endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
  const listen = await done(
    port,
    listenOperation(endpoint, () => {}),
  );
  const peer = await client(listen.bound?.port ?? 0);
  const accepted = await accept(port, listen.socket);
  t.is(port.openSockets, 2);
  peer.write('hello');
  const worker = new Worker(WORKER, { workerData: { name } });
  const exit = once(worker, 'exit');
  worker.postMessage(await detach(port, accepted));
  t.is(port.openSockets, 1);
  t.is(String((await once(peer, 'data'))[0]), 'hello from the worker');
  const end = once(peer, 'end');
  worker.postMessage('end');
  await end;
  peer.end();
  t.deepEqual(await exit, [0]);
});
