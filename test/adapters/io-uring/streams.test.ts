import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TCP_NODELAY } from '../../../adapters/linux/constants.ts';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { recvOperation } from '../../../src/core/operations.ts';
import type { Kit, Pair } from '../../conformance/kit.ts';
import { plainClient, uringRule } from './uring-rule.ts';

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
  client.say('-');
  assert.equal(await kit.hear(accept.accepted, 1), '-');
  client.say('before');
  client.say('!', MSG_OOB);
  client.say('behind');
  assert.equal(await kit.hear(accept.accepted, 12), 'beforebehind');
  client.close();
  await kit.ends(kit.recv(accept.accepted), 'eof');
}

uringRule('bytes on both sides of urgent data come', (kit) =>
  hearsAroundUrgentData(kit, kit.site.loopback('ipv4')),
);

uringRule('bytes on both sides of urgent data come on a UNIX socket, too', (kit) =>
  withPath((endpoint) => hearsAroundUrgentData(kit, endpoint)),
);

uringRule('a reset that a peek has told is told to the receives behind it', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.ends(kit.close(server, { how: 'reset' }), 'done');
  await kit.settle();
  await kit.fails(kit.peek(client), 'reset');
  for (let i = 0; i < 2; i += 1) await kit.fails(kit.recv(client), 'reset');
  await kit.fails(kit.peek(client), 'reset');
});

uringRule('a reset that a send has told is told to the receive behind it', async (kit) => {
  const { client, server } = await kit.pair();
  await kit.ends(kit.close(server, { how: 'reset' }), 'done');
  await kit.settle();
  await kit.fails(kit.send(client, ['anybody?']), 'reset');
  await kit.fails(kit.recv(client), 'reset');
});

uringRule('a hang-up with unread data: all of it comes before the end', async (kit) => {
  await withPath(async (endpoint) => {
    const listen = await kit.listening({ endpoint });
    const client = plainClient(endpoint);
    const accept = await kit.ends(kit.accept(listen.socket), 'done');
    client.say('x'.repeat(100_000));
    client.close();
    await kit.settle();
    const { bytes, last } = await kit.drain(accept.accepted);
    assert.equal(bytes.length, 100_000);
    assert.equal(last.status, 'eof');
  });
});

uringRule('buffers without room take nothing, and are no end', async (kit) => {
  const { client, server } = await kit.pair();
  for (const into of [[], [new Uint8Array(0)]]) {
    assert.equal((await kit.ends(kit.recv(server, { into, minBytes: 0 }), 'done')).bytes, 0);
  }
  await kit.say(client, 'abc');
  await kit.settle();
  assert.equal((await kit.ends(kit.recv(server, { into: [], minBytes: 0 }), 'done')).bytes, 0);
  assert.equal(await kit.hear(server, 3), 'abc');
});

uringRule('a minimum above the room of the buffers fails as badArgument', async (kit) => {
  const { client, server } = await kit.pair();
  const room = (): Uint8Array[] => [new Uint8Array(3)];
  await kit.fails(kit.recv(server, { into: room(), minBytes: 4 }), 'badArgument');
  await kit.say(client, 'abc');
  await kit.ends(kit.recv(server, { into: room(), minBytes: 3 }), 'done');
});

uringRule('one buffer of the caller’s takes more than a provided buffer holds', async (kit) => {
  const { client, server } = await kit.pair();
  const data = Buffer.alloc(1_000_000);
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 7) >> 3;
  const into = Buffer.alloc(data.length);
  const send = kit.send(client, [data]);
  const recv = kit.recv(server, { into: [into], minBytes: into.length });
  await kit.ends(recv, 'done');
  await kit.ends(send, 'done');
  assert.equal(Buffer.compare(into, data), 0);
});

