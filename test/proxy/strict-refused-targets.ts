import { all, each, get, type Refused } from './strict-rows.ts';

/** Request lines that are refused. */
export const REFUSED_TARGETS: readonly Refused[] = [
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
    title: 'a path that climbs above the root, `%00`, `%zz`',
    rule: '400',
    inputs: each(400, get, [
      ...['/..', '/../', '/../a', '/a/../..', '/a/../../b', '/./..', '//../..', '/a//../../..'],
      ...['/%2e%2e/a', '/.%2e/', '/%2E./', '/a%2f..%2f..', '/..%2fa', '/%2e%2e%2fa', '/..?a'],
      ...['/a%00', '/%00', '/a%00b?c', '/%zz', '/%', '/a%2', '/%2?a', '/%g0', '/%0g', '/%%30'],
      ...['http://x/..', 'http://x/../a', 'http://x/%00', 'http://x/%zz'],
    ]),
  },
];
