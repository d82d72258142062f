import assert from 'node:assert/strict';
import type { SendOperation } from '../../src/core/operation.ts';
import { sendOperation } from '../../src/core/operations.ts';
import type { Kit } from './kit.ts';
import { meanwhile } from './meanwhile.ts';
import type { Rules } from './run.ts';

/** A send that the peer does not let through, and what it sends. */
async function stuck(kit: Kit, socket: number, own = {}): Promise<SendOperation> {
  const send = kit.send(socket, [pattern(kit.site.floodBytes)], own);
  await kit.settle();
  return send;
}

/** Bytes that tell where they belong. */
function pattern(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i += 1) words[i] = i * 2654435761;
  return Buffer.from(words.buffer, 0, length);
}

/** What the peer gets of a send that ended early, up to the end, agrees with its progress. */
async function agrees(kit: Kit, peer: number, send: SendOperation): Promise<void> {
  const close = kit.close(send.socket);
  const { bytes, last } = await kit.drain(peer);
  await kit.ended(kit.close(peer, { how: 'reset' }));
  await kit.ended(close);
  assert.ok(bytes.length <= send.bytesPossible, `${bytes.length} came of ${send.bytesPossible}`);
  assert.ok(last.status !== 'eof' || bytes.length >= send.bytes, 'what is certain has come');
  assert.equal(Buffer.compare(bytes, pattern(kit.site.floodBytes).subarray(0, bytes.length)), 0);
}

/** What every port promises about sending on a stream. */
export const sendRules: Rules = {
  'pieces go out in order, texts as latin1': async (kit) => {
    const { client, server } = await kit.pair();
    const send = kit.send(client, ['caf\xe9 ', Uint8Array.of(0, 255), '', 'end']);
    assert.equal(send.status, 'pending', 'nothing may complete inside the call');
    await kit.ends(send, 'done');
    assert.equal(send.bytes, 10);
    assert.equal(await kit.hear(server, 10), 'caf\xe9 \0\xffend');
  },

  'only the first `count` pieces are sent': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.send(client, ['one', 'two', 'three'], { count: 2 }), 'done');
    await kit.ends(kit.shutdown(client), 'done');
    assert.equal((await kit.drain(server)).bytes.toString(), 'onetwo');
  },

  'an empty send is done and sends nothing': async (kit) => {
    const { client, server } = await kit.pair();
    const sends = [kit.send(client, []), kit.send(client, ['']), kit.send(client, ['', ''])];
    for (const send of sends) assert.equal((await kit.ends(send, 'done')).bytes, 0);
    await kit.say(client, 'x');
    await kit.ends(kit.shutdown(client), 'done');
    assert.equal((await kit.drain(server)).bytes.toString(), 'x');
  },

  'sends of one socket complete in order, and so do their bytes': async (kit) => {
    const { client, server } = await kit.pair();
    const order: number[] = [];
    let text = '';
    for (let i = 0; i < 50; i += 1) {
      const send = sendOperation(client, () => order.push(i));
      text += `${i},`;
      kit.submit(Object.assign(send, { pieces: [`${i}`, ','], count: 2 }));
    }
    assert.equal(await kit.hear(server, text.length), text);
    await kit.until(() => order.length === 50, 'fifty sends');
    assert.deepEqual(
      order,
      order.map((_, i) => i),
    );
  },

  'a gathered send as wide as the port takes goes out whole': async (kit) => {
    const { client, server } = await kit.pair();
    const { gatherMax } = kit.port.capabilities;
    const pieces = Array.from({ length: Math.min(gatherMax, 1024) }, (_, i) =>
      pattern(8 + (i % 5)),
    );
    const whole = Buffer.concat(pieces).toString('latin1');
    const send = kit.send(client, pieces);
    assert.equal(await kit.hear(server, whole.length), whole);
    await kit.ends(send, 'done');
  },

  'a send larger than every buffer goes out while the peer reads': async (kit) => {
    const { client, server } = await kit.pair();
    const send = await stuck(kit, client);
    assert.equal(send.status, 'pending');
    const heard = await kit.hear(server, kit.site.floodBytes);
    assert.equal(Buffer.compare(Buffer.from(heard, 'latin1'), pattern(kit.site.floodBytes)), 0);
    await kit.ends(send, 'done');
  },

  'a send to a peer that does not read expires with truthful progress': async (kit) => {
    const { client, server } = await kit.pair();
    const deadlineMs = kit.nowMs() + 60;
    const send = await stuck(kit, client, { deadlineMs });
    await kit.ends(send, 'expired');
    assert.ok(kit.nowMs() >= deadlineMs);
    assert.ok(send.bytes < kit.site.floodBytes);
    await agrees(kit, server, send);
  },

  'a send cancelled in flight tells truthfully how far it came': async (kit) => {
    const { client, server } = await kit.pair();
    const send = await stuck(kit, client);
    kit.cancel(send);
    await kit.ends(send, 'cancelled');
    assert.ok(send.bytes < kit.site.floodBytes);
    await agrees(kit, server, send);
  },

  'a send cancelled in the queue sends nothing, and the one before goes on': async (kit) => {
    const { client, server } = await kit.pair();
    const first = await stuck(kit, client);
    const second = kit.send(client, ['never sent']);
    kit.cancel(second);
    await kit.ends(second, 'cancelled');
    assert.deepEqual([second.bytes, second.bytesPossible], [0, 0]);
    assert.equal(first.status, 'pending');
    const heard = meanwhile(kit.hear(server, kit.site.floodBytes));
    await kit.ends(first, 'done');
    await heard;
    await kit.ends(kit.shutdown(client), 'done');
    assert.equal((await kit.drain(server)).bytes.length, 0);
  },

  'a send after the shutdown fails, and nothing of it arrives': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.shutdown(client), 'done');
    const send = await kit.fails(kit.send(client, ['too late']), 'brokenPipe', 'closed');
    assert.deepEqual([send.bytes, send.bytesPossible], [0, 0]);
    assert.equal((await kit.drain(server)).bytes.length, 0);
  },

  'a send after the peer’s RST fails as the peer’s affair': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(kit.recv(client), 'reset');
    const send = await kit.fails(kit.send(client, ['too late']), 'reset', 'brokenPipe');
    assert.equal(send.fault?.class, 'peer');
  },

  'an RST in the middle of a send fails it, and the ones behind it': async (kit) => {
    const { client, server } = await kit.pair();
    const send = await stuck(kit, client);
    const behind = kit.send(client, ['behind']);
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(send, 'reset', 'brokenPipe');
    await kit.fails(behind, 'reset', 'brokenPipe');
    assert.deepEqual([behind.bytes, behind.bytesPossible], [0, 0]);
  },

  'a send does not wait for a receive of its own side': async (kit) => {
    const { client, server } = await kit.pair();
    const recv = kit.recv(client);
    await kit.say(client, 'question');
    assert.equal(await kit.hear(server, 8), 'question');
    assert.equal(recv.status, 'pending');
  },
};
