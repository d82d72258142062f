import {
  all,
  BARE_LF,
  chunked,
  coded,
  each,
  get,
  LAST,
  old,
  post,
  type Refused,
  sized,
  withFields,
} from './strict-rows.ts';

/** Lengths, codings and chunks that no two programs must be left to read in two ways. */
export const REFUSED_FRAMING: readonly Refused[] = [
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
      GET: old('GET', 'Content-Length: 5\r\n'),
      HEAD: old('HEAD', 'Content-Length: 5\r\n'),
      DELETE: old('DELETE', 'Content-Length: 5\r\n'),
      'POST, chunked': old('POST', 'Transfer-Encoding: chunked\r\n'),
      'GET, chunked': old('GET', 'Transfer-Encoding: chunked\r\n'),
      'kept alive': old('POST', 'Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n'),
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
];
