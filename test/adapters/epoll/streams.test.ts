import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IPPROTO_TCP, TCP_NODELAY } from '../../../adapters/linux/constants.ts';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Kit } from '../../conformance/kit.ts';
import {
  attemptRule,
  descriptors,
  epollRule,
  openDescriptors,
  plainClient,
  real,
} from './epoll-rule.ts';

const MSG_OOB = 1;

/** A path of a UNIX socket, in a folder of its own that goes when the rule has ended. */
async function withPath(body: (endpoint: Endpoint) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
  try {
    await body({ family: 'unix', address: join(folder, 'socket'), port: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function hearsAroundUrgentData(kit: Kit, endpoint: Endpoint): Promise<void> {
  const listen = await kit.listening({ endpoint });
  const client = plainClient(listen.bound as Endpoint);
  const accept = await kit.ends(kit.accept(listen.socket), 'done');
  // Received first, and so known to be empty: the next bytes are an edge.
  client.say('-');
  assert.equal(await kit.hear(accept.accepted, 1), '-');
  client.say('before');
  client.say('!', MSG_OOB);
  client.say('behind');
  assert.equal(await kit.hear(accept.accepted, 12), 'beforebehind');
  real.close(client.fd);
  await kit.ends(kit.recv(accept.accepted), 'eof');
}

epollRule('bytes behind urgent data come without another event', (kit) =>
  hearsAroundUrgentData(kit, kit.site.loopback('ipv4')),
);

epollRule('bytes behind urgent data come on a UNIX socket, too', (kit) =>
  withPath((endpoint) => hearsAroundUrgentData(kit, endpoint)),
);

epollRule('a reset that a peek has told is told to the receives behind it', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.ends(kit.close(server, { how: 'reset' }), 'done');
  await kit.settle();
  await kit.fails(kit.peek(client), 'reset');
  for (let i = 0; i < 2; i += 1) await kit.fails(kit.recv(client), 'reset');
  await kit.fails(kit.peek(client), 'reset');
});

epollRule('a reset that a send has told is told to the receive behind it', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.ends(kit.close(server, { how: 'reset' }), 'done');
  await kit.settle();
  await kit.fails(kit.send(client, ['anybody?']), 'reset');
  await kit.fails(kit.recv(client), 'reset');
});

epollRule(
  'FIN, unread data and then RST: the data comes, then the end or the reset',
  async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(server, 'the last words');
    await kit.ends(kit.shutdown(server), 'done');
    await kit.say(client, 'unread');
    await kit.settle();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.settle();
    const { bytes, last } = await kit.drain(client);
    assert.equal(bytes.toString(), 'the last words');
    assert.ok(last.status === 'eof' || last.fault?.code === 'reset', last.status);
  },
);

epollRule('a hang-up with unread data (EPOLLHUP): all of it comes before the end', async (kit) => {
  await withPath(async (endpoint) => {
    const listen = await kit.listening({ endpoint });
    const client = plainClient(endpoint);
    const accept = await kit.ends(kit.accept(listen.socket), 'done');
    client.say('x'.repeat(100_000));
    real.close(client.fd);
    await kit.settle();
    const { bytes, last } = await kit.drain(accept.accepted);
    assert.equal(bytes.length, 100_000);
    assert.equal(last.status, 'eof');
  });
});

epollRule('buffers without room take nothing, and are no end', async (kit) => {
  const { client, server } = await kit.pair();
  for (const into of [[], [new Uint8Array(0)]]) {
    assert.equal((await kit.ends(kit.recv(server, { into, minBytes: 0 }), 'done')).bytes, 0);
  }
  await kit.say(client, 'abc');
  await kit.settle();
  assert.equal((await kit.ends(kit.recv(server, { into: [], minBytes: 0 }), 'done')).bytes, 0);
  assert.equal(await kit.hear(server, 3), 'abc');
});

epollRule(
  'an operation for another kind of socket fails as badArgument, harmlessly',
  async (kit) => {
    const { client, server, listener } = await kit.pair();
    const udp = await kit.ends(kit.udpOpen(), 'done');
    await kit.say(client, 'kept');
    await kit.settle();
    for (const operation of [
      kit.udpRecv(server),
      kit.udpPeek(server),
      kit.udpSend(server, 'x'),
      kit.accept(server),
      kit.recv(udp.socket),
      kit.peek(udp.socket),
      kit.send(udp.socket, ['x']),
      kit.recv(listener),
      kit.shutdown(listener),
    ]) {
      await kit.fails(operation, 'badArgument');
    }
    assert.equal(await kit.hear(server, 4), 'kept');
  },
);

epollRule('an address that is none fails as badArgument and leaves no socket', async (kit) => {
  const { openSockets } = kit.port;
  const bad: Endpoint[] = [
    { family: 'ipv4', address: 'localhost', port: 80 },
    { family: 'ipv4', address: '127.0.0.1', port: 65_536 },
    { family: 'ipv6', address: '::1', port: -1 },
    { family: 'unix', address: 'a\0b', port: 0 },
    { family: 'unix', address: '', port: 0 },
    { family: 'unix', address: 'x'.repeat(108), port: 0 },
  ];
  for (const endpoint of bad) {
    await kit.fails(kit.connect(endpoint), 'badArgument');
    await kit.fails(kit.listen({ endpoint }), 'badArgument');
  }
  assert.equal(kit.port.openSockets, openSockets);
});

epollRule('an accepted connection sends small pieces at once (TCP_NODELAY)', async (kit) => {
  await kit.pair();
  const value = new Int32Array(1);
  let streams = 0;
  for (const fd of openDescriptors()) {
    if (real.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value) < 0) continue; // Not TCP.
    streams += 1;
    assert.equal(value[0], 1);
  }
  assert.equal(streams, 3);
});

