import assert from 'node:assert/strict';
import type { Kit } from './kit.ts';
import { meanwhile } from './meanwhile.ts';
import type { Rules } from './run.ts';

const FILE_BYTES = 300_000; // Several times what a copying adapter reads at once.

function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return bytes;
}

/** All that comes until the sender's FIN. */
async function rest(kit: Kit, from: number, to: number): Promise<Buffer> {
  const all = meanwhile(kit.drain(to));
  await kit.ends(kit.shutdown(from), 'done');
  const { bytes, last } = await all;
  assert.equal(last.status, 'eof');
  return bytes;
}

function sameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length);
  assert.equal(Buffer.compare(actual, expected), 0, 'other bytes');
}

/** What every port promises about sending files. */
export const transmitRules: Rules = {
  'a file goes out between its head and its tail': async (kit) => {
    const { client, server } = await kit.pair();
    const bytes = content(FILE_BYTES);
    const [head, tail] = [Buffer.from('<head>'), Buffer.from('<tail>')];
    const own = { file: kit.site.file(bytes), length: bytes.length, head, tail };
    const transmit = kit.transmit(client, own);
    const all = meanwhile(rest(kit, client, server));
    await kit.ends(transmit, 'done');
    sameBytes(await all, Buffer.concat([head, bytes, tail]));
    assert.equal(transmit.bytes, bytes.length + 12);
  },

  'a part of a file goes out, to the byte': async (kit) => {
    const { client, server } = await kit.pair();
    const bytes = content(FILE_BYTES);
    const file = kit.site.file(bytes);
    const transmit = kit.transmit(client, { file, position: 70_001, length: 65_537 });
    const all = meanwhile(rest(kit, client, server));
    await kit.ends(transmit, 'done');
    sameBytes(await all, bytes.subarray(70_001, 70_001 + 65_537));
  },

  'head and tail go out alone when nothing of the file is asked for': async (kit) => {
    const { client, server } = await kit.pair();
    const file = kit.site.file(content(10));
    const [head, tail] = [Buffer.from('a'), Buffer.from('b')];
    const transmit = kit.transmit(client, { file, length: 0, head, tail });
    await kit.ends(transmit, 'done');
    sameBytes(await rest(kit, client, server), Buffer.from('ab'));
  },

  'a file goes out in its turn between sends': async (kit) => {
    const { client, server } = await kit.pair();
    const bytes = content(100_000);
    const before = kit.send(client, ['before ']);
    const transmit = kit.transmit(client, { file: kit.site.file(bytes), length: bytes.length });
    const after = kit.send(client, [' after']);
    const all = meanwhile(rest(kit, client, server));
    for (const operation of [before, transmit, after]) await kit.ends(operation, 'done');
    sameBytes(await all, Buffer.concat([Buffer.from('before '), bytes, Buffer.from(' after')]));
  },

  'a file that is too short fails as shortFile, with what it had sent': async (kit) => {
    const { client, server } = await kit.pair();
    const bytes = content(100_000);
    const own = { file: kit.site.file(bytes), length: bytes.length + 1, tail: Buffer.from('no') };
    const transmit = kit.transmit(client, own);
    const all = meanwhile(rest(kit, client, server));
    await kit.fails(transmit, 'shortFile');
    sameBytes(await all, bytes);
    assert.ok(transmit.bytes <= bytes.length && transmit.bytesPossible >= bytes.length);
  },

  'a peer that is gone fails the transmission as the peer’s affair': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.ends(kit.close(server, { how: 'reset' }), 'done');
    await kit.fails(kit.recv(client), 'reset');
    const bytes = content(FILE_BYTES);
    const transmit = kit.transmit(client, { file: kit.site.file(bytes), length: bytes.length });
    await kit.fails(transmit, 'reset', 'brokenPipe');
  },

  'a transmission cancelled in flight tells truthfully how far it came': async (kit) => {
    const { client, server } = await kit.pair();
    const bytes = content(kit.site.floodBytes);
    const transmit = kit.transmit(client, { file: kit.site.file(bytes), length: bytes.length });
    await kit.ends(kit.peek(server), 'done');
    await kit.settle();
    assert.equal(transmit.status, 'pending');
    kit.cancel(transmit);
    await kit.ends(transmit, 'cancelled');
    assert.ok(transmit.bytes < bytes.length);
    const close = kit.close(client);
    const { bytes: heard, last } = await kit.drain(server);
    await kit.ended(kit.close(server, { how: 'reset' }));
    await kit.ended(close);
    assert.ok(heard.length <= transmit.bytesPossible);
    assert.ok(last.status !== 'eof' || heard.length >= transmit.bytes);
    sameBytes(heard, bytes.subarray(0, heard.length));
  },

  'a file that is not open fails and leaves the connection alone': async (kit) => {
    const { client } = await kit.pair();
    const transmit = await kit.ends(kit.transmit(client, { file: 999_999, length: 10 }), 'failed');
    assert.equal(transmit.bytes, 0);
    assert.notEqual(transmit.fault?.class, 'peer');
  },
};
