import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { DnsError } from '../../../src/dns/simple/dns-error.ts';
import { NameReader, POINTERS_MAX, WORK_MAX } from '../../../src/dns/simple/name-reader.ts';

/** A message whose bytes behind the header are these; text is latin1. */
const message = (...parts: (string | readonly number[])[]) =>
  Buffer.concat([
    Buffer.alloc(12),
    ...parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part),
    ),
  ]);

const reader = (...parts: (string | readonly number[])[]) => new NameReader(message(...parts));
const pointer = (target: number) => [0xc0 | (target >> 8), target & 0xff];
/** `call` finds the message wrong at `offset`. */
function refused(t: ExecutionContext, call: () => unknown, offset: number): void {
  const error = t.throws(call, { instanceOf: DnsError, code: 'BAD_MESSAGE' });
  t.is(error?.offset, offset);
}

/** RFC 1035 §4.1.4's example, shifted: F.ISI.ARPA, FOO and the rest of it, ARPA, the root. */
const RFC = ['\x01F\x03ISI\x04ARPA\0', '\x03FOO', pointer(12), pointer(18), '\0'];
const [F, FOO, ARPA, ROOT] = [12, 24, 30, 32] as const;

test('a name is skipped up to its root, or to its pointer', (t) => {
  const names = reader(...RFC);
  t.deepEqual(
    [F, FOO, ARPA, ROOT].map((at) => names.skip(at)),
    [24, 30, 32, 33],
  );
});

test('names are the same when their labels are, wherever they lie', (t) => {
  const names = reader(...RFC, '\x04aRpA\0', '\x03foo\x01f\x03isi', pointer(18));
  t.true(names.same(18, ARPA));
  t.true(names.same(ARPA, 33));
  t.true(names.same(FOO, 39));
  t.true(names.same(39, FOO));
  t.false(names.same(F, FOO));
  t.false(names.same(18, ROOT));
  t.false(names.same(ROOT, 18));
  t.true(names.same(ROOT, ROOT));
});

test('only ASCII letters have two cases', (t) => {
  // 0x40 and 0x60, 0x5b and 0x7b, 0xc1 and 0xe1 differ by the same bit as A and a.
  const names = reader('\x03\x40\x5b\xc1\0', '\x03\x60\x5b\xc1\0', '\x03\x40\x7b\xc1\0');
  t.false(names.same(12, 17));
  t.false(names.same(12, 22));
  t.false(reader('\x01\xc1\0', '\x01\xe1\0').same(12, 15));
});

test('a dot inside a label divides nothing', (t) => {
  t.false(reader('\x03a.b\0', '\x01a\x01b\0').same(12, 17));
});

test('a pointer to itself, forward, or into its own labels is refused', (t) => {
  refused(t, () => reader(pointer(12)).check(12), 12);
  refused(t, () => reader(pointer(14), '\0').check(12), 12);
  refused(t, () => reader('\x01a', pointer(12)).check(12), 14);
  refused(t, () => reader('\x01a', pointer(12)).skip(12), 14);
});

test('two pointers that lead to each other are refused', (t) => {
  refused(t, () => reader(pointer(14), pointer(12)).check(14), 12);
});

test('a pointer into the header is refused', (t) => {
  refused(t, () => reader('\0', pointer(11)).check(13), 13);
  t.notThrows(() => reader('\0', pointer(12)).check(13));
});

test('labels of the kinds 0x40 and 0x80 are refused, though their bytes are there', (t) => {
  for (const first of [0x40, 0x80, 0xbf]) {
    const names = reader([first], 'a'.repeat(first), '\0');
    refused(t, () => names.check(12), 12);
    refused(t, () => names.skip(12), 12);
  }
});

test('a name that the message ends in is refused, wherever it ends', (t) => {
  refused(t, () => reader().check(12), 12);
  refused(t, () => reader('\x01').check(12), 12);
  refused(t, () => reader('\x01a').check(12), 14);
  refused(t, () => reader('\x02a').check(12), 12);
  refused(t, () => reader('\x01a', [0xc0]).check(12), 14);
});

test('a name of 255 bytes is read, and one of 256 is refused, pointers or not', (t) => {
  const label = (bytes: number) => String.fromCharCode(bytes) + 'a'.repeat(bytes);
  const long = label(63) + label(63) + label(63);
  t.notThrows(() => reader(`${long}${label(61)}\0`).check(12));
  t.throws(() => reader(`${long}${label(62)}\0`).check(12), { code: 'BAD_MESSAGE' });
  t.notThrows(() => reader(`${long}\0`, label(61), pointer(12)).check(12 + 193));
  t.throws(() => reader(`${long}\0`, label(62), pointer(12)).check(12 + 193), {
    code: 'BAD_MESSAGE',
  });
});

test('127 pointers are followed for one name, and not one more', (t) => {
  const chain = Array.from({ length: POINTERS_MAX + 1 }, (_, index) =>
    pointer(index === 0 ? 12 : 11 + 2 * index),
  );
  const names = reader('\0', ...chain);
  t.notThrows(() => names.check(11 + 2 * POINTERS_MAX));
  refused(t, () => names.check(13 + 2 * POINTERS_MAX), 13);
});

test('the work for one message is bounded', (t) => {
  const names = reader('\0');
  for (let times = 0; times < WORK_MAX; times += 1) names.check(12);
  t.is(names.work, WORK_MAX);
  refused(t, () => names.check(12), 12);
});

test('whatever the bytes are, a name is read or refused', (t) => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 80 });
  // Mostly lengths and pointers that make sense: random bytes alone end at once.
  const likely = fc.array(fc.constantFrom(0, 1, 2, 3, 0x41, 0x61, 0xc0, 12, 14, 16, 20, 30), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(fc.oneof(bytes, likely), fc.nat(90), fc.nat(90), (body, first, second) => {
      const names = new NameReader(message([...body]));
      try {
        names.check(first);
        const same = names.same(first, second);
        names.check(second);
        if (same !== names.same(second, first)) return false;
      } catch (error) {
        if (!(error instanceof DnsError) || error.code !== 'BAD_MESSAGE') throw error;
      }
      return names.work < 4 * (255 + 2 * 128);
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
