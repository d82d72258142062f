import assert from 'node:assert/strict';
import { BufferPool, type Lease } from '../../src/core/buffer-pool.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { recvOperation } from '../../src/core/operations.ts';
import { meanwhile } from './meanwhile.ts';
import type { Rules } from './run.ts';

const FILLER = 0xa5;

/** What every port promises about receiving from a stream. */
export const receiveRules: Rules = {
  'a receive that waits gets the bytes when they come': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(server);
    await kit.settle();
    assert.equal(recv.status, 'pending');
    await kit.say(client, 'hello');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(recv), 'hello');
  },

  'a receive after the bytes came gets them at once': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'hello');
    await kit.settle();
    const recv = kit.recv(server);
    assert.equal(recv.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(recv), 'hello');
  },

  'a receive takes what is there and does not wait for a full buffer': async (kit) => {
    const { client, server } = await kit.pair();
    const into = new Uint8Array(100).fill(FILLER);
    await kit.say(client, 'short');
    const recv = await kit.ends(kit.recv(server, { into: [into] }), 'done');
    assert.equal(recv.bytes, 5);
    assert.equal(kit.text(recv), 'short');
    assert.ok(into.subarray(5).every((byte) => byte === FILLER));
  },

  'a buffer smaller than what waits leaves the rest for the next receive': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'one two three');
    const into = [new Uint8Array(4)];
    const first = await kit.ends(kit.recv(server, { into, minBytes: 4 }), 'done');
    assert.equal(kit.text(first), 'one ');
    assert.equal(await kit.hear(server, 9), 'two three');
  },

  'a minimum is waited for over several segments': async (kit) => {
    const { client, server } = await kit.pair();
    const into = [new Uint8Array(10)];
    const recv = kit.recv(server, { into, minBytes: 8 });
    for (const segment of ['abc', 'def']) {
      await kit.say(client, segment);
      await kit.settle();
      assert.equal(recv.status, 'pending');
    }
    await kit.say(client, 'ghi');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(recv), 'abcdefghi');
  },

  'several buffers are filled in turn': async (kit) => {
    const { client, server } = await kit.pair();
    const into = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(4), new Uint8Array(5)];
    const recv = kit.recv(server, { into, minBytes: 9 });
    await kit.say(client, 'abcdefghi');
    await kit.ends(recv, 'done');
    const parts = into.map((buffer) => Buffer.from(buffer).toString('latin1'));
    assert.deepEqual(parts, ['abc', '', 'defg', 'hi\0\0\0']);
  },

  'a lent view is whole until the callback returns, whatever the callback submits': async (kit) => {
    const { client, server } = await kit.pair();
    const views: string[] = [];
    const recv = recvOperation(server, ({ status, data, offset, bytes }) => {
      if (status !== 'done') return;
      const view = data.subarray(offset, offset + bytes);
      kit.submit(recv);
      kit.send(client, ['more']);
      views.push(Buffer.from(view).toString('latin1'));
    });
    kit.submit(recv);
    await kit.say(client, 'first');
    await kit.until(() => views.join('').length >= 13, 'three messages');
    assert.equal(views.join('').slice(0, 13), 'firstmoremore');
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
  },

  'bytes that are kept outlive the callback, are released, and not used again': async (kit) => {
    const { client, server } = await kit.pair();
    const pool = new BufferPool(64);
    const leases: Lease[] = [];
    const recv = recvOperation(server, ({ status, data, offset, bytes }) => {
      if (status !== 'done') return;
      leases.push(pool.keep(data, offset, bytes));
      kit.submit(recv);
    });
    kit.submit(recv);
    await kit.say(client, 'x'.repeat(200));
    await kit.until(() => leases.reduce((sum, lease) => sum + lease.bytes, 0) === 200, 'all bytes');
    await kit.say(client, 'y'.repeat(200));
    await kit.until(() => leases.reduce((sum, lease) => sum + lease.bytes, 0) === 400, 'the rest');
    const kept = Buffer.concat(leases.flatMap((lease) => lease.views())).toString('latin1');
    assert.equal(kept, `${'x'.repeat(200)}${'y'.repeat(200)}`);
    for (const lease of leases) lease.release();
    assert.equal(pool.lent, 0);
    assert.throws(() => leases[0]?.views(), { name: 'InvariantError' });
    assert.throws(() => leases[0]?.release(), { name: 'InvariantError' });
    const again = pool.take();
    assert.ok(pool.idle < 8, 'a released chunk is used again');
    pool.give(again);
    kit.cancel(recv);
    await kit.ends(recv, 'cancelled');
  },

  'receives of one socket complete in the order of submission': async (kit) => {
    const { client, server } = await kit.pair();
    const order: number[] = [];
    const into = [0, 1, 2, 3].map(() => new Uint8Array(2));
    into.forEach((buffer, i) => {
      const recv = recvOperation(server, () => order.push(i));
      kit.submit(Object.assign(recv, { into: [buffer], minBytes: 2 }));
    });
    await kit.say(client, 'aabbccdd');
    await kit.until(() => order.length === 4, 'four receives');
    assert.deepEqual(order, [0, 1, 2, 3]);
    assert.equal(Buffer.concat(into).toString('latin1'), 'aabbccdd');
  },

  'both directions carry bytes at the same time': async (kit) => {
    const { client, server } = await kit.pair();
    const big = Buffer.alloc(300_000, 'there');
    const small = Buffer.alloc(200_000, 'back');
    const sends = [kit.send(client, [big]), kit.send(server, [small])];
    const there = meanwhile(kit.hear(server, big.length));
    const back = meanwhile(kit.hear(client, small.length));
    assert.equal(await there, big.toString('latin1'));
    assert.equal(await back, small.toString('latin1'));
    for (const send of sends) await kit.ends(send, 'done');
  },

  'the end of the stream is told again and again': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.shutdown(client), 'done');
    for (let i = 0; i < 3; i += 1) {
      const recv = await kit.ends(kit.recv(server), 'eof');
      assert.equal(recv.bytes, 0);
    }
  },

  'bytes before the end come first': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'last words');
    await kit.ends(kit.shutdown(client), 'done');
    await kit.settle();
    const { bytes, last } = await kit.drain(server);
    assert.equal(bytes.toString('latin1'), 'last words');
    assert.equal(last.status, 'eof');
  },

  'a minimum that the end cuts short ends as eof with the bytes there were': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(server, { into: [new Uint8Array(10)], minBytes: 10 });
    await kit.say(client, 'abc');
    await kit.ends(kit.shutdown(client), 'done');
    await kit.ends(recv, 'eof');
    assert.equal(kit.text(recv), 'abc');
  },

  'a reset fails the receive that waits, and the ones after it': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(server);
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.fails(recv, 'reset');
    const after = await kit.ended(kit.recv(server));
    assert.notEqual(after.status, 'done', 'nothing can come any more');
  },

  'a reset behind unread bytes never looks like an orderly end': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'unread');
    await kit.settle();
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.settle();
    // A system may drop the bytes with the RST; what it gives must be their beginning.
    const { bytes, last } = await kit.drain(server);
    assert.ok('unread'.startsWith(bytes.toString('latin1')));
    assert.equal(last.status, 'failed');
    assert.equal(last.fault?.code, 'reset');
  },

  'a cancelled receive consumes nothing and touches no buffer': async (kit) => {
    const { client, server } = await kit.pair();
    const into = new Uint8Array(8).fill(FILLER);
    const recv = kit.recv(server, { into: [into] });
    await kit.settle();
    kit.cancel(recv);
    assert.equal(recv.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(recv, 'cancelled');
    assert.equal(recv.bytes, 0);
    await kit.say(client, 'kept');
    await kit.settle();
    assert.ok(
      into.every((byte) => byte === FILLER),
      'the buffer is the caller’s again',
    );
    assert.equal(await kit.hear(server, 4), 'kept');
  },

  'a cancelled receive with a partial minimum shows the bytes it has': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(server, { into: [new Uint8Array(10)], minBytes: 10 });
    await kit.say(client, 'abc');
    await kit.settle();
    kit.cancel(recv);
    await kit.ends(recv, 'cancelled');
    await kit.say(client, 'def');
    const rest = await kit.hear(server, 6 - recv.bytes);
    assert.equal(kit.text(recv) + rest, 'abcdef');
  },

  'an expired receive loses nothing, and its deadline is not met early': async (kit) => {
    const { client, server } = await kit.pair();
    const deadlineMs = kit.nowMs() + 20;
    const recv = kit.recv(server, { into: [new Uint8Array(10)], minBytes: 10, deadlineMs });
    await kit.say(client, 'abc');
    await kit.ends(recv, 'expired');
    assert.ok(kit.nowMs() >= deadlineMs);
    await kit.say(client, 'def');
    const rest = await kit.hear(server, 6 - recv.bytes);
    assert.equal(kit.text(recv) + rest, 'abcdef');
  },

  'a deadline that moves on with every use is met only when the last one passes': async (kit) => {
    const { client, server } = await kit.pair();
    let endedMs = 0;
    const recv = recvOperation(server, () => {
      endedMs = kit.nowMs();
    });
    for (let uses = 0, tries = 0; uses < 4 && tries < 40; tries += 1) {
      recv.deadlineMs = kit.nowMs() + 60;
      kit.submit(recv);
      await kit.elapse(20);
      await kit.say(client, 'tick');
      await kit.ends(recv, 'done', 'expired');
      if (recv.status === 'done') {
        uses += 1;
      } else {
        // A busy machine is that late; what was said late is still there.
        assert.ok(endedMs >= recv.deadlineMs, 'it expired before its deadline');
        await kit.hear(server, 4);
      }
    }
    const lastMs = kit.nowMs() + 60;
    recv.deadlineMs = lastMs;
    kit.submit(recv);
    await kit.ends(recv, 'expired');
    assert.ok(kit.nowMs() >= lastMs);
  },

  'a cancel that races with the bytes loses none, at whatever moment it comes': async (kit) => {
    const { client, server } = await kit.pair();
    let sent = '';
    let heard = '';
    for (let i = 0; i < 20; i += 1) {
      const text = `<${i}>`;
      sent += text;
      const recv = kit.recv(server, i % 2 === 0 ? {} : { into: [new Uint8Array(64)] });
      const send = kit.send(client, [text]);
      for (let steps = i % 5; steps > 0; steps -= 1) await kit.site.step();
      kit.cancel(recv);
      await kit.ends(recv, 'cancelled', 'done');
      heard += kit.text(recv);
      await kit.ends(send, 'done');
    }
    heard += await kit.hear(server, sent.length - heard.length);
    assert.equal(heard, sent);
  },

  'a cancelled receive lets the one behind it go on': async (kit) => {
    const { client, server } = await kit.pair();
    const first = kit.recv(server);
    const second = kit.recv(server);
    kit.cancel(first);
    await kit.ends(first, 'cancelled');
    await kit.say(client, 'for the second');
    await kit.ends(second, 'done');
    assert.equal(kit.text(second), 'for the second');
  },

  'a receive on a number that is no socket fails as closed': async (kit) => {
    const { client, bound } = await kit.pair();
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.fails(kit.recv(client), 'closed');
    assert.ok((bound as Endpoint).port > 0);
  },
};
