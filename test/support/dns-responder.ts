import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { IoError } from '../../src/net/io-error.ts';
import { openUdp } from '../../src/net/udp.ts';
import type { World } from '../net/worlds.ts';

/** The datagrams to be sent back, in order; none is silence. */
export type Respond = (query: Buffer) => readonly Uint8Array[];

/** A name server that says what a test wants. */
export type Responder = {
  readonly endpoint: Endpoint;
  /** What came, and from which port. */
  readonly queries: { readonly data: Buffer; readonly fromPort: number }[];
  close(): Promise<void>;
};

/** On `node`, a socket of node:dgram, which shares nothing with what is tested. */
export function responder(world: World, respond: Respond): Promise<Responder> {
  return world.name === 'node' ? nodeResponder(respond) : portResponder(world, respond);
}

export async function nodeResponder(respond: Respond): Promise<Responder> {
  const socket = createSocket('udp4');
  const queries: Responder['queries'] = [];
  socket.on('message', (data, from) => {
    queries.push({ data, fromPort: from.port });
    for (const datagram of respond(data)) socket.send(datagram, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const close = async () => {
    socket.close();
    await once(socket, 'close');
  };
  return { endpoint: { family: 'ipv4', address: '127.0.0.1', port }, queries, close };
}

async function portResponder(world: World, respond: Respond): Promise<Responder> {
  const socket = await openUdp(world.port, world.any);
  const queries: Responder['queries'] = [];
  const serving = (async () => {
    for await (const { data, from } of socket) {
      const query = Buffer.from(data);
      queries.push({ data: query, fromPort: from?.port ?? 0 });
      for (const datagram of respond(query)) await socket.send(datagram, from);
    }
  })().catch((error: unknown) => {
    // A test may close the port under its server.
    const closed = error instanceof IoError && ['cancelled', 'closed'].includes(error.code);
    if (!closed) throw error;
  });
  const close = async () => {
    await socket.close();
    await serving;
  };
  return { endpoint: socket.endpoint, queries, close };
}
