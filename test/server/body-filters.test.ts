import test from 'ava';
import fc from 'fast-check';
import { jsonListing, xmlListing } from '../../src/server/modules/listing/data.ts';
import { htmlListing } from '../../src/server/modules/listing/html.ts';
import { parseRanges } from '../../src/server/modules/ranges.ts';
import {
  COMMAND_LENGTH_MAX,
  type SsiCommand,
  SsiScanner,
} from '../../src/server/modules/ssi/scanner.ts';
import { Replacer } from '../../src/server/modules/sub-filter/replacer.ts';

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

test('ranges are read as nginx reads them', (t) => {
  const of = (text: string, most = NO_LIMIT) => parseRanges(text, 1000, most);
  t.deepEqual(of('0-8'), [{ start: 0, end: 9 }]);
  t.deepEqual(of('-10'), [{ start: 990, end: 1000 }]);
  t.deepEqual(of(' 990 - 5000 '), [{ start: 990, end: 1000 }]);
  t.deepEqual(of('0-0,-1'), [
    { start: 0, end: 1 },
    { start: 999, end: 1000 },
  ]);
  for (const text of ['1000-', '5-3', '-', 'a', '1', '1-2x', '- 5', '99999999999999999999-']) {
    t.is(of(text), 'unsatisfiable', text);
  }
  t.is(of('0-,0-'), 'ignored', 'parts are longer than all of it');
  t.is(of('-0'), 'unsatisfiable');
  t.is(of('0-0,5-5', 1), 'ignored', 'more than allowed');
  t.deepEqual(of('0-0,5-5', 2), [
    { start: 0, end: 1 },
    { start: 5, end: 6 },
  ]);
});

test('many small ranges of a large body are not worth their heads', (t) => {
  const ranges = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${index * 2}-${index * 2}`).join(',');
  t.is(parseRanges(ranges(18), 500, NO_LIMIT), 'ignored');
  t.is(parseRanges(ranges(17), 500, NO_LIMIT).length, 17);
});

const ENTRIES = [
  { name: 'a&b', kind: 'directory', size: 0, mtime: 0 },
  { name: 'x'.repeat(51), kind: 'file', size: 1536, mtime: 86_400 },
] as const;

test('a directory is listed in columns', (t) => {
  const options = { exactSize: true, localTime: false, utf8: false };
  const lines = htmlListing('/d/', ENTRIES, options).split('\r\n');
  t.is(
    lines[4],
    `<a href="a%26b/">a&amp;b/</a>${' '.repeat(46)} 01-Jan-1970 00:00 ${'-'.padStart(19)}`,
  );
  t.true(
    lines[5]?.includes(`>${'x'.repeat(47)}..&gt;</a> 02-Jan-1970 00:00 ${'1536'.padStart(19)}`),
  );
});

test('a directory is listed as data', (t) => {
  t.is(
    jsonListing(ENTRIES.slice(0, 1), 'f'),
    '/* callback */\r\nf([\r\n{ "name":"a&b", "type":"directory", "mtime":"Thu, 01 Jan 1970 00:00:00 GMT" }\r\n]);',
  );
  t.true(
    xmlListing(ENTRIES).includes('<directory mtime="1970-01-01T00:00:00Z">a&amp;b</directory>\r\n'),
  );
});

function scanned(pieces: readonly string[]): string {
  let log = '';
  const scanner = new SsiScanner(
    {
      text: (text) => {
        log += text;
      },
      command: ({ name, parameters }: SsiCommand) => {
        log += `{${name}${parameters.map(([key, value]) => ` ${key}=${value}`).join('')}}`;
      },
      malformed: () => {
        log += '{!}';
      },
    },
    10,
  );
  for (const piece of pieces) scanner.take(piece, () => false);
  scanner.end();
  return log;
}

const PAGE =
  'a<!--#echo var="x" default=\'"\\\'\' -->b<!-- c --><!--#set-->d<!--#x y=z -->e<!--#x y="12345678901" -->f<!--#';

test('commands are found wherever a page is cut', (t) => {
  const whole = scanned([PAGE]);
  t.is(whole, 'a{echo var=x default="\\\'}b<!-- c -->{set}d{!}e{!}f<!--#');
  for (let at = 1; at < PAGE.length; at += 1) {
    t.is(scanned([PAGE.slice(0, at), PAGE.slice(at)]), whole, `cut at ${at}`);
  }
});

test('a command that does not end is none', (t) => {
  const open = '<!--#x ';
  const length = (spaces: number): string => scanned([open, ' '.repeat(spaces), '-->z']);
  const most = COMMAND_LENGTH_MAX - open.length;
  t.is(length(most), '{x}z');
  t.is(length(most + 1), '{!}z');
});

function replaced(pieces: readonly string[], searches: readonly string[], once: boolean): string {
  const replacer = new Replacer(
    searches.map((search, index) => ({ search, text: () => `<${index}>` })),
    once,
  );
  return pieces.map((piece) => replacer.take(piece)).join('') + replacer.end();
}

test('texts are replaced wherever a body is cut', (t) => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'A', 'b', 'c'), maxLength: 12 });
  const search = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(letters, { maxLength: 5 }),
      fc.uniqueArray(search, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (pieces, searches, once) => {
        t.is(replaced(pieces, searches, once), replaced([pieces.join('')], searches, once));
      },
    ),
  );
  t.is(replaced(['xFOO foobar'], ['foo', 'foobar'], false), 'x<0> <0>bar');
  t.is(replaced(['foo foo bar bar'], ['bar', 'foo'], true), '<1> foo <0> bar');
});
