import test from 'ava';
import { HeadParser } from '../../src/http/head-parser.ts';
import type { MessageHead } from '../../src/http/message-head.ts';
import { readRequest, readResponse } from '../../src/http/read-head.ts';
import { requestHead, responseHead } from '../../src/http/serializer.ts';

function headOf(kind: 'request' | 'response', lines: readonly string[]): MessageHead {
  const data = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const parser = new HeadParser(kind);
  parser.parse(data, 0, data.length);
  return parser.head;
}

/** The lines that go to an upstream. */
function request(lines: readonly string[], client = ''): string[] {
  const head = headOf('request', lines);
  readRequest(head);
  return linesOf(requestHead(head, 'Host: up\r\n', client));
}

function response(lines: readonly string[], ours = ''): string[] {
  const head = headOf('response', lines);
  readResponse(head, false);
  return linesOf(responseHead(head, ours));
}

function linesOf(text: string): string[] {
  const lines = text.split('\r\n');
  if (lines.pop() !== '' || lines.pop() !== '') throw new Error('a head ends with an empty line');
  return lines;
}

const GET = ['GET /a?b HTTP/1.1', 'Host: a'];

test('a request keeps its line and its fields in order, and Host is the upstream’s', (t) => {
  t.deepEqual(request([...GET, 'B: 1', 'a:\t2 ', 'B: 3']), [
    'GET /a?b HTTP/1.1',
    'Host: up',
    'B: 1',
    'a:\t2 ',
    'B: 3',
  ]);
});

test('Host is replaced wherever it stands', (t) => {
  t.deepEqual(request(['GET / HTTP/1.1', 'A: 1', 'hOST: a', 'B: 2']), [
    'GET / HTTP/1.1',
    'Host: up',
    'A: 1',
    'B: 2',
  ]);
});

test('a request of HTTP/1.0 goes on as HTTP/1.1', (t) => {
  t.deepEqual(request(['GET /a HTTP/1.0']), ['GET /a HTTP/1.1', 'Host: up']);
});

test('an absolute target goes on as its path and query', (t) => {
  const line = (target: string) => request([`GET ${target} HTTP/1.1`, 'Host: a'])[0];
  t.is(line('http://b:80/c?d'), 'GET /c?d HTTP/1.1');
  t.is(line('http://b'), 'GET / HTTP/1.1');
  t.is(line('http://b?c'), 'GET /?c HTTP/1.1');
});

test('an asterisk goes on as it is', (t) => {
  t.is(request(['OPTIONS * HTTP/1.1', 'Host: a'])[0], 'OPTIONS * HTTP/1.1');
});

test('what was meant for this connection alone is not passed on', (t) => {
  const hops = [
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: trailers',
    'Trailer: A',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Expect: 100-continue',
  ];
  t.deepEqual(request([...GET, 'A: 1', ...hops, 'B: 2']).slice(2), ['A: 1', 'B: 2']);
  t.deepEqual(request([...GET, ...hops.map((line) => line.toUpperCase())]).length, 2);
});

test('names that Connection nominates are removed, and others are not', (t) => {
  const lines = [...GET, 'X-Real-IP: 1', 'x-real-ip: 2', 'X-Real-IPs: 3', 'Date: 4', 'B: 5'];
  t.deepEqual(request([...lines, 'Connection: close, X-REAL-ip', 'Connection: date']).slice(2), [
    'X-Real-IPs: 3',
    'B: 5',
  ]);
});

test('no nomination takes away what frames the body', (t) => {
  t.deepEqual(
    request([
      'POST / HTTP/1.1',
      'Host: a',
      'Content-Length: 2',
      'Connection: content-length, host',
    ]),
    ['POST / HTTP/1.1', 'Host: up', 'Content-Length: 2'],
  );
});

test('names with an underscore are dropped from requests', (t) => {
  t.deepEqual(request([...GET, 'X_Real-IP: 1', 'A: 2', '_: 3', 'Content_Length: 4']).slice(2), [
    'A: 2',
  ]);
});

test('a length is written anew', (t) => {
  const lines = ['POST / HTTP/1.1', 'Host: a', 'content-length:   007 ', 'A: 1'];
  t.deepEqual(request(lines).slice(2), ['A: 1', 'Content-Length: 7']);
});

test('a coding is written anew', (t) => {
  const lines = ['POST / HTTP/1.1', 'Host: a', 'transfer-encoding: CHUNKED', 'A: 1'];
  t.deepEqual(request(lines).slice(2), ['A: 1', 'Transfer-Encoding: chunked']);
});

test('the client is the last one of X-Forwarded-For', (t) => {
  t.deepEqual(request(GET, '192.0.2.1').slice(2), ['X-Forwarded-For: 192.0.2.1']);
  t.deepEqual(request([...GET, 'x-forwarded-for: 1, 2', 'A: b'], '192.0.2.1').slice(2), [
    'A: b',
    'X-Forwarded-For: 1, 2, 192.0.2.1',
  ]);
});

test('several lines of X-Forwarded-For are one list', (t) => {
  const lines = [...GET, 'X-Forwarded-For: 1', 'X-Forwarded-For:', 'X-Forwarded-For: 2'];
  t.deepEqual(request(lines, '3').slice(2), ['X-Forwarded-For: 1, 2, 3']);
});

test('X-Forwarded-For stays where no client is added', (t) => {
  t.deepEqual(request([...GET, 'X-Forwarded-For: 1']).slice(2), ['X-Forwarded-For: 1']);
});

test('X-Forwarded-For that was nominated is not trusted', (t) => {
  const lines = [...GET, 'X-Forwarded-For: 1', 'Connection: x-forwarded-for'];
  t.deepEqual(request(lines, '3').slice(2), ['X-Forwarded-For: 3']);
});

test('a response keeps its line and its fields in order, and ours follow', (t) => {
  t.deepEqual(response(['HTTP/1.1 200 Fine', 'B: 1', 'a:2', 'Content-Length: 0'], 'Via: x\r\n'), [
    'HTTP/1.1 200 Fine',
    'B: 1',
    'a:2',
    'Content-Length: 0',
    'Via: x',
  ]);
});

test('a response of HTTP/1.0 goes on as HTTP/1.1', (t) => {
  t.is(response(['HTTP/1.0 404 Not Found'])[0], 'HTTP/1.1 404 Not Found');
  t.is(response(['HTTP/1.0 404'])[0], 'HTTP/1.1 404 ');
});

test('a response loses what was meant for the upstream connection alone', (t) => {
  const lines = [
    'HTTP/1.1 200 OK',
    'Connection: close, X-Mine, x_mine',
    'X-Mine: 1',
    'X_Mine: 1',
    'Keep-Alive: timeout=5',
    'Transfer-Encoding: chunked',
    'Trailer: A',
    'Upgrade: h2c',
    'X_Yours: 2',
  ];
  t.deepEqual(response(lines), ['HTTP/1.1 200 OK', 'X_Yours: 2']);
});

test('more fields than the table has at first are all passed on', (t) => {
  const lines = Array.from({ length: 199 }, (_, index) => `A${index}: ${index}`);
  t.deepEqual(request([...GET, ...lines]).slice(2), lines);
});

test('a 204 does not say how long its content is, a 304 may', (t) => {
  t.deepEqual(response(['HTTP/1.1 204 No Content', 'Content-Length: 5', 'A: 1']).slice(1), [
    'A: 1',
  ]);
  t.deepEqual(response(['HTTP/1.1 304 Not Modified', 'Content-Length: 5']).length, 2);
});
