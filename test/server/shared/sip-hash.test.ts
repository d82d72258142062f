import test from 'ava';
import { sipHash } from '../../../src/server/shared/sip-hash.ts';

const KEY = new Int32Array(Uint8Array.from({ length: 16 }, (_, index) => index).buffer);

function hashOf(text: string, key: Int32Array = KEY): string {
  const into = new Int32Array(4);
  sipHash(text, key, into);
  return Buffer.from(into.buffer).toString('hex');
}

// Of the reference implementation: bytes 0, 1, 2, … under the key 0, 1, … 15.
for (const [bytes, expected] of [
  [0, 'a3817f04ba25a8e66df67214c7550293'],
  [1, 'da87c1d86b99af44347659119b22fc45'],
  [2, '8177228da4a45dc7fca38bdef60affe4'],
] as const) {
  test(`SipHash-2-4-128 of ${bytes} bytes is what the reference says`, (t) => {
    t.is(hashOf('\x00\x01'.slice(0, bytes)), expected);
  });
}

test('texts of every length have hashes of their own', (t) => {
  const texts = Array.from({ length: 64 }, (_, length) => '\x80'.repeat(length));
  t.is(new Set(texts.map((text) => hashOf(text))).size, texts.length);
});

test('another key gives other hashes', (t) => {
  t.not(
    hashOf('text'),
    hashOf(
      'text',
      KEY.map((word) => word ^ 1),
    ),
  );
});
