import {
  chunked,
  type Forwarded,
  GET,
  get,
  HOST,
  LAST,
  old,
  POST,
  post,
  same,
  sized,
  withFields,
} from './strict-rows.ts';

/** Targets and bodies that are forwarded as what they mean. */
export const FORWARDED_BODIES: readonly Forwarded[] = [
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
        text: old('POST', 'Content-Length: 5\r\n'),
        first: POST,
        fields: ['Content-Length: 5'],
        body: 'hello',
        isLast: true,
      },
      {
        name: 'Expect, which HTTP/1.0 does not have',
        text: old('POST', 'Expect: 100-continue\r\nContent-Length: 5\r\n'),
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
];
