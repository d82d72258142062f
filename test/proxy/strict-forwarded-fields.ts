import { HEAD_RULES } from '../../src/http/head-limits.ts';
import { BARE_LF, type Forwarded, GET, get, LAST, POST, post, withFields } from './strict-rows.ts';

/** Fields that are forwarded, and fields that are not. */
export const FORWARDED_FIELDS: readonly Forwarded[] = [
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
    title: 'names that Connection nominates, of fields that are added here',
    rule: 'removed before ours are added',
    config: { forwardedFor: true },
    inputs: [
      {
        name: 'X-Forwarded-For and Host',
        text: withFields('Connection: X-Forwarded-For, Host\r\nX-Forwarded-For: 192.0.2.1\r\n'),
        first: GET,
        fields: ['X-Forwarded-For: 127.0.0.1'],
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
