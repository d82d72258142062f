import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { Peer } from './peer.ts';

/** What an upstream does with a connection; `index` counts them from 0. */
export type Script = (peer: Peer, index: number) => Promise<void> | void;

/** A server that a test speaks for. */
export class Upstream {
  readonly #server: Server;
  readonly endpoint: Endpoint;
  readonly peers: Peer[] = [];

  private constructor(server: Server, script: Script) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.endpoint = { family: 'ipv4', address: '127.0.0.1', port };
    server.on('connection', (socket) => {
      const peer = new Peer(socket);
      this.peers.push(peer);
      void script(peer, this.peers.length - 1);
    });
  }

  static async start(script: Script): Promise<Upstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Upstream(server, script);
  }

  get connections(): number {
    return this.peers.length;
  }

  /** Connections that are still open. */
  get open(): number {
    return this.peers.filter(({ socket }) => !socket.destroyed).length;
  }

  end(): void {
    this.#server.close();
    for (const { socket } of this.peers) socket.destroy();
  }
}

/** Answers every request of a connection with what `answer` makes of its head. */
export function answering(answer: (head: string, peer: Peer) => string | undefined): Script {
  return async (peer) => {
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      const text = answer(head, peer);
      if (text !== undefined) peer.write(text);
    }
    peer.finish();
  };
}

/** A whole response with a Content-Length. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/**
 * A port at which nobody listens, nor will: a connection of ours has it, as its own end, for as
 * long as the process lives. A port that was merely closed might be another test's by now.
 */
export async function closedPort(): Promise<Endpoint> {
  const address = '127.0.0.1';
  const server = createServer();
  await once(server.listen(0, address), 'listening');
  const { port } = server.address() as AddressInfo;
  const keeper = connect({ port, host: address, localAddress: address });
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(keeper, 'connect')]);
  for (const held of [keeper, accepted as Socket, server.close()]) held.unref();
  return { family: 'ipv4', address, port: keeper.localPort as number };
}
