import test from 'ava';
import fc from 'fast-check';
import { DnsError } from '../../../src/dns/dns-error.ts';
import {
  isHostName,
  isWithin,
  labelCount,
  labelsOf,
  nameBelow,
  nameKey,
  nameText,
  parentOf,
  ROOT,
  tryNameKey,
} from '../../../src/dns/wire/name.ts';
import { nameOfBytes } from './reply-message.ts';

test('a name is length bytes, labels in small letters, and the root', (t) => {
  t.is(nameKey('WWW.Example'), '\x03www\x07example\0');
  t.is(nameKey('www.example.'), '\x03www\x07example\0');
  t.is(nameKey('_http._tcp.x'), '\x05_http\x04_tcp\x01x\0');
});

test('the root is a dot', (t) => {
  t.is(nameKey('.'), ROOT);
  t.is(nameText(ROOT), '.');
  t.is(ROOT, '\0');
});

const REFUSED: Readonly<Record<string, [string, RegExp]>> = {
  'no text': ['', /no name/],
  'an empty label': ['a..b', /an empty label/],
  'an empty label in front': ['.a', /an empty label/],
  'two dots at the end': ['a..', /an empty label/],
  'two dots': ['..', /an empty label/],
  'a label of 64 bytes': ['a'.repeat(64), /label of over 63 bytes/],
  'a last label of 64 bytes': [`b.${'a'.repeat(64)}`, /label of over 63 bytes/],
  'a letter outside of ASCII': ['bücher.example', /not ASCII, at column 2/],
  'a character of two code units': ['😀.example', /not ASCII, at column 1/],
  'a space': ['a b', /space or control character, at column 2/],
  'a line feed': ['a\n', /space or control character, at column 2/],
  'a NUL': ['a\0', /space or control character, at column 2/],
  DEL: ['a\x7f', /not ASCII, at column 2/],
  'a backslash at the end': ['a\\', /an escape that is none, at column 2/],
  'two digits behind a backslash': ['\\04', /an escape that is none, at column 1/],
  'a byte above 255': ['\\256', /an escape that is none, at column 1/],
};

for (const [what, [text, why]] of Object.entries(REFUSED)) {
  test(`a name is refused, with the reason: ${what}`, (t) => {
    const error = t.throws(() => nameKey(text), { instanceOf: DnsError, code: 'EBADNAME' });
    t.regex(error?.message ?? '', why);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    t.notRegex(error?.message ?? '', /[\x00-\x1f\x7f]/);
    t.is(tryNameKey(text), undefined);
  });
}

test('a text of a megabyte is refused with a short message', (t) => {
  for (const text of ['a'.repeat(2 ** 20), 'a.'.repeat(2 ** 19), '\\'.repeat(2 ** 20)]) {
    const error = t.throws(() => nameKey(text), { code: 'EBADNAME' });
    t.true((error?.message.length ?? 0) < 200);
  }
});

test('case 24: a name of 255 bytes is taken and one of 256 is not', (t) => {
  t.is(nameKey(nameOfBytes(255)).length, 255);
  t.is(nameKey(`${nameOfBytes(255)}.`).length, 255);
  t.throws(() => nameKey(nameOfBytes(256)), { message: /over 255 bytes/ });
  const escapes = nameOfBytes(255).replaceAll('a', '\\097');
  t.is(nameKey(escapes), nameKey(nameOfBytes(255)));
  t.throws(() => nameKey(`${escapes}\\097`), { code: 'EBADNAME' });
});

test('case 24: a name of 127 labels is taken and one of 128 is not', (t) => {
  const labels = (count: number) => Array(count).fill('a').join('.');
  t.is(labelCount(nameKey(labels(127))), 127);
  t.throws(() => nameKey(labels(128)), { message: /over 255 bytes/ });
});

test('a label of 63 bytes is taken', (t) => {
  t.is(nameKey(`${'a'.repeat(63)}.b`), `\x3f${'a'.repeat(63)}\x01b\0`);
});

test('an escaped dot divides nothing', (t) => {
  t.is(nameKey('a\\.b.c'), '\x03a.b\x01c\0');
  t.is(nameKey('a\\046b'), '\x03a.b\0');
  t.not(nameKey('a\\.b'), nameKey('a.b'));
});

