import type { ExecutionContext } from 'ava';
import { defineProxy, type Upstream } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import type { Row } from './matrix-rows.ts';
import type { Wire } from './matrix-wire.ts';
import type { AnyPhases, AnyProxy } from './world.ts';

export const VARIANTS = ['plain', 'synchronous', 'asynchronous'] as const;
export type Variant = (typeof VARIANTS)[number];

/** What `logging` was told of one exchange. */
export type Noted = {
  readonly path: string;
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly source: string | undefined;
  readonly attempts: number;
  /** From the request's head to its end, in milliseconds. */
  readonly ms: number;
};

/** Handlers for every phase but those that choose and log; none of them changes anything. */
export function handlers(variant: Variant, pass: () => Promise<void>): AnyPhases {
  if (variant === 'plain') return {};
  const handler = variant === 'synchronous' ? () => undefined : pass;
  return {
    earlyRequest: handler,
    requestFilter: handler,
    connected: handler,
    upstreamRequestFilter: handler,
    requestBodyFilter: handler,
    upstreamResponseFilter: handler,
    responseFilter: handler,
    responseBodyFilter: handler,
    failToConnect: handler,
    errorWhileProxy: handler,
    failToProxy: handler,
  };
}

/** A proxy with a route for each of `paths`, which says in its first part what handlers run. */
export function matrixProxy(
  paths: readonly string[],
  groupOf: (path: string) => Upstream,
  pass: () => Promise<void>,
  noted: Noted[],
): AnyProxy {
  let proxy: AnyProxy = notingProxy(noted);
  for (const path of paths) {
    const group = groupOf(path);
    const variant = path.split('/')[1] as Variant;
    proxy = proxy.route(path, { upstreamPeer: () => group, ...handlers(variant, pass) });
  }
  return proxy;
}

/** What a row's group is configured with. */
export function retryOf({ on }: Row): { readonly retry?: { readonly on: NonNullable<Row['on']> } } {
  return on === undefined ? {} : { retry: { on } };
}

/** A proxy that notes what is logged. */
export function notingProxy(noted: Noted[]): AnyProxy {
  return defineProxy({
    logging: ({ req: { path }, res, attempts, timings }, error) => {
      const { type, source } = error ?? {};
      const ms = timings.done - timings.headersIn;
      noted.push({ path, status: res?.status, type, source, attempts, ms });
    },
  });
}

/** An answer as a client has it. */
export type Answer = {
  /** 0: nothing of it has come. */
  readonly status: number;
  readonly body: string;
  readonly cut: boolean;
  /** The next request may follow on this connection. */
  readonly persists: boolean;
};

const NONE: Answer = { status: 0, body: '', cut: true, persists: false };

/** Reads one answer; a cut is seen as one. */
export async function answerOn(wire: Wire): Promise<Answer> {
  const head = await wire.head().catch(() => undefined);
  if (head === undefined) return NONE;
  const status = Number(head.slice(9, 12));
  const persists = fieldOf(head, 'connection') !== 'close';
  const length = fieldOf(head, 'content-length');
  try {
    if (status === 204 || status === 304) return { status, body: '', cut: false, persists };
    if (length !== undefined) {
      const body = await wire.take(Number(length));
      return { status, body, cut: body.length < Number(length), persists };
    }
    if (fieldOf(head, 'transfer-encoding') !== undefined) {
      return { status, ...(await chunksOn(wire)), persists };
    }
    const { text, cut } = await wire.rest();
    return { status, body: text, cut, persists: false };
  } catch {
    return { status, body: '', cut: true, persists: false };
  }
}

async function chunksOn(wire: Wire): Promise<{ body: string; cut: boolean }> {
  let body = '';
  for (;;) {
    let line = '';
    while (!line.endsWith('\r\n')) {
      const byte = await wire.take(1);
      if (byte === '') return { body, cut: true };
      line += byte;
    }
    const size = Number.parseInt(line, 16);
    const chunk = await wire.take(size + 2);
    if (chunk.length < size + 2) return { body, cut: true };
    if (size === 0) return { body, cut: false };
    body += chunk.slice(0, -2);
  }
}

/** What is asked: a POST without a body could be sent again, but for its method. */
export const KINDS = ['GET', 'POST', 'EMPTY'] as const;
export type Kind = (typeof KINDS)[number];

export function kindOf(path: string): Kind {
  return path.split('/')[2] as Kind;
}

/** Asks for `path`; the body of a POST is small unless `upload` says how many bytes it has. */
export async function ask(wire: Wire, kind: Kind, path: string, upload = 0): Promise<Answer> {
  const body = kind === 'POST' ? 'x'.repeat(upload || 5) : '';
  const line = `${kind === 'GET' ? 'GET' : 'POST'} ${path} HTTP/1.1`;
  const length = kind === 'GET' ? '' : `Content-Length: ${body.length}\r\n`;
  const sent = wire.write(`${line}\r\nHost: a\r\n${length}\r\n${body}`);
  if (upload === 0) await sent;
  return answerOn(wire);
}

/** Will the next server be asked? */
function isRetried({ retry }: Row, kind: Kind): boolean {
  if (retry === 'unsent') return kind !== 'POST';
  return retry === 'always' || (retry === 'idempotent' && kind === 'GET');
}

/** Checks what a client saw, and what was logged of it. */
export function checkRow(
  t: ExecutionContext,
  row: Row,
  path: string,
  answer: Answer,
  noted: readonly Noted[],
  where = '',
): void {
  const kind = kindOf(path);
  const what = `${where}${row.title}, ${path}`;
  const retried = isRetried(row, kind);
  const { status, body, cut, persists } = answer;
  if (retried) t.deepEqual({ status, body, cut }, { status: 200, body: 'fine', cut: false }, what);
  else if (row.sees === 'cut') {
    // A RST may overtake the head of the answer.
    t.true(cut && (status === 200 || status === 0), `${what}: ${status} is cut`);
  } else {
    const wanted = { body: `${row.sees.status}\n`, ...row.sees, cut: false };
    t.deepEqual({ status, body, cut }, wanted, what);
    if (kind !== 'POST' && !row.closes) t.true(persists, `${what}: the connection lives on`);
  }
  const logged = retried || row.logged === undefined ? undefined : row.logged;
  const attempts = retried ? 2 : 1;
  const source = logged === undefined ? undefined : 'upstream';
  const told = row.sees === 'cut' ? 200 : status;
  const ms = noted[0]?.ms ?? 0;
  const wanted = { path, status: told, type: logged, source, attempts, ms };
  t.deepEqual(noted, [wanted], `${what}: logged`);
}
