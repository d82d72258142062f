import test from 'ava';
import { HttpError, type HttpErrorCode } from '../../src/http/http-error.ts';
import { errorPage, reply } from '../../src/http/reply.ts';

test('a refusal that says more than 400 has the status that says it', (t) => {
  const codes: [HttpErrorCode, number][] = [
    ['BAD_EXPECT', 417],
    ['BODY_TOO_LARGE', 413],
    ['FIELD_TOO_LARGE', 431],
    ['HEAD_TOO_LARGE', 431],
    ['METHOD_NOT_ALLOWED', 405],
    ['TARGET_TOO_LONG', 414],
    ['TIMEOUT', 408],
    ['TOO_MANY_FIELDS', 431],
    ['UNSUPPORTED_TRANSFER_ENCODING', 501],
    ['UNSUPPORTED_VERSION', 505],
    ['CHUNK_EXTENSIONS_TOO_LARGE', 400],
    ['TRAILERS_TOO_LARGE', 400],
  ];
  for (const [code, status] of codes) t.is(new HttpError(code, '').status, status, code);
});

test('an error page is a whole response that ends its connection', (t) => {
  t.is(
    errorPage(408),
    'HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\n' +
      'Content-Length: 20\r\nConnection: close\r\n\r\n408 Request Timeout\n',
  );
});

test('a reply on a connection that stays open does not say close', (t) => {
  t.notRegex(reply(200, 'ok', true), /Connection/);
});
