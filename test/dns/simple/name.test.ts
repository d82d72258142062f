import test from 'ava';
import fc from 'fast-check';
import { DnsError } from '../../../src/dns/simple/dns-error.ts';
import { encodeName, LABEL_BYTES_MAX, NAME_BYTES_MAX } from '../../../src/dns/simple/name.ts';

const text = (wire: Uint8Array) => Buffer.from(wire).toString('latin1');
const labels = (...lengths: number[]) => lengths.map((length) => 'a'.repeat(length)).join('.');

test('a name is its labels, each behind its length, and the root', (t) => {
  t.is(text(encodeName('a.example')), '\x01a\x07example\0');
  t.is(text(encodeName('_x-1.EXAMPLE')), '\x04_x-1\x07EXAMPLE\0');
});

test('the dot at the end of a name is optional', (t) => {
  t.deepEqual(encodeName('a.example.'), encodeName('a.example'));
});

test('one dot is the root', (t) => {
  t.is(text(encodeName('.')), '\0');
});

test('a label has at most 63 bytes', (t) => {
  t.is(encodeName(labels(LABEL_BYTES_MAX, 2)).length, 1 + 63 + 1 + 2 + 1);
  t.throws(() => encodeName(labels(LABEL_BYTES_MAX + 1, 2)), { code: 'BAD_NAME' });
  t.throws(() => encodeName(labels(2, LABEL_BYTES_MAX + 1)), { code: 'BAD_NAME' });
});

test('a name has at most 255 bytes on the wire', (t) => {
  const longest = labels(63, 63, 63, 61);
  t.is(encodeName(longest).length, NAME_BYTES_MAX);
  t.is(encodeName(`${longest}.`).length, NAME_BYTES_MAX);
  t.throws(() => encodeName(labels(63, 63, 63, 62)), { code: 'BAD_NAME' });
});

test('127 labels are the most that a name can have', (t) => {
  t.is(encodeName(labels(...Array(127).fill(1))).length, NAME_BYTES_MAX);
  t.throws(() => encodeName(labels(...Array(128).fill(1))), { code: 'BAD_NAME' });
});

for (const name of ['', '..', 'a..', 'a..b', '.a', '..a']) {
  test(`an empty label is refused: ${JSON.stringify(name)}`, (t) => {
    t.throws(() => encodeName(name), { instanceOf: DnsError, code: 'BAD_NAME' });
  });
}

for (const name of ['a b', 'a\0', 'a\n', 'a\x7f', 'bücher', 'ĀĀ', '\u212a', 'a\\.b', '\\065']) {
  test(`what is not visible ASCII, or an escape, is refused: ${JSON.stringify(name)}`, (t) => {
    t.throws(() => encodeName(name), { instanceOf: DnsError, code: 'BAD_NAME' });
  });
}

test('any list of labels is encoded as it is, or refused for its lengths', (t) => {
  const label = fc.string({
    unit: fc.constantFrom(...'abcXYZ019-_*'),
    minLength: 0,
    maxLength: 70,
  });
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), (list) => {
      const name = list.join('.');
      // A last label that is empty is the root's dot, where something stands before it.
      const own = list.length > 1 && list.at(-1) === '' ? list.slice(0, -1) : list;
      const fits = own.every(({ length }) => length > 0 && length <= 63);
      const bytes = own.reduce((sum, { length }) => sum + 1 + length, 1);
      if (name === '.') return encodeName(name).length === 1;
      if (!fits || bytes > 255) {
        t.throws(() => encodeName(name), { code: 'BAD_NAME' });
        return true;
      }
      const expected = own.map((one) => String.fromCharCode(one.length) + one).join('');
      return text(encodeName(name)) === `${expected}\0`;
    }),
  );
  t.pass();
});