epollRule('a connection that is being opened is given up without a trace', async (kit) => {
  const silent = await kit.site.silent();
  await kit.settle();
  const before = descriptors();
  const connects = Array.from({ length: 20 }, () => kit.connect(silent));
  await kit.settle();
  for (const connect of connects) kit.cancel(connect);
  for (const connect of connects) await kit.ends(connect, 'cancelled');
  assert.equal(kit.port.openSockets, 0);
  assert.equal(descriptors(), before);
});

epollRule(
  'a connect to a port of clients where nobody listens is refused, not one with itself',
  async (kit) => {
    const listen = await kit.listening();
    const bound = listen.bound as Endpoint;
    await kit.ends(kit.close(listen.socket), 'done');
    bindTo = bound;
    await kit.fails(kit.connect(bound), 'refused');
    bindTo = undefined;
    assert.equal(kit.port.openSockets, 0);
  },
  ({ bind, connect }) => ({
    // What the system does by chance: it gives the connection the port that it goes to.
    connect(fd, address, bytes) {
      const own = bindTo === undefined ? undefined : encodeAddress(bindTo);
      if (own !== undefined) assert.equal(bind(fd, own, own.length), 0);
      return connect(fd, address, bytes);
    },
  }),
);
let bindTo: Endpoint | undefined;

epollRule('a UNIX listener whose backlog is full refuses', async (kit) => {
  await withPath(async (endpoint) => {
    const listen = await kit.listening({ endpoint, backlog: 1 });
    const connects = Array.from({ length: 8 }, () => kit.connect(endpoint));
    for (const connect of connects) await kit.ends(connect, 'done', 'failed');
    const failed = connects.filter(({ status }) => status === 'failed');
    assert.ok(failed.length > 0 && failed.length < 8, `${failed.length} refused`);
    for (const { fault } of failed) assert.equal(fault?.code, 'refused');
    await kit.ends(kit.accept(listen.socket), 'done');
    await kit.ends(kit.connect(endpoint), 'done');
  });
});

epollRule('a UNIX listener makes its path, and takes it away when it closes', async (kit) => {
  await withPath(async (endpoint) => {
    for (let i = 0; i < 2; i += 1) {
      const { socket, bound } = await kit.listening({ endpoint });
      assert.deepEqual(bound, endpoint);
      assert.ok(existsSync(endpoint.address));
      const pair = await kit.pairOn(socket, endpoint);
      await kit.talks(pair);
      assert.deepEqual(kit.port.remoteEndpoint(pair.client), endpoint);
      assert.deepEqual(kit.port.remoteEndpoint(pair.server), { ...endpoint, address: '' });
      await kit.ends(kit.close(socket), 'done');
      assert.ok(!existsSync(endpoint.address));
    }
    await kit.fails(kit.connect(endpoint), 'refused');
  });
});

epollRule('an abstract UNIX name works, and is no path', async (kit) => {
  const endpoint: Endpoint = { family: 'unix', address: `\0sluice-${process.pid}`, port: 0 };
  const { socket, bound } = await kit.listening({ endpoint });
  assert.deepEqual(bound, endpoint);
  await kit.talks(await kit.pairOn(socket, endpoint));
});

epollRule('streams of IPv6 know both ends', async (kit) => {
  const pair = await kit.pair(kit, 'ipv6');
  await kit.talks(pair);
  assert.equal(kit.port.remoteEndpoint(pair.client)?.address, '::1');
  assert.deepEqual(kit.port.remoteEndpoint(pair.server), kit.port.localEndpoint(pair.client));
});

attemptRule('who waits on a socket that is closed is told when it is gone', async (kit) => {
  const { client } = await kit.pair();
  const read = kit.wait('read', client);
  const close = await kit.close(client, 'reset');
  assert.equal(close.status, 'done');
  await kit.reported(read);
  const late = kit.wait('write', client);
  await kit.reported(late);
});

attemptRule('who waits again while being told is told again, but not in a loop', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.say(client, 'never read');
  const turns = new Set<number>();
  const counted = kit.wait('read', server);
  const { watch } = counted;
  watch.onReady = () => {
    turns.add(kit.port.loop.turn);
    counted.reports += 1;
    if (counted.reports < 10) kit.port.wait(watch);
  };
  await kit.until(() => counted.reports === 10, 'ten reports');
  assert.equal(turns.size, 10, 'one report a turn');
});

attemptRule(
  'a receive into a small buffer leaves the socket ready: the rest is reported',
  async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'abcdef');
    for (const part of ['ab', 'cd', 'ef']) {
      await kit.reported(kit.wait('read', server));
      assert.equal((await kit.hear(server, 2)).toString(), part);
    }
    const wait = kit.wait('read', server);
    await kit.settle();
    assert.equal(wait.reports <= 1, true);
  },
);

epollRule(
  'a large file to a fast reader leaves the other sockets their turns',
  async (kit) => {
    const { client } = await kit.pair();
    const firstTurn = kit.port.loop.turn;
    const length = 64 * 1024 * 1024;
    await kit.ends(kit.transmit(client, { file: kit.site.file(Buffer.from('x')), length }), 'done');
    const turns = kit.port.loop.turn - firstTurn;
    assert.ok(turns >= 16, `${turns} turns for 64 MiB`);
  },
  // A reader that is never behind: the kernel takes everything at once.
  () => ({ sendfile: (_to, _from, _position, bytes) => bytes }),
);
