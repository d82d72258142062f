import test from 'ava';
import { ByteRing, RingPool } from '../../../adapters/sim/byte-ring.ts';
import { RING_BYTES } from '../../../adapters/sim/conditions.ts';
import { SimRandom } from '../../../adapters/sim/sim-random.ts';

function textIn(ring: ByteRing): string {
  const bytes = Buffer.alloc(ring.size);
  ring.copyTo(bytes, 0, ring.size, 0);
  return bytes.toString('latin1');
}

test('bytes and latin1 text come out in their order', (t) => {
  const ring = new ByteRing(new RingPool(), RING_BYTES);
  t.is(ring.write(Buffer.from('a bytes'), 2, 5), 5);
  t.is(ring.write('é text', 0, 6), 6);
  t.is(textIn(ring), 'bytesé text');
});

test('it takes its capacity, and not one byte more', (t) => {
  const ring = new ByteRing(new RingPool(), 10);
  t.is(ring.write(Buffer.alloc(10), 0, 10), 10);
  t.is(ring.write(Buffer.alloc(1), 0, 1), 0);
  ring.drop(1);
  t.is(ring.write(Buffer.alloc(5), 0, 5), 1);
  ring.capacity = 3;
  t.is(ring.free, 0);
});

test('it owns a buffer only while it holds bytes', (t) => {
  const pool = new RingPool();
  const ring = new ByteRing(pool, RING_BYTES);
  t.is(pool.lent, 0);
  ring.write('x', 0, 1);
  t.is(pool.lent, 1);
  ring.drop(1);
  t.is(pool.lent, 0);
  ring.write('y', 0, 1);
  ring.clear();
  t.is(pool.lent, 0);
});

test('moving gives what the other takes, across both ends of the buffers', (t) => {
  const pool = new RingPool();
  const from = new ByteRing(pool, RING_BYTES);
  const to = new ByteRing(pool, 8);
  from.write(Buffer.alloc(RING_BYTES - 3), 0, RING_BYTES - 3);
  from.drop(RING_BYTES - 4);
  from.write('bcdefghij', 0, 9);
  t.is(from.moveTo(to), 8);
  t.is(textIn(to).slice(1), 'bcdefgh');
  t.is(textIn(from), 'ij');
});

test('any mix of writes and drops gives back the same stream', (t) => {
  const random = new SimRandom('ring');
  const ring = new ByteRing(new RingPool(), RING_BYTES);
  let sent = 0;
  let heard = 0;
  for (let i = 0; i < 2_000; i += 1) {
    const length = random.nextUint32() % 3_000;
    const piece = Buffer.from(Array.from({ length }, (_, at) => (sent + at) % 251));
    sent += ring.write(piece, 0, length);
    const taken = Math.min(ring.size, random.nextUint32() % 3_000);
    const bytes = Buffer.alloc(taken);
    ring.copyTo(bytes, 0, taken, 0);
    ring.drop(taken);
    const right = bytes.every((byte, at) => byte === (heard + at) % 251);
    if (!right) t.fail(`wrong bytes after ${heard}`);
    heard += taken;
  }
  t.is(heard + ring.size, sent);
});
