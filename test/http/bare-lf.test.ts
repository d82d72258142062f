import test from 'ava';
import { HEAD_RULES } from '../../src/http/head-limits.ts';
import { HeadParser } from '../../src/http/head-parser.ts';
import { readRequest } from '../../src/http/read-head.ts';
import { requestHead } from '../../src/http/serializer.ts';
import { logOf, MessageLog } from './message-log.ts';
import { randomFrom } from './mutations.ts';
import { readVectors } from './read-vectors.ts';

const RULES = { ...HEAD_RULES, bareLf: true };

/** `wire` with some of the CRs gone that stand before a LF in its heads. */
function withBareLf(wire: Uint8Array, random: () => number): Uint8Array {
  const log = new MessageLog('request');
  log.write(wire);
  const text = Buffer.from(wire).toString('latin1');
  let changed = '';
  let at = 0;
  for (const { start, headEnd } of log.messages) {
    changed += text.slice(at, start);
    const head = text.slice(start, headEnd);
    changed += head.replaceAll('\r\n', () => (random() < 0.5 ? '\n' : '\r\n'));
    at = headEnd;
  }
  return Buffer.from(changed + text.slice(at), 'latin1');
}

test('a head with LF for CR LF says the same, wherever it is split', (t) => {
  const random = randomFrom(1);
  let compared = 0;
  for (const { title, mode, wire, log } of readVectors('http-request.md')) {
    if (mode !== '' || log.at(-1) !== 'end') continue;
    compared += 1;
    for (let times = 0; times < 5; times += 1) {
      const changed = withBareLf(wire, random);
      t.deepEqual(logOf('request', changed, [], RULES), log, title);
      t.deepEqual(logOf('request', changed, [...changed.keys()], RULES), log, title);
    }
  }
  t.true(compared > 50);
});

test('what is forwarded of such a head has CR LF, and no other byte is changed', (t) => {
  const parser = new HeadParser('request', undefined, RULES);
  const data = Buffer.from('..GET /a HTTP/1.1\nHost: x\r\nA: b\nX_Y: z\nC:\xff\t\n\nGET', 'latin1');
  t.true(parser.parse(data, 2, data.length));
  t.is(parser.at, data.length - 3);
  readRequest(parser.head);
  t.is(
    requestHead(parser.head, 'Host: y\r\n', ''),
    'GET /a HTTP/1.1\r\nHost: y\r\nA: b\r\nC:\xff\t\r\n\r\n',
  );
});

test('a parser that has read such a head reads the next one as it is', (t) => {
  const parser = new HeadParser('request', undefined, RULES);
  for (const text of ['GET /1 HTTP/1.1\nA: b\n\n', 'GET /2 HTTP/1.1\r\nA: b\r\n\r\n']) {
    parser.reset();
    const data = Buffer.from(text);
    t.true(parser.parse(data, 0, data.length));
    t.is(parser.at, data.length);
    t.regex(parser.head.text, /^GET \/[12] HTTP\/1\.1\r\nA: b\r\n\r\n$/);
    t.is(parser.head.fieldValue(0), 'b');
  }
});

test('without the setting no line may end so', (t) => {
  const data = Buffer.from('GET / HTTP/1.1\nA: b\n\n');
  t.throws(() => new HeadParser('request').parse(data, 0, data.length), { code: 'BAD_LINE_END' });
});
