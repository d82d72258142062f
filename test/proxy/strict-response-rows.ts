/** A row of what a server may not say: the client gets a 502, or sees that the answer was cut. */
export type BadAnswers = {
  readonly title: string;
  readonly texts: Readonly<Record<string, string>>;
};

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const LAST = '0\r\n\r\n';

const answer = (fields: string, body = 'hello'): string => `${OK}${fields}\r\n${body}`;

function each(make: (text: string) => string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => [JSON.stringify(text), make(text)]));
}

const CONTROLS: readonly string[] = [...Array(33).keys()]
  .map((code) => String.fromCharCode(code === 32 ? 0x7f : code))
  .filter((char) => char !== '\t');

/** Nothing of these is passed on. */
export const NOT_PASSED: readonly BadAnswers[] = [
  {
    title: 'a duplicate, a list, a negative or a bad Content-Length',
    texts: {
      'twice, different': answer('Content-Length: 5\r\nContent-Length: 6\r\n'),
      'twice, the same': answer('Content-Length: 5\r\ncontent-length: 5\r\n'),
      ...each(
        (length) => answer(`Content-Length:${length}\r\n`),
        [
          ...[' 5, 5', ' 5,6', ' -5', ' +5', ' 5 5', '', ' 0x5', ' 5.0', ' five', ' \xa05'],
          ...[' 9007199254740992', ' 18446744073709551621', ' 00000000000000005'],
        ],
      ),
      'with 304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: -1\r\n\r\n',
      'with 204': 'HTTP/1.1 204 No Content\r\nContent-Length: x\r\n\r\n',
    },
  },
  {
    title: 'Content-Length with Transfer-Encoding',
    texts: {
      'length first': answer('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', LAST),
      'coding first': answer('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', LAST),
      'with 304': 'HTTP/1.1 304 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
  },
  {
    title: 'Transfer-Encoding that is not exactly chunked, or there twice',
    texts: {
      ...each(
        (coding) => answer(`Transfer-Encoding:${coding}\r\n`, LAST),
        [
          ...[' gzip, chunked', ' chunked, identity', ' identity', '', ' xchunked', ' "chunked"'],
          ...[' chunked, chunked', ' \xa0chunked', ' \x0bchunked'],
        ],
      ),
      'two lines': answer('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', LAST),
    },
  },
  {
    title: 'NUL, CR or another control character in a field',
    texts: {
      ...each((char) => answer(`A: b${char}c\r\nContent-Length: 5\r\n`), CONTROLS),
      'CR that splits a field': answer('A: b\rSet-Cookie: c\r\nContent-Length: 5\r\n'),
      'two CR': answer('A: b\r\r\nContent-Length: 5\r\n'),
      'CR as the empty line': `${OK}Content-Length: 5\r\n\rhello`,
    },
  },
  {
    title: 'a field line that is none',
    texts: {
      ...each(
        (line) => answer(`${line}\r\nContent-Length: 5\r\n`),
        [
          ...[' A: b', '\tA: b', 'A : b', ': b', 'A', 'A\x00: b', 'A B: c', 'A\xe9: b', '(a): b'],
          ...['A: b\r\n c', 'A: b\r\n\tc', 'A: b\r\n '],
        ],
      ),
      'ended by LF': answer('A: b\nContent-Length: 5\r\n'),
      'a bare LF as the empty line': `${OK}Content-Length: 5\r\n\nhello`,
      'bare LF everywhere': 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
    },
  },
  {
    title: 'a status line that is none',
    texts: each(
      (line) => `${line}\r\nContent-Length: 5\r\n\r\nhello`,
      [
        ...['HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 099 OK', 'HTTP/1.1 000 OK', 'HTTP/1.1'],
        ...[
          'HTTP/1.1 2x0 OK',
          'HTTP/1.1  200 OK',
          'HTTP/1.1 OK',
          'HTTP/1.1 -20 OK',
          'HTTP/1.1 200OK',
        ],
        ...[
          'HTTP/2.0 200 OK',
          'HTTP/1.2 200 OK',
          'HTTP/0.9 200 OK',
          'http/1.1 200 OK',
          'HTTP/1 200 OK',
        ],
        ...[
          'ICY 200 OK',
          'HTTP/1.1\t200 OK',
          'HTTP/1.1 200 O\0K',
          'HTTP/1.1 200 O\rK',
          ' HTTP/1.1 200',
        ],
        ...['', '\r\nHTTP/1.1 200 OK', '\nHTTP/1.1 200 OK', 'GET / HTTP/1.1', 'HTTP/1.1 200 O\nK'],
      ],
    ),
  },
  {
    title: 'what is no HTTP, or HTTP/0.9',
    texts: {
      'a page': '<html>hello</html>\n',
      'a record of TLS': '\x15\x03\x01\x00\x02\x02\x46',
      'another protocol': 'SSH-2.0-OpenSSH_9.6\r\n',
      'settings of HTTP/2': '\0\0\0\x04\0\0\0\0\0',
      text: 'hello, world',
    },
  },
  {
    title: 'a head over its limits',
    texts: {
      'a line': answer(`A: ${'b'.repeat(8 * 1024 - 2)}\r\nContent-Length: 5\r\n`),
      fields: answer(`${'A: b\r\n'.repeat(200)}Content-Length: 5\r\n`),
      'a head': answer(`${`A: ${'b'.repeat(1019)}\r\n`.repeat(32)}Content-Length: 5\r\n`),
      'a reason': `HTTP/1.1 200 ${'b'.repeat(8 * 1024)}\r\nContent-Length: 5\r\n\r\nhello`,
    },
  },
  {
    title: 'eleven interim responses, a 101 that nobody asked for',
    texts: {
      '100': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(11)}${answer('Content-Length: 5\r\n')}`,
      '103': `${'HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n'.repeat(11)}${answer('Content-Length: 5\r\n')}`,
      '199': `${'HTTP/1.1 199 X\r\n\r\n'.repeat(11)}${answer('Content-Length: 5\r\n')}`,
      '101': 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'a bad interim response': 'HTTP/1.1 100 Continue\r\nA\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
      'an interim response with two lengths': `HTTP/1.1 103 X\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n`,
    },
  },
];

/** Behind a good head, these cut the client's connection: an end that it can take for none. */
export const CUT: readonly BadAnswers[] = [
  {
    title: 'chunks that are none',
    texts: {
      ...each(
        (size) => `${CHUNKED}3\r\nabc\r\n${size}\r\nhello\r\n${LAST}`,
        [
          ...['+5', '-5', '0x5', '5_0', ' 5', '5 ', '', 'g', '5,', 'fffffffffffffffff'],
          ...['00000000000000005', ';a', '5;a\n', '5;a="', '5;a\rb', '5;\0'],
        ],
      ),
      'a size ended by LF': `${CHUNKED}3\r\nabc\r\n5\nhello\r\n${LAST}`,
      'data ended by LF': `${CHUNKED}3\r\nabc\n${LAST}`,
      'data longer than its size': `${CHUNKED}3\r\nabcd\r\n${LAST}`,
      'data shorter than its size': `${CHUNKED}4\r\nabc\r\n${LAST}`,
      'the body ended by LF': `${CHUNKED}3\r\nabc\r\n0\r\n\n`,
      'a trailer that is none': `${CHUNKED}3\r\nabc\r\n0\r\nA\r\n\r\n`,
      'trailers over 8 KiB': `${CHUNKED}3\r\nabc\r\n0\r\n${'A: b\r\n'.repeat(1400)}\r\n`,
      'extensions over 16 KiB': `${CHUNKED}${`1;${'e'.repeat(4095)}\r\nx\r\n`.repeat(5)}${LAST}`,
    },
  },
];

/** The response is right, but what comes with it says that the connection is not. */
export const NOT_POOLED: readonly BadAnswers[] = [
  {
    title: 'bytes behind the end of a response',
    texts: {
      'longer than its length': answer('Content-Length: 3\r\n', 'abcdef'),
      'a second response': `${answer('Content-Length: 3\r\n', 'abc')}${answer('Content-Length: 4\r\n', 'evil')}`,
      'behind the last chunk': `${CHUNKED}3\r\nabc\r\n${LAST}HTTP/1.1 200 OK\r\n\r\n`,
      'a line end': answer('Content-Length: 3\r\n', 'abc\r\n'),
    },
  },
  {
    title: 'a response that says close, or is of HTTP/1.0',
    texts: {
      close: answer('Connection: close\r\nContent-Length: 3\r\n', 'abc'),
      'close among others': answer('Connection: x, Close\r\nContent-Length: 3\r\n', 'abc'),
      'HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc',
      'HTTP/1.0, chunked': `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${LAST}`,
    },
  },
];
