import type { RetryCondition } from '../../../src/proxy/upstream/upstream-config.ts';
import { ok } from '../upstream.ts';
import type { Wire } from './matrix-wire.ts';

/** What a client can see: a status of ours, a whole answer, or an answer that is visibly cut. */
export type Sees =
  | { readonly status: 502 | 504 }
  | { readonly status: number; readonly body: string }
  | 'cut';

/** A deadline that a row waits for. */
export type Waits = 'connectMs' | 'sendMs' | 'readMs';

/** One line of the matrix: what the upstream does, and what becomes of it. */
export type Row = {
  readonly title: string;
  /** What the faulty server does with a connection on which a head has come. */
  readonly act: ((wire: Wire) => Promise<void>) | 'refuses' | 'is silent to SYN';
  /** Where it may not be tried again. */
  readonly sees: Sees;
  /** May the next server be asked? Default `never`: bytes of an answer have come. */
  readonly retry?: 'always' | 'idempotent' | 'unsent' | 'never';
  /** What the group's requests are repeated for; default: errors and timeouts. */
  readonly on?: readonly RetryCondition[];
  /** What is asked; default: everything. */
  readonly kinds?: readonly ('GET' | 'POST' | 'EMPTY')[];
  /** The answer is not passed on: its connection is closed at once. */
  readonly dropped?: true;
  /** The type of the error that `logging` is told; its source is the upstream. */
  readonly logged?: string;
  /** The deadline that ends it; without one it ends at once. */
  readonly waits?: Waits;
  /** It is a RST that ends it; where that is lost on its way, silence does, at `readMs`. */
  readonly reset?: true;
  /** It takes long, and no deadline is met. */
  readonly slow?: true;
  /** The answer ends with the client's connection. */
  readonly closes?: true;
  /** It is about a large upload, and only a POST has one. */
  readonly upload?: true;
};

const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = `${OK}Content-Length: 10\r\n\r\n`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
/** Lines, or responses, that come at once where they come without end. */
const PER_WRITE = 25;
/** How often a drip comes; all of it takes longer than `readMs` of the site. */
export const DRIPS = 24;

type Then = 'fin' | 'reset' | 'hang';

/** Says `text`, and then ends its connection, or does not. */
function says(text: string, then: Then = 'hang'): (wire: Wire) => Promise<void> {
  return async (wire) => {
    if (text !== '') await wire.write(text);
    if (then === 'fin') await wire.fin();
    else if (then === 'reset') await wire.reset(text !== '');
  };
}

function ends(then: Then): { readonly reset?: true } {
  return then === 'reset' ? { reset: true } : {};
}

function endless(first: string, more: string): (wire: Wire) => Promise<void> {
  return async (wire) => {
    if (first !== '') await wire.write(first);
    while (!wire.ended) await wire.write(more);
  };
}

function drips(text: string): (wire: Wire) => Promise<void> {
  const size = Math.ceil(text.length / DRIPS);
  return async (wire) => {
    for (let at = 0; at < text.length; at += size) {
      await wire.write(text.slice(at, at + size));
      await wire.drip();
    }
  };
}

/** What a row is where its RST was lost. */
export function withoutReset(row: Row): Row {
  const sees = row.sees === 'cut' ? 'cut' : { status: 504 as const };
  return { ...row, sees, logged: 'ReadTimeout', waits: 'readMs' };
}

const BEFORE: readonly Row[] = [
  {
    title: 'refuses',
    act: 'refuses',
    sees: { status: 502 },
    retry: 'always',
    logged: 'ConnectRefused',
  },
  {
    title: 'is a black hole',
    act: 'is silent to SYN',
    sees: { status: 504 },
    retry: 'always',
    logged: 'ConnectTimeout',
    waits: 'connectMs',
  },
  ...(['reset', 'fin'] as const).map(
    (then): Row => ({
      title: `${then} before any byte`,
      act: says('', then),
      sees: { status: 502 },
      retry: 'idempotent',
      logged: 'ConnectionClosed',
      ...ends(then),
    }),
  ),
  {
    title: 'silence before any byte',
    act: says(''),
    sees: { status: 504 },
    retry: 'idempotent',
    logged: 'ReadTimeout',
    waits: 'readMs',
  },
];

