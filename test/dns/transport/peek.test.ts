import test from 'ava';
import { nodeRandom } from '../../../adapters/node/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { begin } from '../../../src/core/operation.ts';
import { udpSendOperation } from '../../../src/core/operations.ts';
import { Transport } from '../../../src/dns/transport/transport.ts';
import { rule, type World } from '../../net/worlds.ts';
import {
  answering,
  type NameServer,
  nameServer,
  reply,
  silent,
} from '../../support/name-server.ts';
import { asked, closeTransport, playSim, scene, simRule, sleep, until } from './transport-world.ts';
import { REFUSED, type Watched, watched } from './watched-port.ts';

const GOOD = '192.0.2.1';
const ONE_SOCKET = { sockets: { perServer: 1 } } as const;

type WatchedScene = {
  readonly watch: Watched;
  readonly transport: Transport;
  readonly server: NameServer;
};

/** A transport whose port is watched, with one socket for its one server. */
async function watchedScene(
  world: World,
  body: (scene: WatchedScene) => Promise<void>,
): Promise<void> {
  const server = await nameServer(world.port, world.any, answering(GOOD), { tcp: true });
  const watch = watched(world.port);
  const servers = [{ endpoint: server.endpoint, transport: 'udp' as const }];
  const transport = new Transport(watch.port, nodeRandom(), servers, ONE_SOCKET);
  await body({ watch, transport, server });
  await closeTransport(transport);
  await server.close();
}

rule('P1: everything that waits is received, more than a turn may take too', async (t, world) => {
  const { transport, servers, close } = await scene(world, [answering(GOOD)], ONE_SOCKET);
  const [server] = servers as [NameServer];
  t.is(await asked(transport, 'a.test'), GOOD);
  const [query] = server.queries;
  for (let sent = 0; sent < 40; sent += 1) query?.send(Buffer.alloc(20, 0xff));
  await until(world.port, () => transport.stats.drops.id + transport.stats.drops.late === 40);
  t.is(await asked(transport, 'b.test'), GOOD);
  t.is(new Set(server.ports).size, 1);
  await close();
});

rule('P2: an empty datagram is read and dropped, and nothing spins', async (t, world) => {
  const { transport, servers, close } = await scene(world, [answering(GOOD)], ONE_SOCKET);
  const [server] = servers as [NameServer];
  t.is(await asked(transport, 'a.test'), GOOD);
  for (let sent = 0; sent < 3; sent += 1) server.queries[0]?.send(new Uint8Array(0));
  await until(world.port, () => transport.stats.drops.short === 3);
  const { turn } = world.port.loop;
  await sleep(world.port, 50);
  t.true(world.port.loop.turn - turn < 20, `${world.port.loop.turn - turn} turns`);
  t.is(await asked(transport, 'b.test'), GOOD);
  await close();
});

rule('P3: where nobody listens, the next server is asked at once', async (t, world) => {
  const { transport, servers, close } = await scene(world, [silent, answering(GOOD)]);
  await servers[0]?.close();
  t.is(await asked(transport, 'a.test'), GOOD);
  t.is(transport.stats.servers[0]?.timeouts, 0, 'without a wait for the first timeout');
  t.true(transport.stats.servers[0]?.failing);
  await close();
});

simRule(
  'P3: the socket stays open, and a late good reply is taken',
  [silent, silent],
  ONE_SOCKET,
  async ({ t, port, ports, transport, servers }) => {
    const [first, second] = servers as [NameServer, NameServer];
    const end = asked(transport, 'a.test');
    await until(port, () => first.queries.length === 1);
    await first.close();
    const other = asked(transport, 'b.test', 1_000);
    await until(port, () => second.queries.length === 2);
    const again = await nameServer(ports[0] as never, first.endpoint, silent);
    const [query] = first.queries;
    if (query !== undefined) await again.send(reply(query, { addresses: [GOOD] }), query.from);
    t.is(await end, GOOD);
    await other;
    await again.close();
  },
);

rule('P4: a send that met an earlier notice is repeated, once', async (t, world) => {
  await watchedScene(world, async ({ watch, transport, server }) => {
    let left = 1;
    watch.intercept = (operation) => {
      if (operation.kind !== 'udpSend' || left === 0) return false;
      left -= 1;
      watch.end(operation, 'icmp', REFUSED);
      return true;
    };
    t.is(await asked(transport, 'a.test'), GOOD);
    t.is(server.queries.length, 1);
    t.is(transport.stats.servers[0]?.queries, 1, 'the same attempt');
    left = 1_000;
    t.is(await asked(transport, 'b.test', 1_000), 'ENOSERVER');
    const sends = watch.submitted.filter(({ kind }) => kind === 'udpSend').length;
    t.is(sends, 2 + 2 * 2, 'each of two attempts is repeated once');
  });
});

rule('the bytes of a query are left alone until its send has completed', async (t, world) => {
  await watchedScene(world, async ({ watch, transport }) => {
    const held: (() => void)[] = [];
    watch.intercept = (operation) => {
      if (operation.kind !== 'udpSend' || held.length === 3) return false;
      const twin = udpSendOperation(operation.socket, () => {});
      twin.data = operation.data.slice();
      world.port.submit(twin);
      begin(operation, undefined);
      held.push(() => world.port.loop.completeSoon(operation, 'done'));
      return true;
    };
    // A send that is pending and submitted again throws.
    for (let i = 0; i < 6; i += 1) t.is(await asked(transport, 'a.test'), GOOD);
    t.is(held.length, 3);
    for (const complete of held) complete();
    for (let i = 0; i < 6; i += 1) t.is(await asked(transport, 'a.test'), GOOD);
  });
});

