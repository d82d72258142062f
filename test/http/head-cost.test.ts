import test from 'ava';
import { HeadParser } from '../../src/http/head-parser.ts';
import { readRequest } from '../../src/http/read-head.ts';
import { requestHead } from '../../src/http/serializer.ts';

const KEEP_ALIVE = `Connection: ${'keep-alive,'.repeat(640)}\r\n`;
/** As many as there may be, each as long as the names of the fields below. */
const OPTIONS = `Connection: ${'aaaaaaab,'.repeat(99)}\r\n`;

/** Heads of about 30 KiB that give as much to do as they can. */
const HOSTILE: Readonly<Record<string, string>> = {
  'options that name nothing': OPTIONS + 'aaaaaaaa: b\r\n'.repeat(190),
  'close behind options, and then keep-alive': `${OPTIONS}Connection: close\r\n${KEEP_ALIVE.repeat(3)}`,
  'empty options': `Connection: ${','.repeat(8_000)}\r\n`.repeat(3),
  'white space around options': `Connection: ${`${' '.repeat(4_000)},`.repeat(2)}x\r\n`.repeat(3),
  'white space around values': `A: ${' '.repeat(8_000)}b\r\n`.repeat(3),
  'lists of addresses': `X-Forwarded-For: ${'1,'.repeat(60)}\r\n`.repeat(190),
  'names with underscores': 'a_b: c\r\n'.repeat(199),
};
const TARGETS: Readonly<Record<string, string>> = {
  'a path of escapes': `/${'%41'.repeat(2_700)}`,
  'a path of dots': `/${'a/../'.repeat(1_600)}`,
  'a path of slashes': '/'.repeat(8_000),
  'a path of escaped dots': `/${'a/%2e%2e/'.repeat(880)}`,
};
/** What a plain head of the same size may cost less: far below what would be worth an attack. */
const RATIO_MAX = 30;
const PLAIN = `A: ${'b'.repeat(110)}\r\n`.repeat(190);

/** The least time of many, in milliseconds: what else the machine does hardly shows. */
function costOf(target: string, fields: string): number {
  const parser = new HeadParser('request');
  const text = `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const data = Buffer.from(text, 'latin1');
  let least = Number.POSITIVE_INFINITY;
  for (let times = 0; times < 60; times += 1) {
    const start = performance.now();
    parser.reset();
    if (!parser.parse(data, 0, data.length)) throw new Error('not complete');
    readRequest(parser.head);
    requestHead(parser.head, 'Host: x\r\n', '192.0.2.1');
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

test('no head costs a hundred times what a plain one of its size does', (t) => {
  const plain = costOf('/', PLAIN);
  const all: [string, number][] = [
    ...Object.entries(HOSTILE).map(([name, fields]) => [name, costOf('/', fields)] as const),
    ...Object.entries(TARGETS).map(([name, target]) => [name, costOf(target, PLAIN)] as const),
  ].map(([name, cost]) => [name, cost / plain]);
  for (const [name, ratio] of all) {
    t.log(`${ratio.toFixed(1)} times: ${name}`);
    t.true(ratio < RATIO_MAX, `${ratio} times: ${name}`);
  }
});

test('Connection may have 100 options, and not one more, over all its lines', (t) => {
  const parser = new HeadParser('request');
  const read = (options: number): void => {
    parser.reset();
    const lines = `Connection: ${'a,'.repeat(options - 50)}\r\nConnection: keep-alive${',b'.repeat(50)}\r\n`;
    const data = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
    parser.parse(data, 0, data.length);
    readRequest(parser.head);
  };
  t.notThrows(() => read(100));
  t.throws(() => read(101), { code: 'BAD_FIELD' });
});
