import test from 'ava';
import { ParserPool } from '../../src/http/parser-pool.ts';

const HEAD = Buffer.from('GET /one HTTP/1.1\r\nA: b\r\nConnection: close, x\r\n\r\n');

test('the parser that was used last is used next, as good as new', (t) => {
  const pool = new ParserPool('request');
  const parser = pool.take();
  t.true(parser.parse(HEAD, 0, HEAD.length));
  pool.give(parser);
  t.is(pool.take(), parser);
  t.false(parser.begun);
  const next = Buffer.from('xPUT /2 HTTP/1.0\r\n\r\n');
  t.true(parser.parse(next, 1, next.length));
  const { method, target, minorVersion, fieldCount, nominated } = parser.head;
  t.deepEqual(
    [method, target, minorVersion, fieldCount, nominated],
    ['PUT', '/2', 0, 0, undefined],
  );
});

test('a parser that was given back in the middle of a head begins anew', (t) => {
  const pool = new ParserPool('request');
  for (let cut = 1; cut < HEAD.length; cut += 1) {
    const parser = pool.take();
    t.false(parser.parse(HEAD, 0, cut));
    pool.give(parser);
  }
  const parser = pool.take();
  t.true(parser.parse(HEAD, 0, HEAD.length));
  t.is(parser.head.target, '/one');
  t.is(parser.head.fieldCount, 2);
});

test('it counts those that are lent, and keeps 1024 at most', (t) => {
  const pool = new ParserPool('response');
  const parsers = Array.from({ length: 1025 }, () => pool.take());
  t.is(pool.lent, 1025);
  for (const parser of parsers) pool.give(parser);
  t.is(pool.lent, 0);
  const again = new Set(Array.from({ length: 1025 }, () => pool.take()));
  t.is(parsers.filter((parser) => again.has(parser)).length, 1024);
});