rule('P5: every socket is connected', async (t, world) => {
  await watchedScene(world, async ({ watch, transport, server }) => {
    await asked(transport, 'a.test');
    const opens = watch.submitted.filter((operation) => operation.kind === 'udpOpen');
    t.true(opens.length > 0);
    for (const { remote } of opens) t.deepEqual(remote, server.endpoint);
  });
});

rule('P6: a long datagram is read whole', async (t, world) => {
  const many = Array.from({ length: 500 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const { transport, close } = await scene(world, [
    (query) => query.send(reply(query, { addresses: many })),
  ]);
  t.is(await asked(transport, 'a.test'), many.join(','));
  await close();
});

rule(
  'P6: a datagram that was cut counts as truncated: it is asked for over TCP',
  async (t, world) => {
    await watchedScene(world, async ({ watch, transport, server }) => {
      watch.intercept = (operation) => {
        if (operation.kind !== 'udpRecv') return false;
        const { onComplete } = operation;
        operation.onComplete = (ended) => {
          operation.onComplete = onComplete;
          operation.truncated = true;
          onComplete(ended);
        };
        return false;
      };
      t.is(await asked(transport, 'a.test'), GOOD);
      t.deepEqual(
        server.queries.map(({ over }) => over),
        ['udp', 'tcp'],
      );
    });
  },
);

rule('P7: a peek that was wrong costs nothing but the receive that finds out', async (t, world) => {
  await watchedScene(world, async ({ watch, transport }) => {
    let wrong = true;
    watch.intercept = (operation) => {
      if (operation.kind !== 'udpPeek' || !wrong) return false;
      wrong = false;
      watch.end(operation, 'done');
      return true;
    };
    t.is(await asked(transport, 'a.test'), GOOD);
    await sleep(world.port, 20);
    t.is(await asked(transport, 'b.test'), GOOD);
    t.false(wrong);
  });
});

rule('P8: the peek of a socket that closes completes once, before the close', async (t, world) => {
  await watchedScene(world, async ({ watch, transport }) => {
    await asked(transport, 'a.test');
    await until(world.port, () => lastRead(watch) === 'udpPeek');
    const before = watch.completed.length;
    await closeTransport(transport);
    const after = watch.completed.slice(before).filter((line) => !line.startsWith('timer'));
    t.deepEqual(
      after.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['udpPeek cancelled', 'close done'],
    );
  });
});

rule('P9: what comes for a socket that is gone reaches no other', async (t, world) => {
  const { transport, servers, close } = await scene(world, [silent], {
    sockets: { perServer: 1, queriesEach: 1 },
  });
  const [server] = servers as [NameServer];
  const { port } = world;
  const deadlineMs = port.loop.nowMs() + 5_000;
  const gone = transport.ask({ name: '\x01a\0', type: 1 }, deadlineMs, () => t.fail());
  await until(port, () => server.queries.length === 1);
  const open = port.openSockets;
  gone.cancel();
  server.script = silent;
  const end = asked(transport, 'b.test', 5_000);
  await until(port, () => server.queries.length === 2 && port.openSockets === open);
  const [old, young] = server.queries;
  if (old === undefined || young === undefined) return;
  t.not(old.from.port, young.from.port);
  // Everything right but for the port: it was right for the socket that is gone.
  await server.send(reply(young, { addresses: ['192.0.2.66'] }), old.from as Endpoint);
  young.send(reply(young, { addresses: [GOOD] }), 50);
  t.is(await end, GOOD);
  await close();
});

function lastRead({ submitted }: Watched): string | undefined {
  return submitted.findLast(({ kind }) => kind === 'udpPeek' || kind === 'udpRecv')?.kind;
}

test('idle, a socket waits with a peek; with the receive while there are questions', async (t) => {
  await playSim(t, [answering(GOOD, 10)], ONE_SOCKET, async ({ port, servers }) => {
    const watch = watched(port);
    const [server] = servers as [NameServer];
    const list = [{ endpoint: server.endpoint, transport: 'udp' as const }];
    const transport = new Transport(watch.port, nodeRandom(), list, ONE_SOCKET);
    await Promise.all([asked(transport, 'a.test'), asked(transport, 'b.test')]);
    const reads = (): string[] =>
      watch.submitted
        .map(({ kind }) => kind)
        .filter((kind) => kind === 'udpPeek' || kind === 'udpRecv');
    await sleep(port, 100);
    t.deepEqual(reads(), ['udpPeek', 'udpRecv', 'udpRecv', 'udpRecv']);
    await sleep(port, 2_000);
    t.deepEqual(reads(), ['udpPeek', 'udpRecv', 'udpRecv', 'udpRecv', 'udpPeek']);
    const deadlineMs = port.loop.nowMs() + 1_000;
    server.script = silent;
    const none = transport.ask({ name: '\x01a\0', type: 1 }, deadlineMs, () => t.fail());
    none.cancel();
    t.is(watch.submitted.findLast(({ kind }) => kind.startsWith('udp'))?.kind, 'udpSend');
    await closeTransport(transport);
  });
});
