import { HEAD_RULES } from '../../src/http/head-limits.ts';
import { all, each, get, LAST, post, type Refused, withFields } from './strict-rows.ts';

/** Lines, names and values that are refused, and too many or too long ones. */
export const REFUSED_FIELDS: readonly Refused[] = [
  {
    title: 'a bare CR anywhere',
    rule: '400',
    inputs: all(400, {
      'behind the request line': 'GET / HTTP/1.1\rHost: x\r\n\r\n',
      'in the request line': 'GET /\r HTTP/1.1\r\nHost: x\r\n\r\n',
      'behind the method': 'GET\r / HTTP/1.1\r\nHost: x\r\n\r\n',
      'in a value': withFields('A: b\rTransfer-Encoding: chunked\r\n'),
      'in a name': withFields('A\rB: c\r\n'),
      'before a name': withFields('\rA: b\r\n'),
      'at the end of a value': withFields('A: b\r\r\n'),
      'before the empty line': withFields('\r'),
      'as the empty line': 'GET / HTTP/1.1\r\nHost: x\r\n\rX: y\r\n\r\n',
    }),
  },
  {
    title: 'a bare LF as a line end in a request head',
    rule: '400',
    inputs: all(400, {
      'behind the request line': 'GET / HTTP/1.1\nHost: x\r\n\r\n',
      'behind a field': 'GET / HTTP/1.1\r\nHost: x\n\r\n',
      'as the empty line': 'GET / HTTP/1.1\r\nHost: x\r\n\n',
      everywhere: 'GET / HTTP/1.1\nHost: x\n\n',
      'in a value': withFields('A: b\nC: d\r\n'),
      'in the target': 'GET /\n HTTP/1.1\r\nHost: x\r\n\r\n',
    }),
  },
  {
    title: 'an underscore in a name, where they are refused',
    rule: '400',
    config: { headRules: { ...HEAD_RULES, underscores: 'refuse' } },
    inputs: each(400, (name) => withFields(`${name}: b\r\n`), [
      ...['X_Y', '_', '_a', 'a_', 'Content_Length', 'Transfer_Encoding'],
    ]),
  },
  {
    title: 'a folded header',
    rule: '400',
    inputs: all(400, {
      'by a space': withFields('A: b\r\n c\r\n'),
      'by a tab': withFields('A: b\r\n\tc\r\n'),
      'of Host': 'GET / HTTP/1.1\r\nHost:\r\n x\r\n\r\n',
      'of a coding': post('Transfer-Encoding:\r\n chunked\r\n', LAST),
      'by white space alone': withFields('A: b\r\n \r\n'),
    }),
  },
  {
    title: 'white space before a colon or the first header, an empty name, no colon, no token',
    rule: '400',
    inputs: all(400, {
      'a space before the colon': post('Transfer-Encoding : chunked\r\n', LAST),
      'a tab before the colon': post('Content-Length\t: 5\r\n', 'hello'),
      'a space before the first header': 'GET / HTTP/1.1\r\n Host: x\r\n\r\n',
      'a tab before the first header': 'GET / HTTP/1.1\r\n\tHost: x\r\n\r\n',
      'an empty name': withFields(': b\r\n'),
      'a line without a colon': withFields('chunked\r\n'),
      ...Object.fromEntries(
        [
          '(',
          ')',
          '/',
          ';',
          '<',
          '=',
          '@',
          '[',
          '\\',
          '{',
          '"',
          ',',
          '?',
          '\0',
          '\x7f',
          '\xe9',
        ].map((char) => [`${JSON.stringify(char)} in a name`, withFields(`A${char}B: c\r\n`)]),
      ),
    }),
  },
  {
    title: 'NUL or any other control character except tab, or DEL, in a value',
    rule: '400',
    inputs: Array.from({ length: 33 }, (_, code) => (code === 32 ? 0x7f : code))
      .filter((code) => code !== 0x09)
      .map((code) => {
        const char = String.fromCharCode(code);
        return [`0x${code.toString(16)}`, withFields(`A: b${char}c\r\n`), 400] as const;
      }),
  },
  {
    title: 'no Host in HTTP/1.1, two Hosts, a Host that is none',
    rule: '400',
    inputs: [
      ...all(400, {
        none: 'GET / HTTP/1.1\r\n\r\n',
        'none, with an absolute target': 'GET http://x/ HTTP/1.1\r\n\r\n',
        'two, the same': 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n',
        'two, different': 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nhOST: y\r\n\r\n',
        'two in HTTP/1.0': 'GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n',
        'two, with an absolute target': 'GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
      }),
      ...each(400, (host) => `GET / HTTP/1.1\r\nHost:${host}\r\n\r\n`, [
        ...[' a b', ' a/b@c', '', ' ', ' a@b', ' a, b', ' a:b', ' :80', ' a:80:80', ' a/', ' a?b'],
        ...[
          ' a#b',
          ' http://a',
          ' [::1',
          ' ::1',
          ' a\\b',
          ' a\tb',
          ' <a>',
          ' a:-1',
          ' \xe9',
          ' "a"',
        ],
      ]),
    ],
  },
  {
    title: 'a header line, a head, a count of fields or a target over its limit',
    rule: '431, 431, 431, 414',
    inputs: [
      ['a line', withFields(`A: ${'b'.repeat(8 * 1024 - 2)}\r\n`), 431],
      ['a name', withFields(`${'N'.repeat(8 * 1024 + 1)}: b\r\n`), 431],
      ['a head', withFields(`A: ${'b'.repeat(1019)}\r\n`.repeat(32)), 431],
      ['fields', withFields('A: b\r\n'.repeat(200)), 431],
      ['a target', get(`/${'a'.repeat(8 * 1024)}`), 414],
    ],
  },
  {
    title: 'limits of its own configuration',
    rule: '431, 431, 431, 414',
    config: {
      headLimits: { headBytesMax: 200, lineBytesMax: 100, targetBytesMax: 50, fieldsMax: 4 },
    },
    inputs: [
      ['a line', withFields(`A: ${'b'.repeat(98)}\r\n`), 431],
      ['a head', withFields(`A: ${'b'.repeat(84)}\r\n`.repeat(2)), 431],
      ['fields', withFields('A: b\r\n'.repeat(4)), 431],
      ['a target', get(`/${'a'.repeat(50)}`), 414],
    ],
  },
  {
    title: 'limits where one status is said for all, as nginx does',
    rule: '400, 400, 400, 414',
    config: {
      headLimits: { headBytesMax: 200, lineBytesMax: 100, targetBytesMax: 50, fieldsMax: 4 },
      headRules: { ...HEAD_RULES, tooLargeStatus: 400 },
    },
    inputs: [
      ['a line', withFields(`A: ${'b'.repeat(98)}\r\n`), 400],
      ['a head', withFields(`A: ${'b'.repeat(84)}\r\n`.repeat(2)), 400],
      ['fields', withFields('A: b\r\n'.repeat(4)), 400],
      ['a target', get(`/${'a'.repeat(50)}`), 414],
    ],
  },
  {
    title: 'Expect with anything but 100-continue',
    rule: '417',
    inputs: each(417, (value) => post(`Expect:${value}\r\nContent-Length: 5\r\n`, 'hello'), [
      ...[' 200-ok', '', ' 100-continue, x', ' 100', ' 100-continuex', ' 100-continue\xa0'],
    ]),
  },
];
