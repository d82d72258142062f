import assert from 'node:assert/strict';
import { NO_DESCRIPTOR } from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import { meanwhile } from './meanwhile.ts';
import type { ReactorRules } from './reactor-run.ts';

const FILLER = 0xa5;

/** What every port with the reactor's face promises about attempts. */
export const attemptRules: ReactorRules = {
  'an attempt that would block says read, and leaves the operation idle': async (kit) => {
    const { server, listener } = await kit.pair();
    assert.equal(kit.attempt(make.recvOperation(server, kit.unwanted)), 'read');
    assert.equal(kit.attempt(make.peekOperation(server, kit.unwanted)), 'read');
    assert.equal(kit.attempt(make.acceptOperation(listener, kit.unwanted)), 'read');
  },

  'an attempt that would block keeps no buffer: later bytes go to the next one': async (kit) => {
    const { client, server } = await kit.pair();
    const a = new Uint8Array(16).fill(FILLER);
    const b = new Uint8Array(16).fill(FILLER);
    const recv = make.recvOperation(server, kit.unwanted);
    assert.equal(kit.attempt(Object.assign(recv, { into: [a] })), 'read');
    const wait = kit.wait('read', server);
    await kit.say(client, 'for B');
    await kit.reported(wait);
    await kit.ends(Object.assign(recv, { into: [b] }), 'done');
    assert.equal(Buffer.from(b.subarray(0, recv.bytes)).toString('latin1'), 'for B');
    assert.ok(
      a.every((byte) => byte === FILLER),
      'A is untouched',
    );
    await kit.say(client, 'more');
    await kit.settle();
    assert.ok(a.every((byte) => byte === FILLER));
  },

  'an attempt after the bytes came completes at once': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'here');
    await kit.reported(kit.wait('read', server));
    const into = [new Uint8Array(2)];
    const recv = Object.assign(make.recvOperation(server, kit.unwanted), { into });
    assert.equal(kit.attempt(recv), 'completed');
    assert.equal(recv.bytes, 2);
    assert.equal((await kit.hear(server, 2)).toString(), 're');
  },

  'a peek attempt consumes nothing': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'peeked');
    for (let i = 0; i < 2; i += 1) {
      await kit.ends(make.peekOperation(server, kit.unwanted), 'done');
    }
    assert.equal((await kit.hear(server, 6)).toString(), 'peeked');
  },

  'the end of the stream is told to every attempt': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(make.shutdownOperation(client, kit.unwanted), 'done');
    await kit.reported(kit.wait('read', server));
    for (let i = 0; i < 3; i += 1) {
      await kit.ends(make.recvOperation(server, kit.unwanted), 'eof');
    }
  },

  'a reset is told to the attempt': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.close(client, 'reset');
    const recv = await kit.ends(make.recvOperation(server, kit.unwanted), 'failed');
    assert.equal(recv.fault?.code, 'reset');
  },

  'a send that is taken in part goes on from there': async (kit) => {
    const { client, server } = await kit.pair();
    const words = new Uint32Array(kit.site.floodBytes / 4).map((_, i) => i);
    const bytes = Buffer.from(words.buffer);
    const send = make.sendOperation(client, kit.unwanted);
    const sending = meanwhile(kit.ended(Object.assign(send, { pieces: [bytes], count: 1 })));
    const heard = await kit.hear(server, bytes.length);
    await sending;
    assert.equal(send.status, 'done');
    assert.equal(send.bytes, bytes.length);
    assert.equal(Buffer.compare(heard, bytes), 0);
  },

  'an abandoned connect is cancelled and leaves no socket': async (kit) => {
    const connect = make.connectOperation(await kit.site.silent(), kit.unwanted);
    const attempt = kit.attempt(connect);
    assert.notEqual(attempt, 'completed');
    kit.port.abandon(connect);
    assert.equal(connect.status, 'cancelled');
    await kit.until(() => kit.port.openSockets === 0, 'the end of its socket');
  },

  'a connect that is refused is told to an attempt': async (kit) => {
    const { listener, bound, client, server } = await kit.pair();
    for (const socket of [client, server]) await kit.close(socket, 'reset');
    await kit.close(listener, 'graceful');
    const connect = await kit.ends(make.connectOperation(bound, kit.unwanted), 'failed');
    assert.equal(connect.fault?.code, 'refused');
    await kit.until(() => kit.port.openSockets === 0, 'the end of its socket');
  },

  'a graceful close is attempted until the peer has seen FIN and answered it': async (kit) => {
    const { client, server } = await kit.pair();
    const close = make.closeOperation(server, kit.unwanted);
    const first = kit.attempt(close);
    await kit.ends(make.recvOperation(client, kit.unwanted), 'eof');
    await kit.close(client, 'graceful');
    if (first !== 'completed') await kit.ends(close, 'done');
    assert.equal(close.status, 'done');
    await kit.until(() => kit.port.openSockets === 1, 'the listener alone');
  },

  'a detach completes at once, or fails as unsupported and hurts nothing': async (kit) => {
    const { client, server } = await kit.pair();
    const how = 'detach' as const;
    const close = Object.assign(make.closeOperation(client, kit.unwanted), { how });
    assert.equal(kit.attempt(close), 'completed');
    let socket = client;
    if (kit.port.capabilities.detach) {
      assert.equal(close.status, 'done');
      const adopt = make.adoptOperation(close.descriptor, 'stream', kit.unwanted);
      socket = (await kit.ends(adopt, 'done')).socket;
    } else {
      assert.equal(close.fault?.code, 'unsupported');
      const adopt = make.adoptOperation(close.descriptor, 'stream', kit.unwanted);
      await kit.ends(adopt, 'failed');
    }
    await kit.say(socket, 'still here');
    assert.equal((await kit.hear(server, 10)).toString(), 'still here');
  },

  'a detach of what is being opened gives it up, or leaves it alone': async (kit) => {
    const connect = make.connectOperation(await kit.site.silent(), kit.unwanted);
    assert.notEqual(kit.attempt(connect), 'completed');
    const how = 'detach' as const;
    const close = Object.assign(make.closeOperation(connect.socket, kit.unwanted), { how });
    assert.equal(kit.attempt(close), 'completed');
    assert.equal(close.descriptor, NO_DESCRIPTOR);
    assert.equal(close.status, kit.port.capabilities.detach ? 'done' : 'failed');
    kit.port.abandon(connect);
    await kit.until(() => kit.port.openSockets === 0, 'the end of its socket');
  },

  'an attempt on a number that is no socket fails as closed': async (kit) => {
    const { client } = await kit.pair();
    await kit.close(client, 'reset');
    for (const operation of [
      make.recvOperation(client, kit.unwanted),
      make.peekOperation(client, kit.unwanted),
      Object.assign(make.sendOperation(client, kit.unwanted), { pieces: ['x'], count: 1 }),
    ]) {
      await kit.ends(operation, 'failed');
      assert.equal(operation.fault?.code, 'closed');
    }
  },
};
