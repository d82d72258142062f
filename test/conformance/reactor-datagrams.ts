import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId } from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import type { ReactorKit } from './reactor-kit.ts';
import type { ReactorRules } from './reactor-run.ts';

const FILLER = 0xa5;

type Ends = { readonly a: SocketId; readonly b: SocketId; readonly toB: Endpoint };

async function ends(kit: ReactorKit): Promise<Ends> {
  const local = kit.site.loopback('ipv4');
  const a = await kit.ends(make.udpOpenOperation(local, kit.unwanted), 'done');
  const b = await kit.ends(make.udpOpenOperation(local, kit.unwanted), 'done');
  return { a: a.socket, b: b.socket, toB: b.bound as Endpoint };
}

async function say(kit: ReactorKit, { a, toB }: Ends, text: string): Promise<void> {
  const send = make.udpSendOperation(a, kit.unwanted);
  await kit.ends(Object.assign(send, { data: Buffer.from(text), to: toB }), 'done');
}

/** What the reactor's face promises about datagrams: a resolver lives on it. */
export const datagramReactorRules: ReactorRules = {
  'a resolver lends nothing while it is idle: peek, then receive': async (kit) => {
    const pair = await ends(kit);
    const a = new Uint8Array(32).fill(FILLER);
    const recv = make.udpRecvOperation(pair.b, kit.unwanted);
    assert.equal(kit.attempt(Object.assign(recv, { into: a })), 'read');
    const wait = kit.wait('read', pair.b);
    await say(kit, pair, 'answer');
    await kit.reported(wait);
    const peek = await kit.ends(make.udpPeekOperation(pair.b, kit.unwanted), 'done');
    assert.equal(peek.size, 6);
    const b = new Uint8Array(peek.size);
    await kit.ends(Object.assign(recv, { into: b }), 'done');
    assert.equal(Buffer.from(b).toString(), 'answer');
    assert.equal(recv.truncated, false);
    assert.ok(
      a.every((byte) => byte === FILLER),
      'the first buffer is untouched',
    );
    assert.equal(kit.attempt(Object.assign(recv, { status: 'idle' })), 'read', 'it came once');
  },

  'an empty datagram is reported and received as one': async (kit) => {
    const pair = await ends(kit);
    const wait = kit.wait('read', pair.b);
    await say(kit, pair, '');
    await kit.reported(wait);
    const recv = await kit.ends(make.udpRecvOperation(pair.b, kit.unwanted), 'done');
    assert.equal(recv.size, 0);
  },

  'a datagram socket can be written': async (kit) => {
    const { a } = await ends(kit);
    await kit.reported(kit.wait('write', a));
  },

  'datagrams wait in order for attempts': async (kit) => {
    const pair = await ends(kit);
    for (const text of ['1', '22', '333']) await say(kit, pair, text);
    const into = new Uint8Array(8);
    const recv = Object.assign(make.udpRecvOperation(pair.b, kit.unwanted), { into });
    for (const size of [1, 2, 3]) {
      await kit.ends(Object.assign(recv, { status: 'idle' }), 'done');
      assert.equal(recv.size, size);
    }
  },
};
