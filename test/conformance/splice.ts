import assert from 'node:assert/strict';
import type { SendOperation, SocketId, SpliceOperation } from '../../src/core/operation.ts';
import type { Kit } from './kit.ts';
import { meanwhile } from './meanwhile.ts';
import type { Rule, Rules } from './run.ts';

/** Two connections, and what is to be spliced: what `client` sends comes to `server`. */
export type Chain = {
  readonly client: SocketId;
  readonly from: SocketId;
  readonly to: SocketId;
  readonly server: SocketId;
};

export async function chain(kit: Kit): Promise<Chain> {
  const first = await kit.pair();
  const second = await kit.pair();
  return { client: first.client, from: first.server, to: second.client, server: second.server };
}

/** Bytes that tell where they belong. */
export function pattern(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i += 1) words[i] = Math.imul(i, 2654435761);
  return Buffer.from(words.buffer, 0, length);
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length);
  assert.equal(Buffer.compare(actual, expected), 0, 'other bytes');
}

/** Splices until the source has ended and shuts the other side down; how many bytes went. */
export async function spliceAll(kit: Kit, { from, to }: Chain): Promise<number> {
  let bytes = 0;
  for (;;) {
    const splice = await kit.ends(kit.splice(from, to), 'done', 'eof');
    bytes += splice.bytes;
    if (splice.status === 'eof') break;
  }
  await kit.ends(kit.shutdown(to), 'done');
  return bytes;
}

/** A splice whose target does not read, once all buffers between are full. */
export async function stuckSplice(
  kit: Kit,
  { client, from, to }: Chain,
): Promise<{ splice: SpliceOperation; send: SendOperation }> {
  const send = kit.send(client, [pattern(kit.site.floodBytes)]);
  for (;;) {
    const splice = kit.splice(from, to);
    await kit.until(() => splice.status !== 'pending' || splice.held > 0, 'a target that is full');
    await kit.settle();
    if (splice.status === 'pending') return { splice, send };
    assert.equal(splice.status, 'done');
  }
}

/** Where there is no splice, the rule is that it fails as `unsupported` and harms nobody. */
function whereSupported(rule: Rule): Rule {
  return async (kit) => {
    if (kit.port.capabilities.splice === 'kernel') {
      await rule(kit);
      return;
    }
    const { client, from, to, server } = await chain(kit);
    const splice = await kit.fails(kit.splice(from, to), 'unsupported');
    assert.deepEqual([splice.bytes, splice.held], [0, 0]);
    await kit.say(client, 'one');
    assert.equal(await kit.hear(from, 3), 'one');
    await kit.say(to, 'two');
    assert.equal(await kit.hear(server, 3), 'two');
  };
}

