import type { ExecutionContext } from 'ava';
import { ok } from '../upstream.ts';
import { type Answer, answerOn, type Noted } from './matrix-client.ts';
import { DRIPS } from './matrix-rows.ts';
import type { Wire } from './matrix-wire.ts';

/** What `logging` is told of a client's exchange. */
export type ClientLogged = {
  readonly status: number | undefined;
  readonly type?: string;
  readonly source?: string;
};

/** What a server does with each request of a client that is the one to blame. */
export type ServerName =
  | 'answers'
  | 'is silent'
  | 'half a head'
  | 'half a body'
  | 'much'
  | 'endless'
  | 'a drip without end';

/** One line of the other half of the matrix: what a client does, and what becomes of it. */
export type ClientRow = {
  readonly title: string;
  readonly server: ServerName;
  /** Ends with the answer, where the client has stayed for it. */
  readonly act: (wire: Wire) => Promise<Answer | undefined>;
  /** The status that the client gets, with a whole answer. */
  readonly sees?: number;
  /** Nothing: the request never was one. */
  readonly logged?: ClientLogged;
  /** The deadline that ends it. */
  readonly waits?: 'headMs' | 'bodyMs' | 'sendMs';
  /** These are met by nothing that is slow, and all of them are short. */
  readonly slow?: true;
  /** The proxy must not wait for its server once the client is gone. */
  readonly leaves?: true;
};

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ';
const STOPS = 5;

export const SERVERS: Readonly<
  Record<ServerName, (wire: Wire, bodyBytes: number) => Promise<void>>
> = {
  answers: async (wire) => wire.write(ok('fine')),
  'is silent': async () => {},
  'half a head': async (wire) => wire.write('HTTP/1.1 200 OK\r\nA: '),
  'half a body': async (wire) => wire.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  much: async (wire, bodyBytes) => {
    await wire.write(ok('x'.repeat(bodyBytes)));
  },
  endless: async (wire) => {
    await wire.write('HTTP/1.1 200 OK\r\n\r\n');
    while (!wire.ended) await wire.write('x'.repeat(16 * 1024));
  },
  'a drip without end': async (wire) => {
    await wire.write('HTTP/1.1 200 OK\r\n\r\n');
    while (!wire.ended) {
      await wire.write('x');
      await wire.drip();
    }
  },
};

async function dripped(wire: Wire, text: string): Promise<void> {
  for (const byte of text) {
    if (wire.ended) return;
    await wire.write(byte);
    await wire.drip();
  }
}

const gone = (status: number | undefined): ClientLogged => ({
  status,
  type: 'ConnectionClosed',
  source: 'downstream',
});

/** A client that sends `text`, waits for the server to be as far as it gets, and leaves. */
function leaving(
  title: string,
  server: ServerName,
  text: string,
  logged?: ClientLogged,
): ClientRow {
  const act = async (wire: Wire): Promise<undefined> => {
    await wire.write(text);
    if (server === 'half a body') await wire.head();
    else await wire.drip();
    await wire.reset(false);
  };
  return { title, server, act, leaves: true, ...(logged && { logged }) };
}

export const CLIENT_ROWS: readonly ClientRow[] = [
  leaving('leaves in its head', 'answers', GET.slice(0, -5)),
  leaving('leaves in its body', 'is silent', `${POST}10\r\n\r\nhalf`, gone(undefined)),
  leaving('leaves before the answer', 'is silent', GET, gone(undefined)),
  leaving('leaves in the head of the answer', 'half a head', GET, gone(undefined)),
  leaving('leaves in the body of the answer', 'half a body', GET, gone(200)),
  {
    title: 'leaves, with FIN, in an answer without end',
    server: 'a drip without end',
    act: async (wire) => {
      await wire.write(GET);
      await wire.head();
      await wire.leave();
      return undefined;
    },
    logged: gone(200),
    leaves: true,
  },
  {
    title: 'sends its head byte by byte within headMs',
    server: 'answers',
    act: async (wire) => {
      for (const byte of GET) await wire.write(byte);
      return answerOn(wire);
    },
    sees: 200,
    logged: { status: 200 },
  },
  {
    title: 'sends its head byte by byte, one at a time, until headMs',
    server: 'answers',
    act: async (wire) => {
      await dripped(wire, GET);
      return answerOn(wire);
    },
    sees: 408,
    logged: { status: 408, type: 'ReadTimeout', source: 'downstream' },
    waits: 'headMs',
  },
  {
    title: 'stalls in its body until bodyMs',
    server: 'is silent',
    act: async (wire) => {
      await wire.write(`${POST}10\r\n\r\nhalf`);
      return answerOn(wire);
    },
    sees: 408,
    // The connection answers, not the exchange: that has no head of an answer.
    logged: { status: undefined, type: 'ReadTimeout', source: 'downstream' },
    waits: 'bodyMs',
  },
  {
    title: 'sends a slow body, each piece within bodyMs',
    server: 'answers',
    act: async (wire) => {
      await wire.write(`${POST}${DRIPS}\r\n\r\n`);
      await dripped(wire, 'x'.repeat(DRIPS));
      return answerOn(wire);
    },
    sees: 200,
    logged: { status: 200 },
    slow: true,
  },
  {
    title: 'stops and goes while it reads a large answer',
    server: 'much',
    act: async (wire) => {
      wire.stopReading();
      await wire.write(GET);
      for (let i = 0; i < STOPS; i += 1) await wire.drip();
      wire.startReading();
      return answerOn(wire);
    },
    sees: 200,
    logged: { status: 200 },
    slow: true,
  },
  {
    title: 'reads nothing until sendMs',
    server: 'endless',
    act: async (wire) => {
      wire.stopReading();
      await wire.write(GET);
      return undefined;
    },
    logged: gone(200),
    waits: 'sendMs',
  },
  {
    title: 'sends FIN after its request',
    server: 'answers',
    act: async (wire) => {
      await wire.write(GET);
      await wire.fin();
      return answerOn(wire);
    },
    sees: 200,
    logged: { status: 200 },
  },
];

/** Checks what a client saw, and what was logged of it, once. */
export function checkClient(
  t: ExecutionContext,
  { sees, logged, title }: ClientRow,
  what: string,
  answer: Answer | undefined,
  noted: readonly Noted[],
): void {
  if (sees !== undefined) {
    t.is(answer?.status, sees, `${what}: ${title}`);
    t.false(answer?.cut, `${what}: ${title}`);
  }
  const seen = noted.map(({ status, type, source }) => ({ status, type, source }));
  const { status, type, source } = logged ?? {};
  t.deepEqual(seen, logged === undefined ? [] : [{ status, type, source }], `${what}: ${title}`);
}
