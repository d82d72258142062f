import test from 'ava';
import { SimProactor, SimReactor, SimWorld } from '../../../adapters/sim/index.ts';
import { proactorFrom } from '../../../src/core/bridge/proactor-from-reactor.ts';
import { reactorFrom } from '../../../src/core/bridge/reactor-from-proactor.ts';
import { BufferPool } from '../../../src/core/buffer-pool.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  connectOperation,
  listenOperation,
  recvOperation,
  shutdownOperation,
} from '../../../src/core/operations.ts';
import { Outbox } from '../../../src/core/outbox/outbox.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';

const ECHO_BYTES = 1024 * 1024;
const SEEDS = 5;
const PIECE_BYTES = 10_000;

type Stack = (host: ConstructorParameters<typeof SimProactor>[0]) => ProactorPort;

const STACKS: Readonly<Record<string, Stack>> = {
  proactor: (host) => new SimProactor(host),
  'proactorFrom(reactor)': (host) => proactorFrom(new SimReactor(host)),
  'proactorFrom(reactorFrom(proactor))': (host) => proactorFrom(reactorFrom(new SimProactor(host))),
  'proactorFrom(reactorFrom(proactorFrom(reactor)))': (host) =>
    proactorFrom(reactorFrom(proactorFrom(new SimReactor(host)))),
};

/** Sends back what comes, as fast as it is taken, and ends when the peer does. */
function echo(port: ProactorPort, pool: BufferPool, socket: SocketId): void {
  let ended = false;
  const shutdown = shutdownOperation(socket, () => port.submit(closeOperation(socket, () => {})));
  const owner = {
    outboxLevel: (level: 'open' | 'high') => {
      if (level === 'open' && !ended && recv.status !== 'pending') port.submit(recv);
    },
    outboxDrained: () => {
      if (ended) port.submit(shutdown);
    },
    outboxBroken: () => {},
  };
  const outbox = new Outbox(port, pool, owner, socket);
  const recv = recvOperation(socket, ({ status, data, offset, bytes }) => {
    if (status === 'done') outbox.appendCopy(data, offset, offset + bytes);
    else ended = true;
    if (ended && outbox.queuedBytes === 0) port.submit(shutdown);
    else if (!ended && outbox.level === 'open') port.submit(recv);
  });
  port.submit(recv);
}

/** Sends `bytes` in pieces, no faster than they are taken; gives what came back. */
function call(port: ProactorPort, pool: BufferPool, to: Endpoint, bytes: Buffer): Buffer[] {
  const heard: Buffer[] = [];
  let sent = 0;
  const connect = connectOperation(to, ({ socket }) => {
    const fill = (): void => {
      while (sent < bytes.length && outbox.level === 'open') {
        outbox.append(bytes.subarray(sent, sent + PIECE_BYTES));
        sent += PIECE_BYTES;
      }
    };
    const owner = {
      outboxLevel: (level: 'open' | 'high') => level === 'open' && fill(),
      outboxDrained: () => port.submit(shutdownOperation(socket, () => {})),
      outboxBroken: () => {},
    };
    const outbox = new Outbox(port, pool, owner, socket);
    const recv = recvOperation(socket, ({ status, data, offset, bytes: length }) => {
      heard.push(Buffer.from(data.subarray(offset, offset + length)));
      if (status === 'done') port.submit(recv);
      else port.submit(closeOperation(socket, () => {}));
    });
    port.submit(recv);
    fill();
  });
  port.submit(connect);
  return heard;
}

for (const [name, make] of Object.entries(STACKS)) {
  test(`${name} echoes 1 MiB over a bad network, to the byte, and leaks nothing`, (t) => {
    const words = new Uint32Array(ECHO_BYTES / 4).map((_, i) => Math.imul(i, 2654435761));
    const bytes = Buffer.from(words.buffer);
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const trouble = { loss: 0.02, duplication: 0.01, reorder: 0.02, latencyMaxMs: 5 };
      const world = new SimWorld({ seed, ...trouble });
      const [here, there] = [world.host('here', '10.0.0.1'), world.host('there', '10.0.0.2')];
      const [client, server] = [make(here), make(there)];
      const pool = new BufferPool();
      const accept = acceptOperation(-1, ({ accepted }) => echo(server, pool, accepted));
      const close = closeOperation(-1, () => {});
      const at: Endpoint = { family: 'ipv4', address: '10.0.0.2', port: 80 };
      const listen = listenOperation(at, ({ socket }) => {
        accept.socket = socket;
        close.socket = socket;
        server.submit(accept);
      });
      server.submit(listen);
      world.run();
      const heard = call(client, pool, at, bytes);
      world.run();
      t.is(listen.status, 'done');
      t.true(Buffer.concat(heard).equals(bytes), `seed ${seed}`);
      server.submit(close);
      world.run();
      t.deepEqual([client.openSockets, server.openSockets, pool.lent], [0, 0, 0], `seed ${seed}`);
    }
  });
}
