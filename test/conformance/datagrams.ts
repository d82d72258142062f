import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId } from '../../src/core/operation.ts';
import { udpRecvOperation } from '../../src/core/operations.ts';
import { LIMITED_DATAGRAMS } from './fixture.ts';
import type { Kit } from './kit.ts';
import { COMPLETIONS_PER_TURN_MAX } from './queues.ts';
import type { Rules } from './run.ts';

const LARGEST = 65_507; // 65535 less the IPv4 and UDP headers (RFC 768, RFC 791).

export type Ends = {
  readonly a: SocketId;
  readonly b: SocketId;
  readonly toA: Endpoint;
  toB: Endpoint;
};

/** Two unconnected sockets that know each other's address. */
export async function ends(kit: Kit, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<Ends> {
  const local = kit.site.loopback(family);
  const a = await kit.ends(kit.udpOpen({ local }), 'done');
  const b = await kit.ends(kit.udpOpen({ local }), 'done');
  return { a: a.socket, b: b.socket, toA: a.bound as Endpoint, toB: b.bound as Endpoint };
}

/** All that waits at `socket`, as text. */
export async function backlog(kit: Kit, socket: SocketId): Promise<string[]> {
  const heard: string[] = [];
  for (;;) {
    const recv = kit.udpRecv(socket);
    await kit.settle();
    if (recv.status === 'pending') {
      kit.cancel(recv);
      await kit.ends(recv, 'cancelled');
      return heard;
    }
    await kit.ends(recv, 'done');
    heard.push(kit.text(recv));
  }
}

/** A port with a queue of its own: at the limit nothing is lost, beyond it exactly the excess. */
async function overflow(kit: Kit): Promise<void> {
  const { limited } = kit.site;
  assert.ok(limited, 'a port that queues datagrams can be limited');
  for (const drop of ['newest', 'oldest'] as const) {
    for (const excess of [0, 1, 10]) {
      const other = kit.beside(limited(drop));
      const { a, b, toB } = await ends(other);
      const texts = Array.from({ length: LIMITED_DATAGRAMS + excess }, (_, i) => `${i}`);
      for (const text of texts) await other.ends(other.udpSend(a, text, toB), 'done');
      await kit.settle();
      assert.equal(other.port.counters.datagramsDropped, excess);
      const kept = drop === 'newest' ? texts.slice(0, LIMITED_DATAGRAMS) : texts.slice(excess);
      for (const text of kept) {
        assert.equal(other.text(await other.ends(other.udpRecv(b), 'done')), text);
      }
    }
  }
}

/** What every port promises about datagrams. */
export const datagramRules: Rules = {
  'a datagram arrives with the address of its sender, in both families': async (kit) => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const { a, b, toA, toB } = await ends(kit, family);
      const recv = kit.udpRecv(b);
      await kit.ends(kit.udpSend(a, 'hello', toB), 'done');
      await kit.ends(recv, 'done');
      assert.equal(kit.text(recv), 'hello');
      assert.deepEqual([recv.size, recv.truncated], [5, false]);
      assert.deepEqual(recv.from, toA);
    }
  },

  'an empty datagram is done with size 0, and is no end': async (kit) => {
    const { a, b, toB } = await ends(kit);
    await kit.ends(kit.udpSend(a, '', toB), 'done');
    await kit.ends(kit.udpSend(a, 'after', toB), 'done');
    const recv = await kit.ends(kit.udpRecv(b), 'done');
    assert.deepEqual([recv.size, recv.bytes], [0, 0]);
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'after');
  },

  'the largest datagram arrives whole': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const data = Buffer.alloc(LARGEST, 'largest');
    await kit.ends(kit.udpSend(a, data, toB), 'done');
    const recv = await kit.ends(kit.udpRecv(b), 'done');
    assert.equal(Buffer.compare(kit.port.received(recv), data), 0);
  },

  'a datagram that is too large fails as messageTooLarge, and the socket goes on': async (kit) => {
    const { a, b, toB } = await ends(kit);
    await kit.fails(kit.udpSend(a, Buffer.alloc(LARGEST + 1), toB), 'messageTooLarge');
    await kit.ends(kit.udpSend(a, 'small', toB), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'small');
  },

  'a datagram larger than the buffer is cut, and says so': async (kit) => {
    const { a, b, toB } = await ends(kit);
    await kit.ends(kit.udpSend(a, 'ten bytes!', toB), 'done');
    await kit.ends(kit.udpSend(a, 'next', toB), 'done');
    const into = new Uint8Array(6);
    const recv = await kit.ends(kit.udpRecv(b, { into: into.subarray(0, 4) }), 'done');
    assert.equal(Buffer.from(into).toString('latin1'), 'ten \0\0');
    assert.deepEqual([recv.bytes, recv.truncated], [4, true]);
    assert.equal(recv.size, kit.port.capabilities.datagramTrueSize ? 10 : 4);
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'next', 'the rest is gone');
  },

  'a buffer exactly as large as the datagram cuts nothing': async (kit) => {
    const { a, b, toB } = await ends(kit);
    await kit.ends(kit.udpSend(a, 'four', toB), 'done');
    const recv = await kit.ends(kit.udpRecv(b, { into: new Uint8Array(4) }), 'done');
    assert.deepEqual([recv.bytes, recv.size, recv.truncated], [4, 4, false]);
  },

  'datagrams keep their boundaries and their order': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const texts = ['one', 'two', '', 'three', 'x'.repeat(1000)];
    const sends = texts.map((text) => kit.udpSend(a, text, toB));
    for (const send of sends) await kit.ends(send, 'done');
    const heard: string[] = [];
    for (const _ of texts) heard.push(kit.text(await kit.ends(kit.udpRecv(b), 'done')));
    assert.deepEqual(heard, texts);
  },

  'receives that wait get the datagrams in the order of submission': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const recvs = [kit.udpRecv(b), kit.udpRecv(b), kit.udpRecv(b)];
    for (const text of ['1', '2', '3']) await kit.ends(kit.udpSend(a, text, toB), 'done');
    for (const recv of recvs) await kit.ends(recv, 'done');
    assert.deepEqual(
      recvs.map((recv) => kit.text(recv)),
      ['1', '2', '3'],
    );
  },

  'a connected socket hears from its peer alone': async (kit) => {
    const { a, b, toA, toB } = await ends(kit);
    const c = await kit.ends(kit.udpOpen({ remote: toA }), 'done');
    assert.deepEqual(kit.port.remoteEndpoint(c.socket), toA);
    await kit.ends(kit.udpSend(b, 'a stranger', c.bound as Endpoint), 'done');
    await kit.ends(kit.udpSend(a, 'the peer', c.bound as Endpoint), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(c.socket), 'done')), 'the peer');
    await kit.ends(kit.udpSend(c.socket, 'without an address'), 'done');
    const recv = await kit.ends(kit.udpRecv(a), 'done');
    assert.deepEqual(recv.from, c.bound);
    assert.ok(toB.port > 0);
  },

  'an unconnected socket cannot send without an address': async (kit) => {
    const { a } = await ends(kit);
    const send = await kit.ends(kit.udpSend(a, 'to whom?'), 'failed');
    assert.equal(send.fault?.advice, 'fix-caller');
  },

  'a datagram peek tells the size and consumes nothing': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const peek = kit.udpPeek(b);
    await kit.settle();
    assert.equal(peek.status, 'pending');
    await kit.ends(kit.udpSend(a, 'peeked', toB), 'done');
    assert.equal((await kit.ends(peek, 'done')).size, 6);
    assert.equal((await kit.ends(kit.udpPeek(b), 'done')).size, 6);
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'peeked');
  },

  'an empty datagram is peeked at as size 0, and stays until it is received': async (kit) => {
    const { a, b, toB } = await ends(kit);
    await kit.ends(kit.udpSend(a, '', toB), 'done');
    assert.equal((await kit.ends(kit.udpPeek(b), 'done')).size, 0);
    assert.equal((await kit.ends(kit.udpPeek(b), 'done')).size, 0);
    assert.equal((await kit.ends(kit.udpRecv(b), 'done')).size, 0);
    const none = kit.udpRecv(b);
    await kit.settle();
    assert.equal(none.status, 'pending', 'it came once');
  },

  'a cancelled or expired receive loses no datagram': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const cancelled = kit.udpRecv(b, { into: new Uint8Array(10) });
    kit.cancel(cancelled);
    await kit.ends(cancelled, 'cancelled');
    await kit.ends(kit.udpRecv(b, { deadlineMs: kit.nowMs() + 15 }), 'expired');
    await kit.ends(kit.udpPeek(b, { deadlineMs: kit.nowMs() + 15 }), 'expired');
    await kit.ends(kit.udpSend(a, 'kept', toB), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'kept');
  },

  '40 datagrams are handed out at 32 a turn at most': async (kit) => {
    const { a, b, toB } = await ends(kit);
    const sends = Array.from({ length: 40 }, (_, i) => kit.udpSend(a, `${i}`, toB));
    for (const send of sends) await kit.ends(send, 'done');
    await kit.settle();
    const heard: string[] = [];
    const recv = udpRecvOperation(b, () => {
      heard.push(kit.text(recv));
      if (heard.length < 40) kit.submit(recv);
    });
    kit.submit(recv);
    await kit.until(() => heard.length === 40, 'forty datagrams');
    assert.deepEqual(
      heard,
      heard.map((_, i) => `${i}`),
    );
    assert.ok(kit.port.readsPerTurnMax <= COMPLETIONS_PER_TURN_MAX, `${kit.port.readsPerTurnMax}`);
  },

  'datagrams that nobody receives are dropped at a limit, and the socket goes on': async (kit) => {
    if (kit.port.capabilities.datagramPressure !== 'kernel') return overflow(kit);
    const { a, b, toB } = await ends(kit);
    const total = 1000; // 8 MB: more than a socket buffer holds.
    const data = Buffer.alloc(8 * 1024, 'd');
    for (let i = 0; i < total; i += 1) await kit.ends(kit.udpSend(a, data, toB), 'done');
    const heard = await backlog(kit, b);
    assert.ok(heard.length > 0 && heard.length < total, `${heard.length} of ${total} came`);
    await kit.ends(kit.udpSend(a, 'alive', toB), 'done');
    assert.equal(kit.text(await kit.ends(kit.udpRecv(b), 'done')), 'alive');
  },

  'a datagram socket on a taken port fails as addressInUse': async (kit) => {
    const { toA } = await ends(kit);
    await kit.fails(kit.udpOpen({ local: toA }), 'addressInUse');
    assert.equal(kit.port.openSockets, 2);
  },

  'closing a datagram socket cancels what waits on it': async (kit) => {
    const { a, b } = await ends(kit);
    const waiting = [kit.udpRecv(a), kit.udpPeek(a), kit.udpRecv(a)];
    await kit.ends(kit.close(a), 'done');
    for (const operation of waiting) assert.equal(operation.status, 'cancelled');
    await kit.fails(kit.udpRecv(a), 'closed');
    await kit.fails(kit.udpSend(a, 'x', kit.port.localEndpoint(b) as Endpoint), 'closed');
  },
};