uringRule('a buffer is untouched once its cancelled receive has completed', async (kit) => {
  const { client, server } = await kit.pair();
  for (let i = 0; i < 50; i += 1) {
    const into = new Uint8Array(4096).fill(0xa5);
    const recv = kit.recv(server, { into: [into] });
    if (i % 2 === 0) await kit.site.step();
    const send = kit.send(client, ['late']);
    kit.cancel(recv);
    await kit.ends(recv, 'cancelled', 'done');
    const { bytes } = recv;
    await kit.ends(send, 'done');
    await kit.hear(server, 4 - bytes);
    assert.ok(into.subarray(bytes).every((byte) => byte === 0xa5));
  }
});

uringRule('more receives than provided buffers complete at once, none is lost', async (kit) => {
  const { socket, bound } = await kit.listening();
  for (const count of [64, 65, 200]) {
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i += 1) pairs.push(await kit.pairOn(socket, bound as Endpoint));
    const heard: string[] = [];
    pairs.forEach(({ server }, i) => {
      const recv = recvOperation(server, ({ data, offset, bytes }) => {
        heard[i] = Buffer.from(data.subarray(offset, offset + bytes)).toString();
      });
      kit.submit(recv);
    });
    await kit.settle();
    kit.port.loop.post(() => {
      for (const [i, { client }] of pairs.entries()) kit.send(client, [`to ${i}`]);
    });
    await kit.until(() => Object.keys(heard).length === count, 'all messages');
    assert.deepEqual(
      heard,
      pairs.map((_, i) => `to ${i}`),
    );
    for (const { client, server } of pairs) {
      await kit.ends(kit.close(client, { how: 'reset' }), 'done');
      await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    }
  }
});

uringRule('more bytes of sends in one turn than the outgoing memory holds go out', async (kit) => {
  const { socket, bound } = await kit.listening();
  const pairs: Pair[] = [];
  for (let i = 0; i < 40; i += 1) pairs.push(await kit.pairOn(socket, bound as Endpoint));
  const text = 'text'.repeat(10_000); // 40 times 40 kB: more than 1 MiB.
  kit.port.loop.post(() => {
    for (const { client } of pairs) kit.send(client, [text, Buffer.from('!')]);
  });
  for (const { server } of pairs) {
    assert.equal(await kit.hear(server, text.length + 1), `${text}!`);
  }
});

uringRule(
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

uringRule('an address that is none fails as badArgument and leaves no socket', async (kit) => {
  const bad: Endpoint[] = [
    { family: 'ipv4', address: 'localhost', port: 80 },
    { family: 'ipv4', address: '127.0.0.1', port: 65_536 },
    { family: 'unix', address: '', port: 0 },
    { family: 'unix', address: 'x'.repeat(108), port: 0 },
  ];
  for (const endpoint of bad) {
    await kit.fails(kit.connect(endpoint), 'badArgument');
    await kit.fails(kit.listen({ endpoint }), 'badArgument');
  }
  assert.equal(kit.port.openSockets, 0);
});

let bindTo: Endpoint | undefined;

uringRule(
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
  {
    override: ({ bind, setsockopt }) => ({
      // What the system does by chance: it gives the connection the port that it goes to.
      setsockopt(fd, level, name, value) {
        const own = bindTo && name === TCP_NODELAY ? encodeAddress(bindTo) : undefined;
        if (own !== undefined) assert.equal(bind(fd, own, own.length), 0);
        return setsockopt(fd, level, name, value);
      },
    }),
  },
);

uringRule('a UNIX listener whose backlog is full refuses', async (kit) => {
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

uringRule('a UNIX listener makes its path, and takes it away when it closes', async (kit) => {
  await withPath(async (endpoint) => {
    for (let i = 0; i < 2; i += 1) {
      const { socket, bound } = await kit.listening({ endpoint });
      assert.deepEqual(bound, endpoint);
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

uringRule('a peer is known by its address also after its reset', async (kit) => {
  const { client, server } = await kit.pair();
  const remote = kit.port.remoteEndpoint(server);
  await kit.ends(kit.close(client, { how: 'reset' }), 'done');
  await kit.fails(kit.recv(server), 'reset');
  assert.deepEqual(kit.port.remoteEndpoint(server), remote);
});