test('an escape stands for its byte, letters lowered as others are', (t) => {
  t.is(nameKey('\\\\\\000\\255\\065\\Z'), '\x05\\\0\xffaz\0');
  // Letters outside of ASCII have no case.
  t.not(nameKey('\\193'), nameKey('\\225'));
});

test('case 30: dot, backslash, NUL, line feed, space and bytes above ASCII are escaped', (t) => {
  t.is(nameText('\x03a.b\x01c\0'), 'a\\.b.c');
  t.is(nameText('\x02a\\\0'), 'a\\\\');
  t.is(nameText('\x05\0\n \x7f\xff\0'), '\\000\\010\\032\\127\\255');
});

test('case 30: names with odd bytes are no host names', (t) => {
  for (const text of [
    'a\\.b',
    'a\\000',
    'a\\\\b',
    'a\\010',
    'a\\255.example',
    'a\\032',
    'a*b',
    '.',
  ]) {
    t.false(isHostName(nameKey(text)), text);
  }
  for (const text of ['a', 'A-1.b_c.example', '_http._tcp.x', '1.2.3.4', 'xn--bcher-kva.example']) {
    t.true(isHostName(nameKey(text)), text);
  }
});

test('case 31: constructor and __proto__ are names like others', (t) => {
  const table = new Map<string, string>();
  for (const text of ['constructor', '__proto__', 'hasOwnProperty.toString']) {
    t.is(table.get(nameKey(text)), undefined);
    table.set(nameKey(text), text);
    t.is(nameText(nameKey(text)), text.toLowerCase());
  }
  t.is(table.get(nameKey('__PROTO__')), '__proto__');
});

test('labels, parents and suffixes', (t) => {
  const key = nameKey('a.bc.def');
  t.deepEqual(labelsOf(key), ['a', 'bc', 'def']);
  t.deepEqual(labelsOf(ROOT), []);
  t.is(labelCount(key), 3);
  t.is(parentOf(key), nameKey('bc.def'));
  t.is(parentOf(nameKey('def')), ROOT);
  t.is(parentOf(ROOT), undefined);
  t.is(nameBelow(nameKey('a'), nameKey('bc.def')), key);
  t.is(nameBelow(key, ROOT), key);
  t.is(
    nameBelow(nameKey(nameOfBytes(200)), nameKey(nameOfBytes(56))),
    nameKey(`${nameOfBytes(200)}.${nameOfBytes(56)}`),
  );
  t.is(nameBelow(nameKey(nameOfBytes(200)), nameKey(nameOfBytes(57))), undefined);
});

test('a name is within itself and its ancestors, label by label', (t) => {
  const key = nameKey('www.example.net');
  for (const text of ['www.example.net', 'example.net', 'net', '.']) {
    t.true(isWithin(key, nameKey(text)), text);
  }
  for (const text of ['ww.example.net', 'ample.net', 'a.www.example.net', 'example', 'org']) {
    t.false(isWithin(key, nameKey(text)), text);
  }
  // The bytes are at its end, but inside a label.
  t.false(isWithin(nameKey('a\\001b'), nameKey('b')));
});

const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
const key = fc
  .array(label, { maxLength: 8 })
  .map((labels) =>
    labels
      .map((bytes) => String.fromCharCode(bytes.length, ...bytes))
      .join('')
      .concat('\0'),
  )
  .filter((wire) => wire.length <= 255);
const lowered = (wire: string) => wire.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

test('the text of a name is visible ASCII and leads back to it', (t) => {
  fc.assert(
    fc.property(key, (wire) => {
      const text = nameText(wire);
      return /^[!-~]+$/.test(text) && nameKey(text) === lowered(wire);
    }),
  );
  t.pass();
});

test('whatever the text is, it has a key or a reason', (t) => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('a', 'B', '.', '\\', '0', '9', '-'), maxLength: 300 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const known = tryNameKey(text);
      if (known !== undefined) return nameKey(nameText(known)) === known && known.length <= 255;
      try {
        nameKey(text);
      } catch (error) {
        return error instanceof DnsError && error.code === 'EBADNAME';
      }
      return false;
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
