import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { peekOperation } from '../../src/core/operations.ts';
import type { Rules } from './run.ts';

/** What every port promises about looking at a stream without taking from it. */
export const peekRules: Rules = {
  'a peek that waits ends when bytes come, and consumes none': async (kit) => {
    const { client, server } = await kit.pair();
    const peek = kit.peek(server);
    await kit.settle();
    assert.equal(peek.status, 'pending');
    await kit.say(client, 'hello');
    await kit.ends(peek, 'done');
    assert.equal(await kit.hear(server, 5), 'hello');
  },

  'a peek after the bytes came ends at once, and consumes none': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'hello');
    await kit.settle();
    const peek = kit.peek(server);
    assert.equal(peek.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(peek, 'done');
    assert.equal(await kit.hear(server, 5), 'hello');
  },

  'two peeks and then a receive all see the same bytes': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'same');
    for (let i = 0; i < 2; i += 1) {
      const peek = await kit.ends(kit.peek(server, { wantBytes: 4 }), 'done');
      assert.equal(kit.text(peek), 'same');
    }
    assert.equal(await kit.hear(server, 4), 'same');
  },

  'a peek and a receive that wait together see the same bytes': async (kit) => {
    const { client, server } = await kit.pair();
    const peek = kit.peek(server, { wantBytes: 4 });
    const recv = kit.recv(server);
    await kit.say(client, 'same');
    await kit.ends(peek, 'done');
    await kit.ends(recv, 'done');
    assert.equal(kit.text(peek), 'same');
    assert.equal(kit.text(recv), 'same');
  },

  'one byte tells TLS from plain text, and is still there for the parser': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.send(client, [Uint8Array.of(0x16, 3, 1, 0, 5)]), 'done');
    const peek = await kit.ends(kit.peek(server, { wantBytes: 1 }), 'done');
    assert.deepEqual([...kit.port.received(peek)], [0x16]);
    const into = new Uint8Array(5);
    await kit.ends(kit.recv(server, { into: [into], minBytes: 5 }), 'done');
    assert.deepEqual([...into], [0x16, 3, 1, 0, 5]);
  },

  'a peek shows no more than was asked for, nothing when nothing was': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'abcdef');
    const three = await kit.ends(kit.peek(server, { wantBytes: 3 }), 'done');
    assert.equal(kit.text(three), 'abc');
    const none = await kit.ends(kit.peek(server), 'done');
    assert.equal(none.bytes, 0);
    assert.equal(await kit.hear(server, 6), 'abcdef');
  },

  'a peek sees the end behind the last byte, not before it': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'x');
    await kit.ends(kit.shutdown(client), 'done');
    await kit.settle();
    await kit.ends(kit.peek(server), 'done');
    assert.equal(await kit.hear(server, 1), 'x');
    await kit.ends(kit.peek(server), 'eof');
    await kit.ends(kit.peek(server), 'eof');
    await kit.ends(kit.recv(server), 'eof');
  },

  'an idle connection sees the peer’s FIN through its peek': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.talks({ client, server, listener: -1, bound: {} as Endpoint });
    const peek = kit.peek(client);
    await kit.settle();
    assert.equal(peek.status, 'pending');
    await kit.ends(kit.shutdown(server), 'done');
    await kit.ends(peek, 'eof');
  },

  'an idle connection sees the peer’s RST through its peek': async (kit) => {
    const { client, server } = await kit.pair();
    const peek = kit.peek(client);
    await kit.settle();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(peek, 'reset');
  },

  'a cancelled peek is cancelled, and the bytes come to the receive': async (kit) => {
    const { client, server } = await kit.pair();
    const peek = kit.peek(server);
    kit.cancel(peek);
    await kit.ends(peek, 'cancelled');
    await kit.say(client, 'still here');
    assert.equal(await kit.hear(server, 10), 'still here');
  },

  'an expired peek is expired, and the bytes come to the receive': async (kit) => {
    const { client, server } = await kit.pair();
    const deadlineMs = kit.nowMs() + 15;
    await kit.ends(kit.peek(server, { deadlineMs }), 'expired');
    assert.ok(kit.nowMs() >= deadlineMs);
    await kit.say(client, 'still here');
    assert.equal(await kit.hear(server, 10), 'still here');
  },

  'a peek does not keep the other direction waiting': async (kit) => {
    const { client, server } = await kit.pair();
    const peek = kit.peek(server);
    await kit.say(server, 'answer');
    assert.equal(await kit.hear(client, 6), 'answer');
    assert.equal(peek.status, 'pending');
  },
};

const BYTES_PER_IDLE_MAX = 8 * 1024;

/** Too long to run against every mutant. */
export const peekCrowdRules: Rules = {
  '10,000 idle peeks hold no buffer': async (kit) => {
    const { socket, bound } = await kit.listening();
    const { crowd } = kit.site; // Fewer where each costs two real descriptors.
    const pairs = [];
    for (let i = 0; i < crowd; i += 1) pairs.push(await kit.pairOn(socket, bound as Endpoint));
    const before = process.memoryUsage().arrayBuffers;
    let ended = 0;
    const peeks = pairs.map(({ server }) => {
      const peek = peekOperation(server, () => {
        ended += 1;
      });
      return kit.submit(peek);
    });
    await kit.settle();
    const perPeek = (process.memoryUsage().arrayBuffers - before) / crowd;
    assert.ok(perPeek < BYTES_PER_IDLE_MAX, `${perPeek} bytes of buffers per idle peek`);
    assert.equal(ended, 0);
    const chosen = peeks.length >> 1;
    await kit.say(pairs[chosen]?.client as number, 'you');
    await kit.until(() => ended === 1, 'one peek');
    assert.equal(peeks[chosen]?.status, 'done');
  },
};
