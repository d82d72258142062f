import test from 'ava';
import {
  DESCRIPTORS_PER_MESSAGE_MAX,
  decodeMessage,
  encodeMessage,
  MESSAGE_BYTES_MAX,
  NOTE_BYTES_MAX,
  type PassedDescriptor,
} from '../../../adapters/linux/descriptor-message.ts';

const KINDS = ['stream', 'listener', 'datagrams'] as const;

function some(count: number, note = 'n'): PassedDescriptor[] {
  return Array.from({ length: count }, (_, i) => ({
    descriptor: i,
    as: KINDS[i % 3] as (typeof KINDS)[0],
    note,
  }));
}

test('what was said of each descriptor is read again, in order', (t) => {
  const text = encodeMessage(some(3, 'https, 0.0.0.0:443 ✓')) as Buffer;
  t.deepEqual(
    decodeMessage(text),
    KINDS.map((as) => ({ as, note: 'https, 0.0.0.0:443 ✓' })),
  );
});

test('a message has as many descriptors as its bound says, and not one more', (t) => {
  t.is(decodeMessage(encodeMessage(some(DESCRIPTORS_PER_MESSAGE_MAX)) as Buffer)?.length, 16);
  t.is(encodeMessage(some(DESCRIPTORS_PER_MESSAGE_MAX + 1)), undefined);
  t.is(encodeMessage([]), undefined);
});

test('a note is as long as its bound says, in bytes, and not one longer', (t) => {
  const full = encodeMessage(some(DESCRIPTORS_PER_MESSAGE_MAX, 'é'.repeat(NOTE_BYTES_MAX / 2)));
  t.is(full?.length, MESSAGE_BYTES_MAX);
  t.is(decodeMessage(full as Buffer)?.at(-1)?.note.length, NOTE_BYTES_MAX / 2);
  t.is(encodeMessage(some(1, `${'é'.repeat(NOTE_BYTES_MAX / 2)}x`)), undefined);
});

test('whatever is no whole message is refused', (t) => {
  const text = encodeMessage(some(3, 'note')) as Buffer;
  for (let end = 0; end < text.length; end += 1) {
    t.is(decodeMessage(text.subarray(0, end)), undefined, `cut after ${end}`);
  }
  t.is(decodeMessage(Buffer.concat([text, Buffer.alloc(1)])), undefined, 'too long');
  for (const [at, value] of [
    [0, 0x58], // Another magic.
    [4, 0],
    [4, DESCRIPTORS_PER_MESSAGE_MAX + 1],
    [5, 3], // No such kind.
    [6, NOTE_BYTES_MAX + 1],
  ] as const) {
    const wrong = Buffer.from(text);
    wrong[at] = value;
    t.is(decodeMessage(wrong), undefined, `${value} at ${at}`);
  }
});
