import { HEAD_RULES } from '../../src/http/head-limits.ts';
import type { SiteConfig } from './site.ts';

/** A row of what a client may not send: each input is refused, and the connection closed. */
export type Refused = {
  readonly title: string;
  readonly rule: string;
  readonly config?: SiteConfig;
  /** What is wrong is in a body, whose head may have been forwarded by then. */
  readonly inBody?: true;
  readonly inputs: readonly (readonly [name: string, text: string, status: number])[];
};

/** A row of what is forwarded, though it may look odd: each input with what a server gets. */
export type Forwarded = {
  readonly title: string;
  readonly rule: string;
  readonly config?: SiteConfig;
  readonly inputs: readonly {
    readonly name: string;
    readonly text: string;
    /** The request line as the server gets it, and the fields behind `Host`. */
    readonly first: string;
    readonly fields: readonly string[];
    readonly body?: string;
    /** The connection is closed behind the answer. */
    readonly isLast?: true;
  }[];
};

const BARE_LF: SiteConfig = { headRules: { ...HEAD_RULES, bareLf: true } };
const HOST = 'Host: x\r\n';
const LAST = '0\r\n\r\n';

const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;
const withFields = (fields: string): string => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
const coded = (coding: string): string => post(`Transfer-Encoding:${coding}\r\n`, LAST);
const sized = (length: string): string => post(`Content-Length:${length}\r\n`, 'hello');

function all(
  status: number,
  texts: Readonly<Record<string, string>>,
): (readonly [string, string, number])[] {
  return Object.entries(texts).map(([name, text]) => [name, text, status] as const);
}

/** `texts` by themselves, each as its own name. */
function each(
  status: number,
  make: (text: string) => string,
  texts: readonly string[],
): (readonly [string, string, number])[] {
  return texts.map((text) => [JSON.stringify(text), make(text), status] as const);
}

const OLD = (method: string, fields: string): string =>
  `${method} / HTTP/1.0\r\n${fields}\r\nhello`;