function cutHead(title: string, text: string, then: Then): Row {
  if (then !== 'hang') {
    const logged = 'ConnectionClosed';
    return { title, act: says(text, then), sees: { status: 502 }, logged, ...ends(then) };
  }
  const logged = 'ReadTimeout';
  return { title, act: says(text), sees: { status: 504 }, logged, waits: 'readMs' };
}

const HEADS: readonly Row[] = [
  cutHead('half a status line, then FIN', 'HTTP/1.1 2', 'fin'),
  cutHead('half a status line, then silence', 'HTTP/1.1 2', 'hang'),
  cutHead('half a head, then FIN', `${OK}Content-Le`, 'fin'),
  cutHead('half a head, then RST', `${OK}Content-Le`, 'reset'),
];

/** Text that is no head: refused at once. */
const NONSENSE: Readonly<Record<string, string>> = {
  garbage: '\x16\x03\x01\x02\x00\x01\r\n\r\n',
  'the text of HTTP/0.9': '<html>hello</html>\n',
  'a head of 64 KiB': `${OK}${`A: ${'b'.repeat(1000)}\r\n`.repeat(65)}\r\n`,
  '20,000 fields': `${OK}${'A: b\r\n'.repeat(20_000)}\r\n`,
  'an unsolicited 101':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx',
  'two Content-Length': `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`,
  'Content-Length with Transfer-Encoding': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a negative length': `${OK}Content-Length: -1\r\n\r\nx`,
  'NUL in a value': `${OK}A: b\0c\r\nContent-Length: 0\r\n\r\n`,
  'CR that splits a field': `${OK}A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n`,
};

const REFUSED: readonly Row[] = [
  ...Object.entries(NONSENSE).map(
    ([title, text]): Row => ({
      title,
      act: says(text),
      sees: { status: 502 },
      logged: 'ProtocolError',
    }),
  ),
  {
    title: 'a head that never ends',
    act: endless(OK, `A: ${'b'.repeat(500)}\r\n`.repeat(PER_WRITE)),
    sees: { status: 502 },
    logged: 'ProtocolError',
  },
  {
    title: 'interim responses without end',
    act: endless('', EARLY.repeat(PER_WRITE)),
    sees: { status: 502 },
    logged: 'ProtocolError',
  },
];

function cutBody(title: string, text: string, then: Then, logged?: string): Row {
  const type = logged ?? (then === 'hang' ? 'ReadTimeout' : 'ConnectionClosed');
  const waits = type === 'ReadTimeout' ? ({ waits: 'readMs' } as const) : {};
  return { title, act: says(text, then), sees: 'cut', logged: type, ...waits, ...ends(then) };
}

const BODIES: readonly Row[] = [
  cutBody('a head, then RST', LENGTH, 'reset'),
  cutBody('a head, then silence', LENGTH, 'hang'),
  cutBody('a body short of its length, by FIN', `${LENGTH}abc`, 'fin'),
  cutBody('a body short of its length, by RST', `${LENGTH}abc`, 'reset'),
  cutBody('a body short of its length, by silence', `${LENGTH}abc`, 'hang'),
  cutBody('chunks cut between two, by FIN', `${CHUNKED}3\r\nabc\r\n`, 'fin'),
  cutBody('chunks cut between two, by RST', `${CHUNKED}3\r\nabc\r\n`, 'reset'),
  cutBody('a chunk cut in its middle, by FIN', `${CHUNKED}5\r\nabc`, 'fin'),
  cutBody('a chunk cut in its middle, by RST', `${CHUNKED}5\r\nabc`, 'reset'),
  cutBody('a chunk of a bad size', `${CHUNKED}3\r\nabc\r\nzz\r\n`, 'hang', 'ProtocolError'),
  cutBody(
    'a chunk whose size overflows',
    `${CHUNKED}3\r\nabc\r\nfffffffffffffffff\r\n`,
    'hang',
    'ProtocolError',
  ),
  cutBody('an answer that ends with its connection, by RST', `${OK}\r\nabc`, 'reset'),
];

