import { Buffer } from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import { HeadParser } from '../../src/http/head-parser.ts';
import { HttpError } from '../../src/http/http-error.ts';
import { readRequest } from '../../src/http/read-head.ts';
import { headRulesOf } from '../../src/server/engine/head-rules.ts';
import { isServedHost } from '../../src/server/engine/host-name.ts';
import { SERVER_DEFAULTS } from '../../src/server/index.ts';

const LIMITS = { headBytesMax: 400, lineBytesMax: 120, targetBytesMax: 60, fieldsMax: 8 };
const RULES = headRulesOf({ ...SERVER_DEFAULTS, ignoreInvalidHeaders: true });

/** What a head is, or why it is none; `step`: bytes that come at once. */
function read(text: string, step: number): string {
  const parser = new HeadParser('request', LIMITS, RULES);
  const data = Buffer.from(text, 'latin1');
  try {
    for (let end = Math.min(step, data.length); ; end = Math.min(end + step, data.length)) {
      if (parser.parse(data, 0, end)) break;
      if (end === data.length) return 'not complete';
    }
    const { head } = parser;
    readRequest(head, RULES);
    const fields = Array.from({ length: head.fieldCount }, (_, index) => {
      return `${head.fieldId(index)} ${head.fieldName(index)}: ${head.fieldValue(index)}`;
    });
    const { method, target, minorVersion, simple, hasDropped, framing } = head;
    return JSON.stringify([method, target, minorVersion, simple, hasDropped, framing, fields]);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `${error.status}`;
  }
}

const PARTS = fc.constantFrom(
  'GET ',
  'POST ',
  '/a%20?b#c',
  '/\xe4.',
  'http://h:80/x',
  ' HTTP/1.0',
  ' HTTP/1.1',
  ' HTTP/1.7',
  '\r\n',
  '\n',
  'Host: a',
  'a_b: 1',
  'a.b: 2',
  '</x>: 3',
  'X: y',
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  ' ',
  ':',
  '\0',
  'x'.repeat(50),
);

test('a head in pieces is the same as a whole one, whatever is wrong with it', (t) => {
  fc.assert(
    fc.property(
      fc.array(PARTS, { maxLength: 16 }),
      fc.integer({ min: 1, max: 9 }),
      (parts, step) => {
        const text = `${parts.join('')}\r\n\r\n`;
        return read(text, step) === read(text, text.length);
      },
    ),
    { numRuns: 5000 },
  );
  t.pass();
});

test('what is read of a whole head is what is written in it', (t) => {
  const text = 'GET /\xe4?x#y HTTP/1.7\nHost: a\na_b: 1\n</x>: 2\nB-1: 3 \n\n';
  t.deepEqual(JSON.parse(read(text, 3)), [
    'GET',
    '/\xe4?x#y',
    1,
    false,
    true,
    'none',
    ['1 Host: a', '255 a_b: 1', '255 </x>: 2', '0 B-1: 3'],
  ]);
});

const HOSTS = [
  'a',
  'a.b',
  'a.',
  'A_b~',
  '1.2.3.4:80',
  'a:',
  '[::1]',
  '[::1]:80',
  '[v1.a]',
  'a:65535',
];
const NO_HOSTS = ['', '.', 'a..b', 'a b', 'a/b', 'a@b', 'a:80x', 'a:65536', '[::1', '[]x', 'a:1:2'];

for (const host of HOSTS) {
  test(`${host} is a host`, (t) => t.true(isServedHost(host, 0, host.length)));
}
for (const host of NO_HOSTS) {
  test(`${JSON.stringify(host)} is no host`, (t) => t.false(isServedHost(host, 0, host.length)));
}

/** The same rule as one regular expression and two conditions. */
const HOST =
  /^(?:(?<name>[A-Za-z0-9\-._~!$&'()*+,;=%]+)|\[[A-Za-z0-9\-._~!$&'()*+,;=:]*\])(?::(?<port>\d*))?$/;

function isHost(text: string): boolean {
  const groups = HOST.exec(text)?.groups;
  if (groups === undefined) return false;
  const { name = '', port = '' } = groups;
  return name !== '.' && !text.includes('..') && Number(port) <= 65_535;
}

test('a host is one by the same rule, whatever it is made of', (t) => {
  const parts = fc.constantFrom('a', 'Z9', '-', '.', '..', ':', '80', '65535', '65536', '[', ']');
  const others = fc.constantFrom('_', '%', ' ', '@', '\xe4', '::1', '0443', '/');
  fc.assert(
    fc.property(fc.array(fc.oneof(parts, others), { maxLength: 6 }), (pieces) => {
      const host = pieces.join('');
      return isServedHost(`x${host}y`, 1, 1 + host.length) === isHost(host);
    }),
    { numRuns: 20_000 },
  );
  t.pass();
});