const rules: Rules = {
  'what one socket receives, another sends': async (kit) => {
    const { client, from, to, server } = await chain(kit);
    const early = kit.splice(from, to);
    await kit.say(client, 'early');
    await kit.ends(early, 'done');
    assert.deepEqual([early.bytes, early.held], [5, 0]);
    assert.equal(await kit.hear(server, 5), 'early');
    await kit.say(client, 'late');
    await kit.ends(kit.splice(from, to), 'done');
    assert.equal(await kit.hear(server, 4), 'late');
  },

  'every byte arrives in order, and the end after them, again and again': async (kit) => {
    const both = await chain(kit);
    const bytes = pattern(kit.site.floodBytes);
    const send = kit.send(both.client, [bytes]);
    const all = meanwhile(kit.drain(both.server));
    const spliced = meanwhile(spliceAll(kit, both));
    await kit.ends(send, 'done');
    await kit.ends(kit.shutdown(both.client), 'done');
    assert.equal(await spliced, bytes.length);
    sameBytes((await all).bytes, bytes);
    const again = await kit.ends(kit.splice(both.from, both.to), 'eof');
    assert.deepEqual([again.bytes, again.held], [0, 0]);
  },

  'a splice moves no more than it may': async (kit) => {
    const { client, from, to, server } = await chain(kit);
    await kit.say(client, 'abcdef');
    await kit.ends(kit.peek(from), 'done');
    const splice = await kit.ends(kit.splice(from, to, { maxBytes: 4 }), 'done');
    assert.equal(splice.bytes, 4);
    assert.equal(await kit.hear(server, 4), 'abcd');
    assert.equal(await kit.hear(from, 2), 'ef');
  },

  'splices and receives of one socket take turns': async (kit) => {
    const { client, from, to, server } = await chain(kit);
    const recv = kit.recv(from, { into: [Buffer.alloc(2)] });
    const splice = kit.splice(from, to, { maxBytes: 2 });
    const last = kit.recv(from);
    await kit.say(client, 'abcdef');
    for (const operation of [recv, splice, last]) await kit.ends(operation, 'done');
    assert.deepEqual([kit.text(recv), kit.text(last)], ['ab', 'ef']);
    assert.equal(await kit.hear(server, 2), 'cd');
  },

  'a target that does not read keeps the rest with its sender, and loses none of it': async (
    kit,
  ) => {
    const both = await chain(kit);
    const { splice, send } = await stuckSplice(kit, both);
    assert.equal(send.status, 'pending', 'the sender waits, too');
    const all = meanwhile(kit.drain(both.server));
    await kit.ends(splice, 'done');
    assert.equal(splice.held, 0);
    const rest = meanwhile(spliceAll(kit, both));
    await kit.ends(send, 'done');
    await kit.ends(kit.shutdown(both.client), 'done');
    await rest;
    sameBytes((await all).bytes, pattern(kit.site.floodBytes));
  },

  'a cancel with bytes on their way leaves them to the next receive': async (kit) => {
    const both = await chain(kit);
    const { splice, send } = await stuckSplice(kit, both);
    kit.cancel(splice);
    await kit.ends(splice, 'cancelled');
    const held = splice.held;
    const heard = meanwhile(kit.drain(both.server));
    const received = meanwhile(kit.drain(both.from));
    await kit.ends(send, 'done');
    await kit.ends(kit.shutdown(both.client), 'done');
    const rest = await received;
    assert.equal(rest.last.status, 'eof');
    await kit.ends(kit.shutdown(both.to), 'done');
    const before = await heard;
    assert.ok(rest.bytes.length >= held);
    sameBytes(Buffer.concat([before.bytes, rest.bytes]), pattern(kit.site.floodBytes));
  },

  'a splice that expires leaves what it held to the next splice': async (kit) => {
    const both = await chain(kit);
    const { splice, send } = await stuckSplice(kit, both);
    kit.cancel(splice);
    await kit.ends(splice, 'cancelled');
    const deadlineMs = kit.nowMs() + 30;
    const late = await kit.ends(kit.splice(both.from, both.to, { deadlineMs }), 'expired');
    assert.equal(late.held, splice.held);
    const all = meanwhile(kit.drain(both.server));
    const rest = meanwhile(spliceAll(kit, both));
    await kit.ends(send, 'done');
    await kit.ends(kit.shutdown(both.client), 'done');
    await rest;
    sameBytes((await all).bytes, pattern(kit.site.floodBytes));
  },

  'an idle splice is cancelled, expires, and consumes nothing': async (kit) => {
    const { client, from, to } = await chain(kit);
    const cancelled = kit.splice(from, to);
    await kit.settle();
    kit.cancel(cancelled);
    await kit.ends(cancelled, 'cancelled');
    await kit.ends(kit.splice(from, to, { deadlineMs: kit.nowMs() + 20 }), 'expired');
    await kit.say(client, 'still here');
    assert.equal(await kit.hear(from, 10), 'still here');
  },

  'a reset of the source fails the splice on that side': async (kit) => {
    const { client, from, to } = await chain(kit);
    const splice = kit.splice(from, to);
    await kit.settle();
    await kit.ends(kit.close(client, { how: 'reset' }), 'done');
    await kit.fails(splice, 'reset');
    assert.equal(splice.faultSide, 'socket');
    await kit.fails(kit.splice(from, to), 'reset');
  },

  'a reset of the target fails the splice on that side, and what it had is received': async (
    kit,
  ) => {
    const { client, from, to, server } = await chain(kit);
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(kit.recv(to), 'reset');
    await kit.say(client, 'undelivered');
    const splice = await kit.fails(kit.splice(from, to), 'reset', 'brokenPipe');
    assert.deepEqual([splice.faultSide, splice.bytes], ['to', 0]);
    assert.equal(await kit.hear(from, 11), 'undelivered');
  },

  'a target that is closed, or is no stream, fails the splice and leaves the bytes': async (
    kit,
  ) => {
    const { client, from, to } = await chain(kit);
    await kit.say(client, 'bytes');
    const { socket } = await kit.listening();
    for (const other of [socket, from]) {
      const splice = await kit.fails(kit.splice(from, other), 'badArgument');
      assert.equal(splice.faultSide, 'to');
    }
    await kit.ends(kit.close(to, { how: 'reset' }), 'done');
    await kit.fails(kit.splice(from, to), 'closed');
    assert.equal(await kit.hear(from, 5), 'bytes');
  },

  'a close of the target ends a splice that waits for it': async (kit) => {
    for (const how of ['graceful', 'reset'] as const) {
      const both = await chain(kit);
      const { splice } = await stuckSplice(kit, both);
      const close = kit.close(both.to, { how });
      await kit.fails(splice, 'closed');
      assert.equal(splice.faultSide, 'to');
      if (how === 'graceful') assert.equal(close.status, 'pending', 'the peer has not ended');
      await kit.ends(kit.close(both.server, { how: 'reset' }), 'done');
      await kit.ends(close, 'done');
      await kit.ends(kit.close(both.client, { how: 'reset' }), 'done');
    }
  },

  'a close of the source cancels its splice and drops what was on its way': async (kit) => {
    const both = await chain(kit);
    const { splice } = await stuckSplice(kit, both);
    const close = kit.close(both.from, { how: 'reset' });
    await kit.ends(splice, 'cancelled');
    await kit.ends(close, 'done');
    await kit.fails(kit.splice(both.from, both.to), 'closed');
  },
};

/** What every port promises about moving bytes from socket to socket inside the kernel. */
export const spliceRules: Rules = Object.fromEntries(
  Object.entries(rules).map(([title, rule]) => [title, whereSupported(rule)]),
);
