import test, { type ExecutionContext } from 'ava';
import { HEAD_LIMITS, METHOD_BYTES_MAX } from '../../src/http/head-limits.ts';
import { HeadParser } from '../../src/http/head-parser.ts';
import type { HttpErrorCode } from '../../src/http/http-error.ts';

type Kind = 'request' | 'response';

/** How many bytes the head has, read whole and byte by byte. */
function parse(kind: Kind, text: string, bytewise: boolean): number {
  const data = Buffer.from(text, 'latin1');
  const parser = new HeadParser(kind);
  for (let to = bytewise ? 1 : data.length; to <= data.length; to += 1) {
    if (parser.parse(data, 0, to)) return parser.head.bytes;
  }
  return -1;
}

function taken(t: ExecutionContext, kind: Kind, text: string): void {
  t.is(parse(kind, text, false), text.length, 'whole');
  t.is(parse(kind, text, true), text.length, 'byte by byte');
}

function refused(t: ExecutionContext, kind: Kind, text: string, expected: ErrorOf): void {
  t.throws(() => parse(kind, text, false), expected, 'whole');
  t.throws(() => parse(kind, text, true), expected, 'byte by byte');
}

type ErrorOf = { code: HttpErrorCode; message?: RegExp };

const line = (bytes: number, name = 'a'): string =>
  `${name}:${'v'.repeat(bytes - name.length - 1)}`;

test('a method may have 32 bytes, and not one more', (t) => {
  t.is(METHOD_BYTES_MAX, 32);
  taken(t, 'request', `${'M'.repeat(32)} / HTTP/1.1\r\n\r\n`);
  refused(t, 'request', `${'M'.repeat(33)} / HTTP/1.1\r\n\r\n`, { code: 'BAD_METHOD' });
});

test('a target may have 8 KiB, and not a byte more', (t) => {
  const target = `/${'t'.repeat(HEAD_LIMITS.targetBytesMax - 1)}`;
  taken(t, 'request', `GET ${target} HTTP/1.1\r\n\r\n`);
  refused(t, 'request', `GET ${target}t HTTP/1.1\r\n\r\n`, { code: 'TARGET_TOO_LONG' });
});

test('a target that is too long is too long also where it has a bad byte behind the bound', (t) => {
  const target = `/${'t'.repeat(HEAD_LIMITS.targetBytesMax + 10)}#`;
  refused(t, 'request', `GET ${target} HTTP/1.1\r\n\r\n`, { code: 'TARGET_TOO_LONG' });
});

test('a field line may have 8 KiB, and not a byte more', (t) => {
  const bytes = HEAD_LIMITS.lineBytesMax;
  taken(t, 'request', `GET / HTTP/1.1\r\n${line(bytes)}\r\n\r\n`);
  refused(t, 'request', `GET / HTTP/1.1\r\n${line(bytes + 1)}\r\n\r\n`, {
    code: 'FIELD_TOO_LARGE',
  });
});

test('names and white space count as parts of a line', (t) => {
  const bytes = HEAD_LIMITS.lineBytesMax;
  const first = 'GET / HTTP/1.1\r\n';
  const tooLarge = { code: 'FIELD_TOO_LARGE' } as const;
  taken(t, 'request', `${first}${'n'.repeat(bytes - 1)}:\r\n\r\n`);
  refused(t, 'request', `${first}${'n'.repeat(bytes)}:\r\n\r\n`, tooLarge);
  refused(t, 'request', `${first}${'n'.repeat(bytes + 1)} :\r\n\r\n`, tooLarge);
  taken(t, 'request', `${first}n:${' '.repeat(bytes - 2)}\r\n\r\n`);
  refused(t, 'request', `${first}n:${' '.repeat(bytes - 1)}\r\n\r\n`, tooLarge);
});

test('a status line may have 8 KiB, and not a byte more', (t) => {
  const status = `HTTP/1.1 200 ${'r'.repeat(HEAD_LIMITS.lineBytesMax - 13)}`;
  taken(t, 'response', `${status}\r\n\r\n`);
  refused(t, 'response', `${status}r\r\n\r\n`, { code: 'BAD_STATUS_LINE' });
});

test('a head may have 200 fields, and not one more', (t) => {
  t.is(HEAD_LIMITS.fieldsMax, 200);
  taken(t, 'request', `GET / HTTP/1.1\r\n${'a:b\r\n'.repeat(200)}\r\n`);
  refused(t, 'request', `GET / HTTP/1.1\r\n${'a:b\r\n'.repeat(201)}\r\n`, {
    code: 'TOO_MANY_FIELDS',
  });
});

test('a head may have 32 KiB, and not a byte more', (t) => {
  const first = 'GET / HTTP/1.1\r\n';
  const rest = `${line(8000)}\r\n`.repeat(4);
  const left = HEAD_LIMITS.headBytesMax - first.length - rest.length - 4;
  taken(t, 'request', `${first}${rest}${line(left)}\r\n\r\n`);
  refused(t, 'request', `${first}${rest}${line(left + 1)}\r\n\r\n`, { code: 'HEAD_TOO_LARGE' });
});

test('a response may have 32 KiB of head, and not a byte more', (t) => {
  const first = 'HTTP/1.1 200 OK\r\n';
  const rest = `${line(8000)}\r\n`.repeat(4);
  const left = HEAD_LIMITS.headBytesMax - first.length - rest.length - 4;
  taken(t, 'response', `${first}${rest}${line(left)}\r\n\r\n`);
  refused(t, 'response', `${first}${rest}${line(left + 1)}\r\n\r\n`, { code: 'HEAD_TOO_LARGE' });
});

test('limits are those that the parser was given', (t) => {
  const limits = { headBytesMax: 64, lineBytesMax: 16, targetBytesMax: 4, fieldsMax: 1 };
  const read = (text: string) => {
    const parser = new HeadParser('request', limits);
    return parser.parse(Buffer.from(text), 0, text.length);
  };
  t.true(read('GET /abc HTTP/1.1\r\na:b\r\n\r\n'));
  t.throws(() => read('GET /abcd HTTP/1.1\r\n\r\n'), { code: 'TARGET_TOO_LONG' });
  t.throws(() => read('GET / HTTP/1.1\r\na:b\r\nc:d\r\n\r\n'), { code: 'TOO_MANY_FIELDS' });
  t.throws(() => read(`GET / HTTP/1.1\r\n${line(17)}\r\n\r\n`), { code: 'FIELD_TOO_LARGE' });
  t.throws(() => read(`${'M'.repeat(30)} /abc HTTP/1.1\r\n${line(16)}\r\n\r\n`), {
    code: 'HEAD_TOO_LARGE',
  });
});
