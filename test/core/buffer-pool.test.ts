import test from 'ava';
import { BufferPool } from '../../src/core/buffer-pool.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';

const BYTES = Uint8Array.from({ length: 25 }, (_, i) => i);

test('a chunk that was returned is lent again', (t) => {
  const pool = new BufferPool(8);
  const chunk = pool.take();
  t.is(chunk.length, 8);
  t.is(pool.lent, 1);
  pool.give(chunk);
  t.is(pool.lent, 0);
  t.is(pool.take(), chunk);
});

test('keeps as many idle chunks as it may, and drops one more', (t) => {
  const pool = new BufferPool(8, 2);
  const chunks = [pool.take(), pool.take(), pool.take()];
  for (const chunk of chunks.slice(0, 2)) pool.give(chunk);
  t.is(pool.idle, 2);
  pool.give(chunks[2] as Uint8Array);
  t.is(pool.idle, 2);
  t.is(pool.lent, 0);
});

test('a chunk of another size is a bug', (t) => {
  const pool = new BufferPool(8);
  pool.take();
  t.throws(() => pool.give(new Uint8Array(9)), { instanceOf: InvariantError });
});

test('a lease keeps a copy, in as many chunks as it needs', (t) => {
  const pool = new BufferPool(8);
  for (const [bytes, chunks] of [
    [0, 0],
    [1, 1],
    [8, 1],
    [9, 2],
    [24, 3],
  ] as const) {
    const lent = BYTES.slice();
    const lease = pool.keep(lent, 1, bytes);
    lent.fill(0xff);
    t.is(pool.lent, chunks);
    const kept = lease.views().flatMap((view) => [...view]);
    t.deepEqual(kept, [...BYTES.subarray(1, 1 + bytes)]);
    lease.release();
    t.is(pool.lent, 0);
  }
});

test('a lease that is released twice, or used after its release, is a bug', (t) => {
  const pool = new BufferPool(8);
  const lease = pool.keep(BYTES, 0, 3);
  lease.release();
  t.throws(() => lease.release(), { instanceOf: InvariantError });
  t.throws(() => lease.views(), { instanceOf: InvariantError });
  t.is(pool.lent, 0);
});