export const REFUSED: readonly Refused[] = [
  {
    title: 'Content-Length together with Transfer-Encoding',
    rule: '400',
    inputs: all(400, {
      'length first': post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', LAST),
      'coding first': post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', LAST),
      'a length of zero': post('Transfer-Encoding: chunked\r\nContent-Length: 0\r\n', LAST),
      'fields between': post('Content-Length: 5\r\nA: b\r\nTransfer-Encoding: chunked\r\n', LAST),
      'on a GET': withFields('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n') + LAST,
    }),
  },
  {
    title: 'Content-Length twice, a list, a sign, white space, empty, hexadecimal, over 2^53',
    rule: '400',
    inputs: [
      ...all(400, {
        'twice, different': post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'),
        'twice, the same': post('Content-Length: 5\r\ncontent-length: 5\r\n', 'hello'),
      }),
      ...each(400, sized, [' 5, 5', ' 5,6', ' +5', ' -5', ' 5 5', '', ' ', ' 0x5', ' 5.0', ' 5e0']),
      ...each(400, sized, [' 9007199254740992', ' 18446744073709551621', ' 00000000000000005']),
      ...each(400, sized, [' "5"', ' 5;', ' \xb2', ' \xa05', ' 5\xa0', ' five']),
    ],
  },
  {
    title: 'an HTTP/1.0 GET, HEAD or DELETE with a body, and Transfer-Encoding in HTTP/1.0',
    rule: '400',
    inputs: all(400, {
      GET: OLD('GET', 'Content-Length: 5\r\n'),
      HEAD: OLD('HEAD', 'Content-Length: 5\r\n'),
      DELETE: OLD('DELETE', 'Content-Length: 5\r\n'),
      'POST, chunked': OLD('POST', 'Transfer-Encoding: chunked\r\n'),
      'GET, chunked': OLD('GET', 'Transfer-Encoding: chunked\r\n'),
      'kept alive': OLD('POST', 'Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n'),
    }).map(([name, text]) => [name, text, 400] as const),
  },
  {
    title: 'Transfer-Encoding that is not exactly chunked',
    rule: '501',
    inputs: [
      ...each(501, coded, [' xchunked', ' chunked, identity', ' identity', '', ' gzip, chunked']),
      ...each(501, coded, [' chunkedx', ' "chunked"', ' chunked;q=1', ' ,chunked', ' chunked,']),
      ...each(501, coded, [' \xa0chunked', ' chunked\xa0', ' chun ked', ' gzip', ' \x85chunked']),
      // A control character is refused before anybody asks what it stands in.
      ...each(400, coded, [' \x0bchunked', ' chunked\x0b', ' \x0cchunked', ' \0chunked']),
    ],
  },
  {
    title: 'chunked twice, and two Transfer-Encoding lines',
    rule: '400',
    inputs: [
      ...each(400, coded, [' chunked, chunked', ' chunked,chunked', ' Chunked ,\tCHUNKED']),
      ...all(400, {
        'two lines': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', LAST),
        'identity first': post(
          'Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n',
          LAST,
        ),
      }),
    ],
  },
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
    title: 'a bare LF in chunk framing, and a bare CR, where a bare LF may end a line of a head',
    rule: '400',
    config: BARE_LF,
    inBody: true,
    inputs: all(400, {
      'a size': chunked(`5\nhello\r\n${LAST}`),
      data: chunked(`5\r\nhello\n${LAST}`),
      'the last size': chunked('0\n\r\n'),
      'a trailer': chunked('0\r\nA: b\n\r\n'),
      'the end of a body': chunked('0\r\n\n'),
      'an extension': chunked(`5;a\nhello\r\n${LAST}`),
      'CR behind a field': 'GET / HTTP/1.1\nHost: x\r\r\n\n',
      'CR in a value': 'GET / HTTP/1.1\nHost: x\nA: b\rC: d\n\n',
      'a folded line': 'GET / HTTP/1.1\nHost: x\nA: b\n c\n\n',
      'HTTP/0.9': 'GET /\n',
      'two empty lines': `\n\n${get('/')}`,
      'two lengths': 'POST / HTTP/1.1\nHost: x\nContent-Length: 5\nContent-Length: 5\n\nhello',
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
    title: 'a CR, a LF, or a quote that swallows them, in a chunk extension; over 16 KiB of them',
    rule: '400',
    inBody: true,
    inputs: [
      ...each(400, (ext) => chunked(`5${ext}\r\nhello\r\n${LAST}`), [
        ';a\n',
        ';a\nb',
        ';a\rb',
        ';a\r',
        ';\r',
        ';\n',
        ';a="\r\nhello\r\n0\r\n\r\n"',
        ';a="b\\"',
        ';a="\n"',
        ';a=\0',
        ';a=\x7f',
        ';a="',
        ';a="b\\',
      ]),
      ['over 16 KiB', chunked(`${`1;${'e'.repeat(4095)}\r\nx\r\n`.repeat(4)}0;a\r\n\r\n`), 400],
      ['over 16 KiB in one', chunked(`1;${'e'.repeat(16384)}\r\nx\r\n${LAST}`), 400],
    ],
  },
  {
    title: 'chunk framing by a bare LF, a size that is not plain digits, data longer than its size',
    rule: '400',
    inBody: true,
    inputs: [
      ...each(400, (size) => chunked(`${size}\r\nhello\r\n${LAST}`), [
        ...['+5', '-5', '0x5', '5_0', ' 5', '5 ', '\t5', '5\t', '', 'g', '5,', '5\r', '"5"'],
        ...['00000000000000005', 'fffffffffffffffff', '20000000000000', 'ffffffffffffffff'],
      ]),
      ...all(400, {
        'a size ended by LF': chunked(`5\nhello\r\n${LAST}`),
        'data ended by LF': chunked(`5\r\nhello\n${LAST}`),
        'the last size ended by LF': chunked('5\r\nhello\r\n0\n\r\n'),
        'the body ended by LF': chunked('5\r\nhello\r\n0\r\n\n'),
        'the body ended by CR': chunked('5\r\nhello\r\n0\r\n\rX'),
        'data longer than its size': chunked(`4\r\nhello\r\n${LAST}`),
        'data shorter than its size': chunked(`6\r\nhello\r\n${LAST}`),
        'data ended by nothing': chunked(`5\r\nhello${LAST}`),
      }),
    ],
  },
  {
    title: 'a trailer section that is none, or over 8 KiB',
    rule: '400',
    inBody: true,
    inputs: all(400, {
      'no name': chunked('0\r\n: b\r\n\r\n'),
      'no colon': chunked('0\r\nGET / HTTP/1.1\r\n\r\n'),
      folded: chunked('0\r\nA: b\r\n c\r\n\r\n'),
      'white space before the colon': chunked('0\r\nA : b\r\n\r\n'),
      'ended by LF': chunked('0\r\nA: b\n\r\n'),
      NUL: chunked('0\r\nA: b\0\r\n\r\n'),
      CR: chunked('0\r\nA: b\rc\r\n\r\n'),
      'over 8 KiB': chunked(`0\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(9)}\r\n`),
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
    title: 'an absolute target that is no http URI with a host and nothing else',
    rule: '400',
    inputs: each(400, get, [
      'http:///c',
      'http://',
      'http://?a',
      'http://b@c/',
      'ftp://b/',
      'http:/b',
      'http://b:x/',
      'http://b c/',
      'javascript:alert(1)',
    ]),
  },
  {
    title: 'CONNECT on a reverse proxy, `GET *`, authority-form for other methods',
    rule: '405, 400, 400',
    inputs: [
      ...all(405, {
        CONNECT: 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n',
        'CONNECT with a path': 'CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n',
        'CONNECT, HTTP/1.0': 'CONNECT b:443 HTTP/1.0\r\n\r\n',
      }),
      ...each(400, get, ['*', 'b:443', 'b', 'a/b', '?a', '**', '*/']),
      ['OPTIONS of a host and port', 'OPTIONS b:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ],
  },
  {
    title: 'HTTP/0.9; versions other than 1.0 and 1.1; the preface of HTTP/2',
    rule: '400, 505, 400',
    inputs: [
      ...all(400, {
        'HTTP/0.9': 'GET /\r\n',
        'HTTP/0.9 with a space': 'GET / \r\n',
        'the preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        ...Object.fromEntries(
          ['HTTP/1', 'HTTP/1.10', 'http/1.1', 'HTTP/1,1', 'HTTP/ 1.1', 'HTP/1.1', 'RTSP/1.0'].map(
            (version) => [version, `GET / ${version}\r\nHost: x\r\n\r\n`],
          ),
        ),
      }),
      ...each(505, (version) => `GET / ${version}\r\nHost: x\r\n\r\n`, [
        ...['HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0', 'HTTP/9.9', 'HTTP/1.9'],
      ]),
    ],
  },
  {
    title: 'white space and control characters in the request line, bad methods, bad targets',
    rule: '400',
    inputs: each(400, (line) => `${line}\r\nHost: x\r\n\r\n`, [
      ...['GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET / HTTP/1.1 ', ' GET / HTTP/1.1'],
      ...['GET\t/ HTTP/1.1', 'GET /\tHTTP/1.1', 'GET / HTTP/1.1\t', '\tGET / HTTP/1.1'],
      ...['GET\x0b/ HTTP/1.1', 'GET /\x0c HTTP/1.1', 'G\0T / HTTP/1.1', 'GET / HTTP/1.1\x7f'],
      ...['get / HTTP/1.1', 'Get / HTTP/1.1', 'G(T / HTTP/1.1', 'G:T / HTTP/1.1', 'G/T / HTTP/1.1'],
      ...['G\xc9T / HTTP/1.1', '"GET" / HTTP/1.1', `${'M'.repeat(33)} / HTTP/1.1`, '/ HTTP/1.1'],
      ...['GET /a#b HTTP/1.1', 'GET /a b HTTP/1.1', 'GET /\0 HTTP/1.1', 'GET /\xc3\xbc HTTP/1.1'],
      ...['GET /\x7f HTTP/1.1', 'GET /\x1f HTTP/1.1', 'GET HTTP/1.1', 'GET', 'HTTP/1.1 200 OK'],
    ]),
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
    title: 'a path that climbs above the root, `%00`, `%zz`',
    rule: '400',
    inputs: each(400, get, [
      ...['/..', '/../', '/../a', '/a/../..', '/a/../../b', '/./..', '//../..', '/a//../../..'],
      ...['/%2e%2e/a', '/.%2e/', '/%2E./', '/a%2f..%2f..', '/..%2fa', '/%2e%2e%2fa', '/..?a'],
      ...['/a%00', '/%00', '/a%00b?c', '/%zz', '/%', '/a%2', '/%2?a', '/%g0', '/%0g', '/%%30'],
      ...['http://x/..', 'http://x/../a', 'http://x/%00', 'http://x/%zz'],
    ]),
  },
  {
    title: 'Upgrade with a body',
    rule: '400',
    inputs: all(400, {
      'of a length': post(
        'Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n',
        'hello',
      ),
      chunked: post(
        'Connection: Upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n',
        `5\r\nhello\r\n${LAST}`,
      ),
      'a GET': withFields('Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n'),
    }),
  },
  {
    title: 'Expect with anything but 100-continue',
    rule: '417',
    inputs: each(417, (value) => post(`Expect:${value}\r\nContent-Length: 5\r\n`, 'hello'), [
      ...[' 200-ok', '', ' 100-continue, x', ' 100', ' 100-continuex', ' 100-continue\xa0'],
    ]),
  },
];

const GET = 'GET / HTTP/1.1';
const POST = 'POST / HTTP/1.1';

/** Targets that are forwarded byte by byte. */
function same(targets: readonly string[]): Forwarded['inputs'] {
  return targets.map((target) => ({
    name: target,
    text: get(target),
    first: `GET ${target} HTTP/1.1`,
    fields: [],
  }));
}

export const FORWARDED: readonly Forwarded[] = [
  {
    title: 'Content-Length with leading zeros',
    rule: 'forwarded as the number',
    inputs: ['05', '005', '0000000000000005'].map((length) => ({
      name: length,
      text: sized(` ${length}`),
      first: POST,
      fields: ['Content-Length: 5'],
      body: 'hello',
    })),
  },
  {
    title: 'a GET with a body of a length',
    rule: 'forwarded, framed',
    inputs: [
      {
        name: 'five bytes',
        text: `${withFields('Content-Length: 5\r\n')}hello`,
        first: GET,
        fields: ['Content-Length: 5'],
        body: 'hello',
      },
      {
        name: 'a request as the body',
        text: `${withFields(`Content-Length: ${get('/evil').length}\r\n`)}${get('/evil')}`,
        first: GET,
        fields: [`Content-Length: ${get('/evil').length}`],
        body: get('/evil'),
      },
      {
        name: 'chunked',
        text: `${withFields('Transfer-Encoding: chunked\r\n')}5\r\nhello\r\n${LAST}`,
        first: GET,
        fields: ['Transfer-Encoding: chunked'],
        body: 'hello',
      },
      {
        name: 'DELETE',
        text: `DELETE / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
        first: 'DELETE / HTTP/1.1',
        fields: ['Content-Length: 5'],
        body: 'hello',
      },
    ],
  },
  {
    title: 'a request of HTTP/1.0',
    rule: 'forwarded as HTTP/1.1, framed',
    inputs: [
      {
        name: 'GET',
        text: 'GET / HTTP/1.0\r\nA: b\r\n\r\n',
        first: GET,
        fields: ['A: b'],
        isLast: true,
      },
      {
        name: 'a length of zero',
        text: 'GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n',
        first: GET,
        fields: ['Content-Length: 0'],
        isLast: true,
      },
      {
        name: 'POST',
        text: OLD('POST', 'Content-Length: 5\r\n'),
        first: POST,
        fields: ['Content-Length: 5'],
        body: 'hello',
        isLast: true,
      },
      {
        name: 'Expect, which HTTP/1.0 does not have',
        text: OLD('POST', 'Expect: 100-continue\r\nContent-Length: 5\r\n'),
        first: POST,
        fields: ['Content-Length: 5'],
        body: 'hello',
        isLast: true,
      },
    ],
  },
  {
    title: 'Transfer-Encoding that is chunked in another case',
    rule: 'forwarded as chunked',
    inputs: [' CHUNKED', '\tChunked \t', 'chunked'].map((coding) => ({
      name: coding,
      text: post(`transfer-ENCODING:${coding}\r\n`, `5\r\nhello\r\n${LAST}`),
      first: POST,
      fields: ['Transfer-Encoding: chunked'],
      body: 'hello',
    })),
  },
  {
    title: 'an underscore in a name',
    rule: 'dropped by default',
    inputs: [
      {
        name: 'any',
        text: withFields('X_Real_IP: 1\r\nA: b\r\n_: c\r\n'),
        first: GET,
        fields: ['A: b'],
      },
      {
        name: 'one that looks like framing',
        text: withFields('Content_Length: 5\r\nTransfer_Encoding: chunked\r\n'),
        first: GET,
        fields: [],
      },
    ],
  },
  {
    title: 'an underscore in a name, where they are kept',
    rule: 'forwarded, and never as framing',
    config: { headRules: { ...HEAD_RULES, underscores: 'keep' } },
    inputs: [
      {
        name: 'any',
        text: withFields('X_Real_IP: 1\r\nContent_Length: 5\r\n'),
        first: GET,
        fields: ['X_Real_IP: 1', 'Content_Length: 5'],
      },
    ],
  },
  {
    title: 'a bare LF, where it may end a line of a head',
    rule: 'forwarded as CRLF',
    config: BARE_LF,
    inputs: [
      {
        name: 'everywhere',
        text: 'GET /a HTTP/1.1\nHost: x\nA: b\nC:\td \n\n',
        first: 'GET /a HTTP/1.1',
        fields: ['A: b', 'C:\td '],
      },
      {
        name: 'here and there, with a body that holds some',
        text: 'POST / HTTP/1.1\r\nHost: x\nA: b\r\nContent-Length: 5\n\na\n\nb\n',
        first: POST,
        fields: ['A: b', 'Content-Length: 5'],
        body: 'a\n\nb\n',
      },
      {
        name: 'behind an empty line',
        text: `\nPOST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n${LAST}`,
        first: POST,
        fields: ['Transfer-Encoding: chunked'],
        body: 'hello',
      },
      {
        name: 'with fields that are dropped',
        text: 'GET / HTTP/1.1\nHost: x\nConnection: A\nA: b\nX_Y: z\nC: d\n\n',
        first: GET,
        fields: ['C: d'],
      },
      { name: 'nowhere', text: get('/'), first: GET, fields: [] },
    ],
  },
  {
    title: 'tabs and bytes over 0x7f in a value, white space around it',
    rule: 'forwarded as they came',
    inputs: [
      {
        name: 'all of them',
        text: withFields('A: b\tc\r\nB:\t\xe9\xff \r\nC:\r\n'),
        first: GET,
        fields: ['A: b\tc', 'B:\t\xe9\xff ', 'C:'],
      },
    ],
  },
  {
    title: 'a chunk extension',
    rule: 'forwarded stripped, up to 16 KiB of them',
    inputs: [';a', ';a=b', ';a="b;c\\"\\\\";d', '; a = b', `;${'e'.repeat(16_000)}`].map((ext) => ({
      name: ext.slice(0, 20),
      text: chunked(`5${ext}\r\nhello\r\n0;x\r\n\r\n`),
      first: POST,
      fields: ['Transfer-Encoding: chunked'],
      body: 'hello',
    })),
  },
  {
    title: 'a trailer section',
    rule: 'read, bounded, dropped',
    inputs: [
      'A: b\r\n',
      'Content-Length: 99\r\n',
      'Transfer-Encoding: gzip\r\n',
      'Host: y\r\nAuthorization: z\r\n',
      'Connection: close\r\n',
      `A: ${'b'.repeat(8000)}\r\n`,
    ].map((trailers) => ({
      name: trailers.slice(0, 30),
      text: chunked(`5\r\nhello\r\n0\r\n${trailers}\r\n`),
      first: POST,
      fields: ['Transfer-Encoding: chunked'],
      body: 'hello',
    })),
  },
  {
    title: 'an absolute target with another Host',
    rule: 'the target wins, Host is rewritten',
    inputs: [
      ['http://y/a?b', '/a?b'],
      ['http://y', '/'],
      ['http://y?a', '/?a'],
      ['HTTPS://y:8443/a', '/a'],
      ['http://[::1]:80/%41', '/%41'],
    ].map(([target, path]) => ({
      name: target as string,
      text: get(target as string),
      first: `GET ${path} HTTP/1.1`,
      fields: [],
    })),
  },
  {
    title: '`OPTIONS *`',
    rule: 'forwarded',
    inputs: ['*', 'http://y', 'http://y:80'].map((target) => ({
      name: target,
      text: `OPTIONS ${target} HTTP/1.1\r\n${HOST}\r\n`,
      first: 'OPTIONS * HTTP/1.1',
      fields: [],
    })),
  },
  {
    title: '`OPTIONS` of a path',
    rule: 'forwarded with the path',
    inputs: [
      ['/', '/'],
      ['http://y/', '/'],
      ['http://y?a', '/?a'],
      ['http://y/a', '/a'],
    ].map(([target, path]) => ({
      name: target as string,
      text: `OPTIONS ${target} HTTP/1.1\r\n${HOST}\r\n`,
      first: `OPTIONS ${path} HTTP/1.1`,
      fields: [],
    })),
  },
  {
    title: '`%2e%2e%2f`, `..;/`, `//`, `%0d%0a` and the like below the root',
    rule: 'the bytes that came',
    inputs: same([
      ...['/a/%2e%2e%2fb', '/a/..;/b', '//a//b', '/a%0d%0aEvil:%20b', '/a?b=%00&c=%zz&..', '/a/..'],
      ...['/a/%252e%252e/', '/a/./b', '/.', '/...', '/a?/../../..', '/%0a', '/a;b=c', '/%25'],
      '/a!$&\'()*+,;=:@-_~b?/c"<>[\\]^`{|}=',
    ]),
  },
  {
    title: 'names that Connection nominates',
    rule: 'removed, and Connection, too',
    inputs: [
      {
        name: 'one',
        text: withFields('Connection: X-Real-IP\r\nX-Real-IP: 1\r\nA: b\r\n'),
        first: GET,
        fields: ['A: b'],
      },
      {
        name: 'several, in any case, on two lines',
        text: withFields('x-a: 1\r\nConnection: keep-alive ,X-A\r\nX-B: 2\r\nconnection:\tx-b\r\n'),
        first: GET,
        fields: [],
      },
      {
        name: 'framing, which is said anew all the same',
        text: post('Connection: content-length, host\r\nContent-Length: 5\r\n', 'hello'),
        first: POST,
        fields: ['Content-Length: 5'],
        body: 'hello',
      },
      {
        name: 'the coding',
        text: post(
          'Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n',
          `5\r\nhello\r\n${LAST}`,
        ),
        first: POST,
        fields: ['Transfer-Encoding: chunked'],
        body: 'hello',
      },
      {
        name: 'a name beside a byte that is no white space',
        text: withFields('Connection: \xa0A\r\nA: b\r\n'),
        first: GET,
        fields: ['A: b'],
      },
    ],
  },
  {
    title: 'Keep-Alive, TE, Proxy-Connection, Trailer, Upgrade, HTTP2-Settings',
    rule: 'dropped',
    inputs: [
      {
        name: 'all of them',
        text: withFields(
          'Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: close\r\nTrailer: A\r\n' +
            'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nA: b\r\n',
        ),
        first: GET,
        fields: ['A: b'],
      },
      {
        name: 'HTTP2-Settings that nobody nominates',
        text: withFields('Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\nA: b\r\n'),
        first: GET,
        fields: ['A: b'],
      },
      {
        name: 'an Upgrade to a route that allows none',
        text: withFields('Connection: upgrade\r\nUpgrade: websocket\r\n'),
        first: GET,
        fields: [],
      },
    ],
  },
  {
    title: 'Expect: 100-continue',
    rule: '100 is sent by the proxy and the field stripped',
    inputs: [' 100-continue', ' 100-Continue', '100-CONTINUE'].map((value) => ({
      name: value,
      text: post(`Expect:${value}\r\nContent-Length: 5\r\nA: b\r\n`, 'hello'),
      first: POST,
      fields: ['A: b', 'Content-Length: 5'],
      body: 'hello',
    })),
  },
  {
    title: 'bytes behind Connection: close',
    rule: 'ignored',
    inputs: ['close', 'Close', 'x, close', 'keep-alive, close', 'close, keep-alive'].map(
      (option) => ({
        name: option,
        text: withFields(`Connection: ${option}\r\n`),
        first: GET,
        fields: [],
        isLast: true as const,
      }),
    ),
  },
  {
    title: 'heads at their limits',
    rule: 'forwarded',
    inputs: [
      {
        name: 'a line of 8 KiB',
        text: withFields(`A: ${'b'.repeat(8 * 1024 - 3)}\r\n`),
        first: GET,
        fields: [`A: ${'b'.repeat(8 * 1024 - 3)}`],
      },
      {
        name: '200 fields',
        text: withFields('A: b\r\n'.repeat(199)),
        first: GET,
        fields: Array.from({ length: 199 }, () => 'A: b'),
      },
      {
        name: 'a target of 8 KiB',
        text: get(`/${'a'.repeat(8 * 1024 - 1)}`),
        first: `GET /${'a'.repeat(8 * 1024 - 1)} HTTP/1.1`,
        fields: [],
      },
    ],
  },
];