const GOOD: readonly Row[] = [
  {
    title: 'an answer that ends with its connection, by FIN',
    act: says(`${OK}\r\nabc`, 'fin'),
    sees: { status: 200, body: 'abc' },
    closes: true,
  },
  {
    title: 'a body longer than its length',
    act: says(`${OK}Content-Length: 3\r\n\r\nabcdef`),
    sees: { status: 200, body: 'abc' },
  },
  ...['100 Continue', '103 Early Hints'].map(
    (status): Row => ({
      title: `${status}, then 200`,
      act: says(`HTTP/1.1 ${status}\r\n\r\n${ok('abc')}`),
      sees: { status: 200, body: 'abc' },
    }),
  ),
  ...[204, 304].map(
    (status): Row => ({
      title: `${status} with a body`,
      act: says(`HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n\r\nevil`),
      sees: { status, body: '' },
    }),
  ),
  {
    title: 'a slow head within the limits',
    act: drips(`${OK}${'A: b\r\n'.repeat(20)}Content-Length: 0\r\n\r\n`),
    sees: { status: 200, body: '' },
    slow: true,
  },
  {
    title: 'a slow body within the limits',
    act: async (wire) => {
      await wire.write(`${OK}Content-Length: 240\r\n\r\n`);
      await drips('x'.repeat(240))(wire);
    },
    sees: { status: 200, body: 'x'.repeat(240) },
    slow: true,
  },
];

const UPLOADS: readonly Row[] = [
  {
    title: 'an early 413 to a large upload',
    act: async (wire) => {
      wire.stopReading();
      await wire.write('HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig');
    },
    sees: { status: 413, body: 'big' },
    upload: true,
    closes: true,
  },
  {
    title: 'an upload that is never read',
    act: async (wire) => wire.stopReading(),
    sees: { status: 504 },
    logged: 'WriteTimeout',
    waits: 'sendMs',
    upload: true,
  },
];

/** A status that is listed in `retry.on`, or is not. */
function answers(status: number, on: readonly RetryCondition[], retry: Row['retry']): Row {
  const title = `${status} where ${on.join(', ') || 'nothing'} is listed`;
  const text = `HTTP/1.1 ${status} X\r\nContent-Length: 4\r\n\r\nbusy`;
  return { title, act: says(text), sees: { status, body: 'busy' }, retry: retry ?? 'never', on };
}

/** The same with a body that is not to be waited for. */
function answersSlowly(title: string, act: Exclude<Row['act'], string>): Row {
  const sees = { status: 503, body: '' };
  return { title, act, sees, retry: 'idempotent', on: [503], kinds: ['GET'], dropped: true };
}

const REFUSES_LATER = 'HTTP/1.1 503 X\r\n';

const LISTED: readonly Row[] = [
  ...([403, 404, 429, 500, 502, 503, 504] as const).map((status) =>
    answers(status, ['error', status], 'idempotent'),
  ),
  answers(503, ['error', 'timeout', 502, 504], 'never'),
  answers(503, [], 'never'),
  answers(503, ['non-idempotent', 503], 'unsent'),
  answersSlowly(
    'a listed 503 whose body hangs',
    says(`${REFUSES_LATER}Content-Length: 9\r\n\r\na`),
  ),
  answersSlowly(
    'a listed 503 whose body never ends',
    endless(`${REFUSES_LATER}\r\n`, 'b'.repeat(10_000)),
  ),
  {
    title: 'garbage where invalid-header is listed',
    act: says('garbage\r\n\r\n'),
    sees: { status: 502 },
    retry: 'idempotent',
    on: ['invalid-header'],
    logged: 'ProtocolError',
  },
  {
    title: 'refuses where error is not listed',
    act: 'refuses',
    sees: { status: 502 },
    on: ['timeout'],
    logged: 'ConnectRefused',
  },
  {
    title: 'silence where timeout is not listed',
    act: says(''),
    sees: { status: 504 },
    on: ['error'],
    logged: 'ReadTimeout',
    waits: 'readMs',
  },
];

/** All that an upstream may do to us. */
export const ROWS: readonly Row[] = [
  ...BEFORE,
  ...HEADS,
  ...REFUSED,
  ...BODIES,
  ...GOOD,
  ...UPLOADS,
  ...LISTED,
];
