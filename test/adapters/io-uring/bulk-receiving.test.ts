import assert from 'node:assert/strict';
import { TURN_BYTES } from '../../../adapters/io-uring/bulk-receiving.ts';
import { BufferPool } from '../../../src/core/buffer-pool.ts';
import type { RecvOperation } from '../../../src/core/operation.ts';
import { uringRule } from './uring-rule.ts';

const CHUNK_BYTES = 256 * 1024;
const EACH_BYTES = 128 * 1024;

uringRule('a receive with a pool takes a chunk when bytes are there, not before', async (kit) => {
  const { client, server } = await kit.pair();
  const pool = new BufferPool(CHUNK_BYTES);
  const recv = kit.recv(server, { pool });
  await kit.settle();
  assert.equal(pool.lent, 0);
  await kit.say(client, 'abc');
  await kit.ends(recv, 'done');
  assert.equal(pool.lent, 1);
  assert.equal(recv.data, recv.chunk);
  assert.equal(kit.text(recv), 'abc');
  pool.give(recv.chunk as Uint8Array);
});

uringRule('a receive with a pool that ends without bytes holds no chunk', async (kit) => {
  const { client, server } = await kit.pair();
  const pool = new BufferPool(CHUNK_BYTES);
  const cancelled = kit.recv(server, { pool });
  await kit.settle();
  kit.cancel(cancelled);
  await kit.ends(cancelled, 'cancelled');
  await kit.ends(kit.shutdown(client), 'done');
  for (let i = 0; i < 2; i += 1) {
    const end = await kit.ends(kit.recv(server, { pool }), 'eof');
    assert.equal(end.chunk, undefined);
  }
  assert.equal(pool.lent, 0);
});

uringRule('receives with and without a pool follow each other in order', async (kit) => {
  const { client, server } = await kit.pair();
  const pool = new BufferPool(CHUNK_BYTES);
  const data = Buffer.alloc(1_000_000);
  for (let i = 0; i < data.length; i += 1) data[i] = (i * 7) >> 3;
  const send = kit.send(client, [data]);
  let at = 0;
  for (let i = 0; at < data.length; i += 1) {
    const recv = await kit.ends(kit.recv(server, i % 2 === 0 ? { pool } : {}), 'done');
    const came = recv.data.subarray(recv.offset, recv.offset + recv.bytes);
    if (recv.chunk !== undefined) {
      assert.equal(Buffer.compare(came, data.subarray(at, at + recv.bytes)), 0);
      pool.give(recv.chunk);
    }
    at += recv.bytes;
  }
  await kit.ends(send, 'done');
  assert.equal(at, data.length);
  assert.equal(pool.lent, 0);
});

uringRule('one turn receives half a MiB in bulk, and leaves the rest to the next', async (kit) => {
  const pool = new BufferPool(CHUNK_BYTES);
  const pairs = [];
  for (let i = 0; i < 8; i += 1) pairs.push(await kit.pair());
  for (const { client } of pairs) await kit.say(client, 'x'.repeat(EACH_BYTES));
  await kit.settle();
  const bytesOfTurn = new Map<number, number>();
  const received = (recv: RecvOperation): void => {
    const { turn } = kit.port.loop;
    bytesOfTurn.set(turn, (bytesOfTurn.get(turn) ?? 0) + recv.bytes);
    pool.give(recv.chunk as Uint8Array);
  };
  const onComplete = received as RecvOperation['onComplete'];
  const recvs = pairs.map(({ server }) => kit.recv(server, { pool, onComplete }));
  for (const recv of recvs) await kit.ends(recv, 'done');
  assert.ok(bytesOfTurn.size > 1);
  for (const bytes of bytesOfTurn.values()) assert.ok(bytes < TURN_BYTES + EACH_BYTES);
});

uringRule('a socket that closes while it is ready in bulk completes its receive', async (kit) => {
  const { client, server } = await kit.pair();
  const pool = new BufferPool(CHUNK_BYTES);
  const recv = kit.recv(server, { pool });
  await kit.settle();
  await kit.say(client, 'abc');
  const close = kit.close(server, { how: 'reset' });
  await kit.ends(recv, 'cancelled', 'done');
  await kit.ends(close, 'done');
  if (recv.chunk !== undefined) pool.give(recv.chunk);
  assert.equal(pool.lent, 0);
});
