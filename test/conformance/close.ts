import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { closeOperation } from '../../src/core/operations.ts';
import type { Collected } from './kit.ts';
import { meanwhile } from './meanwhile.ts';
import type { Rules } from './run.ts';

/** What every port promises about the end of a connection. */
export const closeRules: Rules = {
  'half closed by the client: the server still answers': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'request');
    await kit.ends(kit.shutdown(client), 'done');
    assert.equal(await kit.hear(server, 7), 'request');
    await kit.ends(kit.recv(server), 'eof');
    await kit.say(server, 'answer');
    assert.equal(await kit.hear(client, 6), 'answer');
  },

  'half closed by the server: the client still sends': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.shutdown(server), 'done');
    await kit.ends(kit.recv(client), 'eof');
    await kit.say(client, 'upload');
    assert.equal(await kit.hear(server, 6), 'upload');
  },

  'both sides may shut down at once': async (kit) => {
    const { client, server } = await kit.pair();
    const shutdowns = [kit.shutdown(client), kit.shutdown(server)];
    for (const shutdown of shutdowns) await kit.ends(shutdown, 'done');
    await kit.ends(kit.recv(client), 'eof');
    await kit.ends(kit.recv(server), 'eof');
    for (const socket of [client, server]) await kit.ends(kit.close(socket), 'done');
    assert.equal(kit.port.openSockets, 1);
  },

  'both sides may close at once': async (kit) => {
    const { client, server } = await kit.pair();
    const closes = [kit.close(client), kit.close(server)];
    for (const close of closes) await kit.ends(close, 'done');
    assert.equal(kit.port.openSockets, 1);
  },

  'a graceful close delivers what was sent, then FIN': async (kit) => {
    const { client, server } = await kit.pair();
    const big = Buffer.alloc(1_000_000, 'payload ');
    const send = kit.send(client, [big]);
    const readAll = async (): Promise<Collected> => {
      const all = await kit.drain(server);
      await kit.ends(kit.close(server), 'done');
      return all;
    };
    const heard = meanwhile(readAll());
    await kit.ends(send, 'done');
    await kit.ends(kit.close(client), 'done');
    const { bytes, last } = await heard;
    assert.equal(last.status, 'eof');
    assert.equal(bytes.length, big.length);
    assert.equal(Buffer.compare(bytes, big), 0);
  },

  'a graceful close with unread bytes shows the peer FIN, not RST': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'a request that nobody reads');
    await kit.settle();
    await kit.say(server, 'go away');
    const close = kit.close(server);
    const { bytes, last } = await kit.drain(client);
    assert.equal(bytes.toString(), 'go away');
    assert.equal(last.status, 'eof', 'RST would have taken the answer away');
    await kit.ends(kit.close(client), 'done');
    await kit.ends(close, 'done');
  },

  'a graceful close reads and drops what still comes': async (kit) => {
    const { client, server } = await kit.pair();
    const close = kit.close(server);
    await kit.ends(kit.recv(client), 'eof');
    await kit.say(client, 'still talking');
    await kit.settle();
    await kit.ends(kit.shutdown(client), 'done');
    await kit.ends(close, 'done');
    const recv = await kit.ended(kit.recv(client));
    assert.equal(recv.status, 'eof');
  },

  'a graceful close lingers no longer than it was told': async (kit) => {
    const { client, server } = await kit.pair();
    const startMs = kit.nowMs();
    await kit.ends(kit.close(server, { lingerMs: 40 }), 'done');
    assert.ok(kit.nowMs() - startMs >= 39, 'the peer had its time');
    assert.equal(kit.port.remoteEndpoint(server), undefined);
    await kit.ends(kit.recv(client), 'eof', 'failed');
  },

  'a graceful close drops no more than it was told': async (kit) => {
    const { client, server } = await kit.pair();
    const close = kit.close(server, { lingerMs: 60_000, lingerBytes: 1024 });
    await kit.ends(kit.recv(client), 'eof');
    const flood = kit.send(client, [Buffer.alloc(kit.site.floodBytes)]);
    await kit.ends(close, 'done');
    await kit.ended(flood);
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
  },

  'a reset is seen by the peer as a reset': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(client);
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(recv, 'reset');
  },

  'a reset does not wait for a peer that does not read': async (kit) => {
    const { client } = await kit.pair();
    const send = kit.send(client, [Buffer.alloc(kit.site.floodBytes)]);
    await kit.settle();
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    assert.equal(send.status, 'cancelled');
    assert.ok(send.bytes < kit.site.floodBytes);
  },

  'closing twice ends both closes, and the socket once': async (kit) => {
    const { client, server } = await kit.pair();
    const first = kit.close(client);
    const second = kit.close(client);
    await kit.ends(kit.close(server), 'done');
    await kit.ends(first, 'done');
    await kit.ended(second);
    if (second.status !== 'done') assert.equal(second.fault?.code, 'closed');
    assert.equal(kit.port.openSockets, 1);
    await kit.fails(kit.close(client), 'closed');
  },

  'a close completes after every operation of its socket': async (kit) => {
    for (const how of ['graceful', 'reset'] as const) {
      const { client, server } = await kit.pair();
      const flood = kit.send(client, [Buffer.alloc(kit.site.floodBytes)]);
      await kit.settle();
      const order: string[] = [];
      const note = ({ kind, status }: { kind: string; status: string }): void => {
        order.push(`${kind} ${status}`);
      };
      const pending = [
        flood,
        kit.peek(client, { onComplete: note }),
        kit.recv(client, { onComplete: note }),
        kit.send(client, ['more'], { onComplete: note }),
        kit.transmit(client, { file: kit.site.file(Buffer.alloc(10)), length: 10 }),
        kit.shutdown(client),
      ];
      const close = closeOperation(client, note);
      kit.submit(Object.assign(close, { how, lingerMs: 30 }));
      await kit.ended(close);
      assert.equal(close.status, 'done');
      assert.equal(order.at(-1), 'close done');
      for (const { status } of pending) assert.notEqual(status, 'pending');
      assert.equal(kit.port.remoteEndpoint(client), undefined);
      await kit.ends(kit.close(server, { how: 'reset' }), 'done', 'failed');
    }
  },

  'whatever is submitted after the close fails as closed': async (kit) => {
    const { client } = await kit.pair();
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    const late = [
      kit.recv(client),
      kit.peek(client),
      kit.send(client, ['x']),
      kit.shutdown(client),
      kit.close(client),
      kit.accept(client),
      kit.udpRecv(client),
    ];
    for (const { status } of late) assert.equal(status, 'pending', 'not inside the call');
    for (const operation of late) await kit.fails(operation, 'closed');
  },

  'what is submitted while a close lingers fails as closed': async (kit) => {
    const { client, server } = await kit.pair();
    const close = kit.close(client);
    const late = [kit.recv(client), kit.send(client, ['x'])];
    for (const operation of late) await kit.ends(operation, 'failed', 'cancelled');
    await kit.ends(kit.close(server), 'done');
    await kit.ends(close, 'done');
    assert.equal((late[1] as { bytes: number }).bytes, 0);
  },

  'endpoints are known while the socket is open, and not afterwards': async (kit) => {
    const { listener, client, bound } = await kit.pair();
    assert.deepEqual(kit.port.localEndpoint(listener), bound as Endpoint);
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.ends(kit.close(listener), 'done');
    for (const socket of [client, listener, -1, 123_456]) {
      assert.equal(kit.port.localEndpoint(socket), undefined);
      assert.equal(kit.port.remoteEndpoint(socket), undefined);
    }
  },
};
