import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type AdapterName, openPort } from '../../../src/cli/open-port.ts';
import * as make from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';

/** Gives back each message that comes, after some work. */
export type EchoServer = {
  readonly port: number;
  /** Messages so far. */
  readonly messages: () => number;
  readonly close: () => void;
};

/** What takes the place of an adapter's name for a server that is written on node:net alone. */
export const PLAIN_NODE = 'plain node:net';

const nothing = (): void => {};

export function echoServer(adapter: string, workUs: number): Promise<EchoServer> {
  const work = (): void => {
    const endMs = performance.now() + workUs / 1000;
    while (workUs > 0 && performance.now() < endMs);
  };
  return adapter === PLAIN_NODE
    ? plainServer(work)
    : portServer(openPort({ adapter: adapter as AdapterName }), work);
}

/** The least that a program in Node can do: what it is late by is Node's and the machine's. */
async function plainServer(work: () => void): Promise<EchoServer> {
  let messages = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', nothing).on('data', (data) => {
      messages += 1;
      work();
      socket.write(data);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, messages: () => messages, close: () => server.close() };
}

async function portServer(port: ProactorPort, work: () => void): Promise<EchoServer> {
  let messages = 0;
  const serve = (socket: number): void => {
    // One after the other: the answer is sent, and then the next message is received.
    const send = make.sendOperation(socket, () => port.submit(recv));
    send.count = 1;
    const recv = make.recvOperation(socket, () => {
      if (recv.status !== 'done') {
        port.submit(make.closeOperation(socket, nothing));
        return;
      }
      messages += 1;
      work();
      send.pieces[0] = Buffer.from(recv.data.subarray(recv.offset, recv.offset + recv.bytes));
      port.submit(send);
    });
    port.submit(recv);
  };
  const listen = make.listenOperation({ family: 'ipv4', address: '127.0.0.1', port: 0 }, nothing);
  await new Promise<void>((resolve) => {
    listen.onComplete = () => resolve();
    port.submit(listen);
  });
  const accept = make.acceptOperation(listen.socket, () => {
    if (accept.status !== 'done') return;
    serve(accept.accepted);
    port.submit(accept);
  });
  port.submit(accept);
  return { port: listen.bound?.port ?? 0, messages: () => messages, close: () => port.close() };
}
