import { existsSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { type Kind, MessageLog } from './message-log.ts';

/** A case of the llhttp project's own tests; how to get them is its project's business. */
type Case = {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly type: string;
  readonly strict: boolean;
  readonly meta: { readonly skipBody?: boolean };
  readonly input_b64: string;
  readonly expected: 'ok' | 'error';
  readonly reason: string;
  readonly methods: readonly string[];
  readonly urls: readonly string[];
  readonly body: string;
};

/** A file `{ cases: [] }`, made from the Markdown of github.com/nodejs/llhttp. */
const FILE = process.env.SLUICE_LLHTTP_CASES;

/** What llhttp refuses and we take, by its reason. */
const TAKEN_HERE: Readonly<Record<string, string>> = {
  'Invalid character in chunk extensions': 'an empty extension is dropped like any other',
  'Invalid method for HTTP/x.x request': 'a method of RTSP is one that servers may know',
  'Expected space after method': 'a method that nobody has registered is a method',
  'Data after `Connection: close`': 'what follows is not read',
};

/** What llhttp takes and we refuse. A code of `HttpError` is enough where it says all. */
const REFUSED_HERE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/refused METHOD_NOT_ALLOWED/, 'CONNECT on a reverse proxy'],
  [/refused BAD_VERSION/, 'another protocol: RTSP, ICE'],
  [/refused UNSUPPORTED_/, 'another version of HTTP, or another coding'],
  [/refused BAD_TRANSFER_ENCODING/, 'two lines of Transfer-Encoding'],
  [/^GET \/\\r/, 'HTTP/0.9'],
  [/^GET http:\/\/\[[^\]]*%/, 'an address with a zone, which means nothing to another host'],
  [/^(?:\S+) \S*[#@]|^M-SEARCH \*/, 'a fragment, a user, an asterisk with another method'],
  [/upgrade.*refused BAD_FIELD/i, 'an Upgrade with a body'],
  [/upgrade.*refused BAD_METHOD/i, 'bytes behind an Upgrade are HTTP until 101 has come'],
  [/^GET .* HTTP\/1\.0\\r.*refused BAD_CONTENT_LENGTH/, 'a body with a GET of HTTP/1.0'],
  [/\\r\\n\\r\\n(?:\\r|GET .*refused BAD_METHOD)/, 'two empty lines before a request'],
  [
    /^(?:\\r\\n)*(?:RTSP|ICE|HTTP).*refused BAD_STATUS_LINE/,
    'not HTTP, or an empty line before it',
  ],
];

const cases: readonly Case[] =
  FILE === undefined || !existsSync(FILE)
    ? []
    : (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases;

if (cases.length === 0) {
  test.skip('the cases of llhttp: SLUICE_LLHTTP_CASES names no file with them', () => {});
}

for (const raw of cases) {
  // A server cannot leave out the body of a request.
  if (!raw.strict || (raw.type === 'request' && raw.meta.skipBody)) continue;
  const one = raw.type === 'url' ? asRequest(raw) : raw;
  test(`${one.name} (${one.file}:${one.line})`, (t) => check(t, one));
}

/** A URL alone is the target of a request here. */
function asRequest(one: Case): Case {
  const url = Buffer.from(one.input_b64, 'base64').toString('latin1');
  const text = `GET ${url} HTTP/1.1\r\n\r\n`;
  const input = Buffer.from(text, 'latin1').toString('base64');
  return { ...one, type: 'request', input_b64: input, methods: ['GET'], urls: [url], body: '' };
}

function check(t: ExecutionContext, one: Case): void {
  const answer = one.meta.skipBody ? 'answer to HEAD' : 'response';
  const kind = one.type === 'request' ? 'request' : answer;
  const wire = withHosts(kind, Buffer.from(one.input_b64, 'base64').toString('latin1'));
  const ours = read(kind, wire, []);
  t.deepEqual(read(kind, wire, [...wire.keys()]), ours, 'byte by byte');
  for (let at = 1; at < wire.length; at += 1) {
    t.deepEqual(read(kind, wire, [at]), ours, `split at ${at}`);
  }
  if (one.expected === 'error') {
    const isTaken = ours.end === 'end' && TAKEN_HERE[one.reason] === undefined;
    t.false(isTaken, `taken, though: ${one.reason}`);
  } else if (ours.end.startsWith('refused')) {
    const text = `${JSON.stringify(Buffer.from(wire).toString('latin1')).slice(1, -1)}${ours.end}`;
    const why = REFUSED_HERE.find(([pattern]) => pattern.test(text));
    t.truthy(why, `refused: ${text}`);
  } else {
    // The cases' own logs have no line ends in bodies.
    t.is(ours.body.replaceAll(/[\r\n]/g, ''), one.body.replaceAll(/[\r\n]/g, ''));
    if (kind !== 'request') return;
    t.deepEqual(ours.methods, one.methods);
    t.deepEqual(ours.targets, one.urls);
  }
}

type Read = { methods: string[]; targets: string[]; body: string; end: string };

/** What a connection takes of it: nothing behind its last message. */
function read(kind: Kind, wire: Uint8Array, splits: readonly number[]): Read {
  const log = new MessageLog(kind);
  let from = 0;
  for (const to of [...splits, wire.length].sort((a, b) => a - b)) {
    log.write(wire.subarray(from, to));
    from = to;
  }
  const lines = log.end();
  const last = log.messages.findIndex(({ persistent, end }) => !persistent && end >= 0);
  const taken = last < 0 ? log.messages : log.messages.slice(0, last + 1);
  return {
    methods: taken.map(({ first }) => first.split(' ')[0] as string),
    targets: taken.map(({ first }) => first.split(' ')[1] as string),
    body: taken.map(({ body }) => body).join(''),
    end: last < 0 ? (lines.at(-1) ?? '') : 'end',
  };
}

/** HTTP/1.1 needs a Host, which most of the cases leave out. */
function withHosts(kind: Kind, text: string): Uint8Array {
  const head = /^([A-Z-]+ \S+ HTTP\/1\.1\r\n)((?:[^\r\n]+\r\n)*)/gm;
  const whole = text.replaceAll(head, (all, line: string, fields: string) => {
    return /^host *:/im.test(fields) ? all : `${line}Host: a\r\n${fields}`;
  });
  return Buffer.from(kind === 'request' ? whole : text, 'latin1');
}
