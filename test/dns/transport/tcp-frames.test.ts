import test from 'ava';
import fc from 'fast-check';
import {
  FRAME_BYTES_KEPT,
  FRAME_BYTES_MAX,
  FrameReader,
} from '../../../src/dns/transport/tcp-frames.ts';
import { framed } from './tcp-world.ts';

/** Feeds `bytes` in pieces of these lengths, the last one what is left. */
function read(bytes: Uint8Array, cuts: readonly number[]): Buffer[] {
  const frames: Buffer[] = [];
  const reader = new FrameReader({
    frame: (data, start, end) => frames.push(Buffer.from(data.subarray(start, end))),
  });
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const end = Math.min(at + cut, bytes.length);
    // A lent view lies anywhere, and is somebody else's afterwards.
    const lent = new Uint8Array(end - at + 7).fill(0xee);
    lent.set(bytes.subarray(at, end), 3);
    reader.take(lent, 3, 3 + end - at);
    lent.fill(0xdd);
    at = end;
  }
  return frames;
}

test('case 37: any split of the stream gives the same messages', (t) => {
  const length = fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 255, 256, FRAME_BYTES_KEPT + 1));
  const message = length.chain((bytes) => fc.uint8Array({ minLength: bytes, maxLength: bytes }));
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.nat(300)), { maxLength: 400 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, lengths) => {
      const frames = read(framed(...messages), lengths);
      t.deepEqual(
        frames,
        messages.map((bytes) => Buffer.from(bytes)),
      );
    }),
    { numRuns: 500 },
  );
});

test('case 37: a prefix that comes byte by byte is read', (t) => {
  const messages = [Buffer.alloc(300, 'a'), Buffer.from('b')];
  const bytes = framed(...messages);
  t.deepEqual(read(bytes, new Array(bytes.length).fill(1)), messages);
});

test('case 37: the longest message comes whole, in one piece and in many', (t) => {
  const longest = Buffer.alloc(FRAME_BYTES_MAX, 'x');
  t.deepEqual(read(framed(longest, Buffer.from('y')), []), [longest, Buffer.from('y')]);
  t.deepEqual(read(framed(longest), new Array(70).fill(1_000)), [longest]);
});

test('case 37: a length that promises much holds no more than has come, twice over', (t) => {
  const reader = new FrameReader({ frame: () => t.fail('nothing is whole') });
  reader.take(Buffer.from([0xff, 0xff]), 0, 2);
  t.is(reader.heldBytes, 0);
  reader.take(new Uint8Array(1), 0, 1);
  t.is(reader.heldBytes, FRAME_BYTES_KEPT);
  reader.take(new Uint8Array(FRAME_BYTES_KEPT), 0, FRAME_BYTES_KEPT);
  t.is(reader.heldBytes, 2 * FRAME_BYTES_KEPT);
  reader.take(new Uint8Array(60_000), 0, 60_000);
  t.true(reader.heldBytes <= FRAME_BYTES_MAX);
});

test('a long message leaves nothing behind, a short one the room for the next', (t) => {
  const reader = new FrameReader({ frame: () => {} });
  for (const piece of [framed(Buffer.alloc(100)).subarray(0, 50), Buffer.alloc(52)]) {
    reader.take(piece, 0, piece.length);
  }
  t.is(reader.heldBytes, FRAME_BYTES_KEPT);
  const long = framed(Buffer.alloc(9_000));
  reader.take(long, 0, 5_000);
  reader.take(long, 5_000, long.length);
  t.is(reader.heldBytes, 0);
});

test('a reader that is stopped within a message shows none after it', (t) => {
  let frames = 0;
  const reader = new FrameReader({
    frame: () => {
      frames += 1;
      reader.stop();
    },
  });
  const bytes = framed(Buffer.from('a'), Buffer.from('b'));
  reader.take(bytes, 0, bytes.length);
  reader.take(bytes, 0, bytes.length);
  t.is(frames, 1);
});
