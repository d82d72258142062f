import assert from 'node:assert/strict';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Kit } from '../../conformance/kit.ts';
import type { Rules } from '../../conformance/run.ts';
import { plainClient } from './plain-client.ts';

const MSG_OOB = 1;

export async function hearsAroundUrgentData(kit: Kit, endpoint: Endpoint): Promise<void> {
  const listen = await kit.listening({ endpoint });
  const client = plainClient(listen.bound as Endpoint);
  const accept = await kit.ends(kit.accept(listen.socket), 'done');
  // Received first, and so known to be empty: for epoll the next bytes are an edge.
  client.say('-');
  assert.equal(await kit.hear(accept.accepted, 1), '-');
  client.say('before');
  client.say('!', MSG_OOB);
  client.say('behind');
  assert.equal(await kit.hear(accept.accepted, 12), 'beforebehind');
  client.close();
  await kit.ends(kit.recv(accept.accepted), 'eof');
}

/** `bindTo`: connects from there as long as it is set, as the system does by chance. */
export async function connectsNotToItself(
  kit: Kit,
  bindTo: (endpoint: Endpoint | undefined) => void,
): Promise<void> {
  const listen = await kit.listening();
  const bound = listen.bound as Endpoint;
  await kit.ends(kit.close(listen.socket), 'done');
  bindTo(bound);
  await kit.fails(kit.connect(bound), 'refused');
  bindTo(undefined);
  assert.equal(kit.port.openSockets, 0);
}

export const SELF_CONNECT: string =
  'a connect to a port of clients where nobody listens is refused, not one with itself';

/** What the adapters to Linux promise about TCP, beyond what every adapter does. */
export const streamRules: Rules = {
  'bytes on both sides of urgent data come': (kit) =>
    hearsAroundUrgentData(kit, kit.site.loopback('ipv4')),

  'a reset that a peek has told is told to the receives behind it': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.settle();
    await kit.fails(kit.peek(client), 'reset');
    for (let i = 0; i < 2; i += 1) await kit.fails(kit.recv(client), 'reset');
    await kit.fails(kit.peek(client), 'reset');
  },

  'a reset that a send has told is told to the receive behind it': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.settle();
    await kit.fails(kit.send(client, ['anybody?']), 'reset');
    await kit.fails(kit.recv(client), 'reset');
  },

  'FIN, unread data and then RST: the data comes, then the end or the reset': async (kit) => {
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

  'buffers without room take nothing, and are no end': async (kit) => {
    const { client, server } = await kit.pair();
    for (const into of [[], [new Uint8Array(0)]]) {
      assert.equal((await kit.ends(kit.recv(server, { into, minBytes: 0 }), 'done')).bytes, 0);
    }
    await kit.say(client, 'abc');
    await kit.settle();
    assert.equal((await kit.ends(kit.recv(server, { into: [], minBytes: 0 }), 'done')).bytes, 0);
    assert.equal(await kit.hear(server, 3), 'abc');
  },

  'a buffer is untouched once its cancelled receive has completed': async (kit) => {
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
  },

  'a last send brings its bytes and the end at once, and what comes is still heard': async (
    kit,
  ) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.send(client, ['good', 'bye'], { last: true }), 'done');
    assert.equal(await kit.hear(server, 7), 'goodbye');
    await kit.ends(kit.recv(server), 'eof');
    await kit.say(server, 'late');
    assert.equal(await kit.hear(client, 4), 'late');
    await kit.ends(kit.close(client, { lingerMs: 0 }), 'done');
  },

  'a last send is heard though its sender is closed with bytes unread': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(server, 'unread');
    await kit.ends(kit.send(client, ['bye'], { last: true }), 'done');
    await kit.ends(kit.close(client, { lingerMs: 0 }), 'done');
    assert.equal(await kit.hear(server, 3), 'bye');
  },

  'an operation for another kind of socket fails as badArgument, harmlessly': async (kit) => {
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

  'an address that is none fails as badArgument and leaves no socket': async (kit) => {
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
  },

  'a connection that is being opened is given up without a trace': async (kit) => {
    const silent = await kit.site.silent();
    await kit.settle();
    const connects = Array.from({ length: 20 }, () => kit.connect(silent));
    await kit.settle();
    for (const connect of connects) kit.cancel(connect);
    for (const connect of connects) await kit.ends(connect, 'cancelled');
    assert.equal(kit.port.openSockets, 0);
  },

  'streams of IPv6 know both ends': async (kit) => {
    const pair = await kit.pair(kit, 'ipv6');
    await kit.talks(pair);
    assert.equal(kit.port.remoteEndpoint(pair.client)?.address, '::1');
    assert.deepEqual(kit.port.remoteEndpoint(pair.server), kit.port.localEndpoint(pair.client));
  },

  'a peer is known by its address also after its reset': async (kit) => {
    const { client, server } = await kit.pair();
    const remote = kit.port.remoteEndpoint(server);
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.fails(kit.recv(server), 'reset');
    assert.deepEqual(kit.port.remoteEndpoint(server), remote);
  },
};
