import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { recvOperation, sendOperation } from '../../src/core/operations.ts';
import { COMPLETIONS_PER_TURN_MAX } from './queues.ts';
import type { Rules } from './run.ts';

/** What every port promises about sockets, callbacks and ports that know nothing of each other. */
export const isolationRules: Rules = {
  'a callback that throws costs no other operation its completion': async (kit) => {
    const { client, server } = await kit.pair();
    kit.expectedUncaught = 2;
    const thrower = (): void => {
      throw new Error('on purpose');
    };
    kit.timer(kit.nowMs() + 5, { onComplete: thrower });
    const timer = kit.timer(kit.nowMs() + 5);
    const first = kit.recv(server, { into: [new Uint8Array(2)], onComplete: thrower });
    const second = kit.recv(server);
    await kit.say(client, 'abcd');
    await kit.ends(first, 'done');
    await kit.ends(second, 'done');
    assert.equal(kit.text(first) + kit.text(second), 'abcd');
    await kit.ends(timer, 'done');
    assert.equal(kit.site.uncaught.length, 2);
  },

  'one hot socket does not starve a quiet one': async (kit) => {
    const hot = await kit.pair();
    const quiet = await kit.pairOn(hot.listener, hot.bound);
    const total = 256 * 1024;
    let hotBytes = 0;
    let hotReads = 0;
    const recv = recvOperation(hot.server, () => {
      hotBytes += recv.bytes;
      hotReads += 1;
      if (hotBytes < total) kit.submit(recv);
    });
    const into = [new Uint8Array(16)]; // Many completions.
    const flood = kit.send(hot.client, [Buffer.alloc(total)]);
    await kit.say(quiet.client, 'quiet');
    await kit.settle();
    kit.submit(Object.assign(recv, { into }));
    const firstTurn = kit.port.loop.turn;
    let [quietTurn, quietAfter] = [0, 0];
    kit.recv(quiet.server, {
      onComplete: () => {
        quietTurn = kit.port.loop.turn;
        quietAfter = hotReads;
      },
    });
    await kit.until(() => quietTurn > 0, 'the quiet socket');
    assert.ok(quietTurn - firstTurn <= 3, `${quietTurn - firstTurn} turns`);
    assert.ok(quietAfter <= 3 * COMPLETIONS_PER_TURN_MAX, `after ${quietAfter} hot reads`);
    await kit.until(() => hotBytes === total, 'all hot bytes');
    assert.ok(kit.port.readsPerTurnMax <= COMPLETIONS_PER_TURN_MAX, `${kit.port.readsPerTurnMax}`);
    await kit.ends(flood, 'done');
  },

  'a slot that is used again takes nothing from its late events': async (kit) => {
    const { socket, bound } = await kit.listening();
    const seen = new Set<number>();
    for (let i = 0; i < 10; i += 1) {
      const old = await kit.pairOn(socket, bound as Endpoint);
      await kit.say(old.client, `late ${i}`);
      const reading = kit.recv(old.server, { into: [new Uint8Array(64)], minBytes: 64 });
      const closes = [old.server, old.client].map((id) => kit.close(id, { how: 'reset' }));
      const next = await kit.pairOn(socket, bound as Endpoint);
      for (const id of [next.client, next.server]) {
        assert.ok(!seen.has(id), 'numbers are not used again so soon');
        seen.add(id);
      }
      await kit.talks(next);
      await kit.ended(reading);
      for (const close of closes) await kit.ended(close);
      await kit.fails(kit.send(old.client, ['lost']), 'closed');
      for (const id of [next.client, next.server]) {
        await kit.ends(kit.close(id, { how: 'reset' }), 'done', 'failed');
      }
    }
  },

  'a closed port has cancelled everything and leaks nothing': async (kit) => {
    const { listener, client, server } = await kit.pair();
    const udp = await kit.ends(kit.udpOpen(), 'done');
    const flood = kit.send(client, [Buffer.alloc(kit.site.floodBytes)]);
    const silent = kit.connect(await kit.site.silent());
    await kit.settle();
    const pending = [
      kit.accept(listener),
      silent,
      kit.peek(client),
      kit.recv(client, { into: [new Uint8Array(100)] }),
      flood,
      kit.send(client, ['behind']),
      kit.udpRecv(udp.socket),
      kit.udpPeek(udp.socket),
      kit.timer(kit.nowMs() + 60_000),
    ];
    const closing = kit.close(server);
    kit.port.close();
    for (const { status } of pending) assert.equal(status, 'pending', 'not inside the call');
    await kit.until(() => kit.port.closed, 'the end of close()');
    for (const operation of pending) {
      assert.equal(operation.status, 'cancelled', `${operation.kind} is ${operation.status}`);
    }
    assert.equal(closing.status, 'cancelled', 'a close that still lingered');
    assert.equal(kit.port.openSockets, 0);
    assert.equal(kit.port.loop.pendingTimers, 0);
    await kit.fails(kit.listen(), 'closed');
    await kit.fails(kit.connect({ ...kit.site.loopback('ipv4'), port: 1 }), 'closed');
    await kit.fails(kit.udpOpen(), 'closed');
    await kit.ends(kit.timer(0), 'cancelled');
  },

  'a port may be closed twice, and tells both': async (kit) => {
    let told = 0;
    const tell = (): void => {
      told += 1;
    };
    kit.port.close(tell);
    kit.port.close(tell);
    await kit.until(() => told === 2, 'both reports');
    kit.port.close(tell);
    await kit.until(() => told === 3, 'a report after the end');
  },

  'a port may be closed from inside a completion': async (kit) => {
    const { client, server } = await kit.pair();
    const send = sendOperation(client, () => kit.port.close());
    kit.submit(Object.assign(send, { pieces: ['x'], count: 1 }));
    const recv = kit.recv(server, { into: [new Uint8Array(2)], minBytes: 2 });
    await kit.until(() => kit.port.closed, 'the end of close()');
    assert.equal(recv.status, 'cancelled');
    assert.equal(kit.port.openSockets, 0);
  },

  'two ports in one process talk, and end one without the other': async (kit) => {
    const other = kit.beside();
    const pair = await kit.pair(other);
    await kit.talks(pair, other);
    const recv = kit.recv(pair.server);
    other.port.close();
    await kit.until(() => other.port.closed, 'the end of the other port');
    await kit.ends(recv, 'eof', 'failed');
    await kit.talks(await kit.pairOn(pair.listener, pair.bound));
  },
};
