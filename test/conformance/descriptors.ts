import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { NO_DESCRIPTOR, type SocketId, type SocketKind } from '../../src/core/operation.ts';
import { closeOperation } from '../../src/core/operations.ts';
import type { Kit } from './kit.ts';
import type { Rules } from './run.ts';

/** What every port promises about descriptors that it gives away or takes over. */
export const descriptorRules: Rules = {
  'a detached stream leaves the port unharmed, where the port can': async (kit) => {
    const pair = await kit.pair();
    const close = kit.close(pair.client, { how: 'detach' });
    if (!kit.port.capabilities.detach) {
      await kit.fails(close, 'unsupported');
      assert.equal(close.descriptor, NO_DESCRIPTOR);
      assert.equal(kit.port.openSockets, 3);
      await kit.talks(pair);
      return;
    }
    await kit.ends(close, 'done');
    assert.ok(close.descriptor >= 0);
    assert.equal(kit.port.openSockets, 2);
    assert.equal(kit.port.remoteEndpoint(pair.client), undefined);
    await kit.fails(kit.send(pair.client, ['x']), 'closed');
    const recv = kit.recv(pair.server);
    await kit.settle();
    assert.equal(recv.status, 'pending', 'the peer notices nothing');
    closeSync(close.descriptor);
    await kit.ends(recv, 'eof');
  },

  'a detach cancels what is pending, and completes after it': async (kit) => {
    const { client, server } = await kit.pair();
    const order: string[] = [];
    const note = ({ kind, status }: { kind: string; status: string }): void => {
      order.push(`${kind} ${status}`);
    };
    const flood = kit.send(client, [Buffer.alloc(kit.site.floodBytes)], { onComplete: note });
    const recv = kit.recv(client, { onComplete: note });
    await kit.settle();
    const close = Object.assign(closeOperation(client, note), { how: 'detach' as const });
    kit.submit(close);
    await kit.ended(close);
    if (!kit.port.capabilities.detach) {
      assert.equal(close.fault?.code, 'unsupported');
      assert.equal(recv.status, 'pending', 'nothing is hurt');
      await kit.ends(kit.close(client, { how: 'reset' }), 'done');
      return;
    }
    assert.deepEqual(
      [flood.status, recv.status, order.at(-1)],
      ['cancelled', 'cancelled', 'close done'],
    );
    closeSync(close.descriptor);
    const { bytes } = await kit.drain(server);
    assert.ok(bytes.length >= flood.bytes && bytes.length <= flood.bytesPossible, 'truthful');
  },

  'a stream that another port adopts goes on, and no byte is lost': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'before, ');
    const socket = await moved(kit, server, 'stream');
    if (socket === undefined) return;
    const { other, id } = socket;
    await kit.say(client, 'after');
    await kit.ends(kit.shutdown(client), 'done');
    const { bytes, last } = await other.drain(id);
    assert.equal(bytes.toString('latin1'), 'before, after');
    assert.equal(last.status, 'eof');
    assert.deepEqual(other.port.remoteEndpoint(id), kit.port.localEndpoint(client));
    await other.say(id, 'answer');
    assert.equal(await kit.hear(client, 6), 'answer');
    await other.ends(other.close(id), 'done');
    await kit.ends(kit.recv(client), 'eof');
  },

  'a listener that another port adopts keeps the connections that wait': async (kit) => {
    const { socket: listener, bound } = await kit.listening();
    const connects = [kit.connect(bound as Endpoint), kit.connect(bound as Endpoint)];
    for (const connect of connects) await kit.ends(connect, 'done');
    const accept = kit.accept(listener);
    if (!kit.port.capabilities.detach) await kit.ends(accept, 'done');
    const socket = await moved(kit, listener, 'listener');
    if (socket === undefined) return;
    const { other, id } = socket;
    assert.deepEqual(other.port.localEndpoint(id), bound);
    // One that was pending may have got its connection before the listener left.
    const taken = accept.status === 'done' ? 1 : 0;
    for (let left = connects.length - taken; left > 0; left -= 1) {
      await other.ends(other.accept(id), 'done');
    }
    await other.pairOn(id, bound as Endpoint, kit);
  },

  'a datagram socket that another port adopts keeps its datagrams': async (kit) => {
    const { socket: receiver, bound } = await kit.ends(kit.udpOpen(), 'done');
    const { socket: sender } = await kit.ends(kit.udpOpen(), 'done');
    await kit.ends(kit.udpSend(sender, 'kept', bound), 'done');
    await kit.settle();
    const socket = await moved(kit, receiver, 'datagrams');
    if (socket === undefined) return;
    const { other, id } = socket;
    const recv = await other.ends(other.udpRecv(id), 'done');
    assert.equal(other.text(recv), 'kept');
    assert.deepEqual(recv.from, kit.port.localEndpoint(sender));
  },

  'a descriptor that is not what the adopt says stays the caller’s': async (kit) => {
    const file = kit.site.file(Buffer.alloc(1));
    const code = kit.port.capabilities.adopt ? 'badArgument' : 'unsupported';
    for (const as of ['stream', 'listener', 'datagrams'] as const) {
      await kit.fails(kit.adopt(file, as), code);
    }
    await kit.fails(kit.adopt(NO_DESCRIPTOR, 'stream'), 'closed', 'unsupported');
    const { socket } = await kit.ends(kit.udpOpen(), 'done');
    const close = await kit.ends(kit.close(socket, { how: 'detach' }), 'done', 'failed');
    if (close.status === 'failed') return;
    for (const as of ['stream', 'listener'] as const) {
      const adopt = await kit.fails(kit.adopt(close.descriptor, as), 'badArgument');
      assert.equal(adopt.socket, -1);
    }
    await kit.ends(kit.adopt(close.descriptor, 'datagrams'), 'done');
    assert.equal(kit.port.openSockets, 1);
  },

  'what is only being opened cannot be detached: it is given up': async (kit) => {
    const connect = kit.connect(await kit.site.silent());
    await kit.settle();
    const close = await kit.ended(kit.close(connect.socket, { how: 'detach' }));
    assert.equal(close.descriptor, NO_DESCRIPTOR);
    if (!kit.port.capabilities.detach) {
      assert.equal(close.fault?.code, 'unsupported');
      assert.equal(connect.status, 'pending');
      kit.cancel(connect);
    }
    await kit.ends(connect, 'cancelled');
    assert.equal(kit.port.openSockets, 0);
  },

  'data goes with the SYN only where a port can, and is asked to': async (kit) => {
    const listen = kit.listen({ fastOpen: 16 });
    if (!kit.port.capabilities.fastOpen) {
      await kit.fails(listen, 'unsupported');
      const { bound } = await kit.listening();
      await kit.fails(kit.connect(bound as Endpoint, { fastOpen: true }), 'unsupported');
      return;
    }
    const { socket: listener, bound } = await kit.ends(listen, 'done');
    for (let i = 0; i < 2; i += 1) {
      const accept = kit.accept(listener);
      const connect = await kit.ended(kit.connect(bound as Endpoint, { fastOpen: true }));
      if (connect.status === 'failed') {
        assert.equal(connect.fault?.code, 'unsupported', 'the system forbids it');
        return;
      }
      await kit.say(connect.socket, 'early');
      await kit.ends(accept, 'done');
      assert.equal(await kit.hear(accept.accepted, 5), 'early');
    }
  },

  'an exclusive listener accepts like any other, where a port can': async (kit) => {
    const listen = kit.listen({ balance: 'exclusive' });
    if (!kit.port.capabilities.exclusiveAccept) {
      await kit.fails(listen, 'unsupported');
      return;
    }
    const { socket, bound } = await kit.ends(listen, 'done');
    await kit.pairOn(socket, bound as Endpoint);
    const waits = [kit.connect(bound as Endpoint), kit.connect(bound as Endpoint)];
    for (const connect of waits) await kit.ends(connect, 'done');
    for (const _ of waits) await kit.ends(kit.accept(socket), 'done');
    const accepts = [kit.accept(socket), kit.accept(socket)];
    kit.cancel(accepts[1] as (typeof accepts)[1]);
    await kit.ends(kit.connect(bound as Endpoint), 'done');
    await kit.ends(accepts[0] as (typeof accepts)[0], 'done');
    await kit.ends(kit.close(socket), 'done');
  },
};

/** Moves a socket to another port of the process; `undefined`: this port gives nothing away. */
async function moved(
  kit: Kit,
  socket: SocketId,
  as: SocketKind,
): Promise<{ other: Kit; id: SocketId } | undefined> {
  const close = await kit.ended(kit.close(socket, { how: 'detach' }));
  if (!kit.port.capabilities.detach) {
    assert.equal(close.fault?.code, 'unsupported');
    return undefined;
  }
  const other = kit.beside();
  const adopt = await other.ends(other.adopt(close.descriptor, as), 'done');
  assert.deepEqual(adopt.bound, other.port.localEndpoint(adopt.socket));
  return { other, id: adopt.socket };
}
