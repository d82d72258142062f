import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from '../../src/core/endpoint.ts';

const QUEUE = 2; // A backlog of 1 holds two connections on Linux.

/** Listens, says where, and sleeps: nothing is ever accepted. */
const SLEEPER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { createServer } = require('node:net');
  const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(workerData, 0, 0);
    server.close();
    process.exit();
  });
`;

/**
 * A listener whose queue is full and that never accepts, so that the kernel drops what knocks:
 * a connect to it stays pending.
 */
export class SilentListener {
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #sockets: Socket[] = [];
  #started: Promise<Endpoint> | undefined;

  /** Where it listens. The first call starts it. */
  endpoint(): Promise<Endpoint> {
    this.#started ??= this.#start();
    return this.#started;
  }

  end(): void {
    Atomics.store(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #start(): Promise<Endpoint> {
    const worker = new Worker(SLEEPER, { eval: true, workerData: this.#bell });
    const port = await new Promise<number>((resolve) => {
      worker.once('message', resolve);
    });
    for (let i = 0; i < QUEUE; i += 1) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', resolve);
        socket.on('error', () => {});
        this.#sockets.push(socket);
      });
    }
    return { family: 'ipv4', address: '127.0.0.1', port };
  }
}
