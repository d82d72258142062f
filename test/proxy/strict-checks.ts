import type { ExecutionContext } from 'ava';
import { fieldOf, type Peer, type Seen } from './peer.ts';
import type { Recorder } from './recorder.ts';
import type { BadAnswers } from './strict-response-rows.ts';
import type { Forwarded, Refused } from './strict-rows.ts';
import { answering, ok, type Script, type Upstream } from './upstream.ts';

/** What would be smuggled if the end of the input before it were somewhere else. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const GOOD = 'GET /good HTTP/1.1\r\nHost: x\r\n\r\n';

/** A proxy before servers that a test speaks for. */
export type Proxied = {
  client(): Promise<Peer>;
  ask(text: string): Promise<Seen>;
  readonly upstreams: readonly Upstream[];
};

/** What the server is to have been told beside the fields that came. */
export type Added = {
  readonly host: string;
  /** A field of a plugin's that comes with every request. */
  readonly line?: string;
};

/** Every input of the row is refused, alone and behind a good request, and the connection closed. */
export async function refusesAll(
  t: ExecutionContext,
  proxied: Proxied,
  recorder: Recorder,
  row: Refused,
): Promise<void> {
  for (const input of row.inputs) {
    for (const before of ['', GOOD]) {
      await refuses(t, proxied, recorder, input, before, row.inBody === true);
    }
  }
  recorder.requests.length = 0;
  t.is((await proxied.ask(GOOD)).status, 200, 'the next request is served');
  t.is(recorder.requests[0]?.first, 'GET /good HTTP/1.1');
}

async function refuses(
  t: ExecutionContext,
  proxied: Proxied,
  recorder: Recorder,
  [name, text, status]: Refused['inputs'][number],
  before: string,
  isBody: boolean,
): Promise<void> {
  recorder.raw = '';
  recorder.requests.length = 0;
  const client = await proxied.client();
  client.write(before + text + SMUGGLED);
  if (before !== '') t.is((await client.response()).status, 200, name);
  const { status: answered, head, body } = await client.response();
  t.is(answered, status, name);
  t.is(fieldOf(head, 'connection'), 'close', name);
  t.regex(body.toString(), new RegExp(`^${status}\\b`), name);
  const { data, end } = await client.rest();
  t.is(data.length, 0, `${name}: nothing behind the answer`);
  t.is(end, 'fin', name);
  const whole = recorder.requests.map(({ first }) => first);
  t.deepEqual(whole, before === '' ? [] : ['GET /good HTTP/1.1'], name);
  t.false(recorder.raw.includes('smuggled'), name);
  // Of a body that proves bad on its way, the head may be out; of a bad head no byte is.
  const heads = recorder.raw.split('HTTP/1.1\r\n').length - 1;
  if (!isBody) t.is(heads, whole.length, `${name}: the upstream has seen ${recorder.raw}`);
}

/** What is forwarded is what was meant, field by field, and what follows it is another request. */
export async function forwardsAll(
  t: ExecutionContext,
  proxied: Proxied,
  recorder: Recorder,
  row: Forwarded,
  added: Added,
): Promise<void> {
  for (const { name, text, first, fields, body, isLast } of row.inputs) {
    recorder.requests.length = 0;
    const client = await proxied.client();
    client.write(text + GOOD);
    t.is((await finalResponse(client)).status, 200, name);
    if (isLast) t.is((await client.rest()).end, 'fin', name);
    else t.is((await client.response()).status, 200, `${name}: the next request`);
    client.leave();
    const [recorded, ...then] = recorder.requests;
    const seen = { ...recorded, fields: recorded?.fields.filter((line) => line !== added.line) };
    const expected = { first, fields: [`Host: ${added.host}`, ...fields], body: body ?? '' };
    t.deepEqual(seen, expected, name);
    if (added.line !== undefined) t.true(recorded?.fields.includes(added.line), name);
    const firsts = then.map((request) => request.first);
    t.deepEqual(firsts, isLast ? [] : ['GET /good HTTP/1.1'], name);
  }
}

async function finalResponse(client: Peer): Promise<Seen> {
  for (;;) {
    const response = await client.response();
    if (response.status >= 200) return response;
  }
}

/** A server that says `texts[n]` to `GET /n`, and `fine` to anything else. */
export function saying(texts: readonly string[], then?: (peer: Peer) => void): Script {
  return answering((head, peer) => {
    const index = /^[A-Z]+ \/(\d+) /.exec(head)?.[1];
    if (index !== undefined) setTimeout(() => then?.(peer), 20);
    return index === undefined ? ok('fine') : texts[Number(index)];
  });
}

function ask(index: number): string {
  return `GET /${index} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

/** The server's connection of this number is closed, and was asked once. */
async function usedUp(
  t: ExecutionContext,
  { upstreams: [upstream] }: Proxied,
  index: number,
  name: string,
): Promise<void> {
  await upstream?.peers[index]?.closed;
  t.is(upstream?.connections, index + 1, `${name}: asked once, on a connection of its own`);
}

async function servesNext(t: ExecutionContext, proxied: Proxied): Promise<void> {
  t.is((await proxied.ask(GOOD)).body.toString(), 'fine', 'the next request is served');
}

/** None of these answers is passed on: each is a 502, and its connection is closed. */
export async function passesNone(
  t: ExecutionContext,
  proxied: Proxied,
  { texts }: BadAnswers,
): Promise<void> {
  const client = await proxied.client();
  for (const [index, name] of Object.keys(texts).entries()) {
    client.write(ask(index));
    const { status, head, body } = await client.response();
    t.is(status, 502, name);
    t.is(body.toString(), '502\n', name);
    t.is(fieldOf(head, 'a'), undefined, name);
    await usedUp(t, proxied, index, name);
  }
  await servesNext(t, proxied);
}

/** Each of these answers begins well: the client's connection is cut where it is bad. */
export async function cutsAll(
  t: ExecutionContext,
  proxied: Proxied,
  { texts }: BadAnswers,
): Promise<void> {
  for (const [index, name] of Object.keys(texts).entries()) {
    const client = await proxied.client();
    client.write(ask(index));
    const { data, end } = await client.rest();
    t.is(end, 'reset', `${name}: ${data}`);
    t.false(data.toString('latin1').endsWith('0\r\n\r\n'), name);
    await usedUp(t, proxied, index, name);
  }
  await servesNext(t, proxied);
}

/** Each of these answers is `abc`; what comes with it says that its connection is of no use. */
export async function passesUnpooled(
  t: ExecutionContext,
  proxied: Proxied,
  { texts }: BadAnswers,
): Promise<void> {
  const client = await proxied.client();
  for (const [index, name] of Object.keys(texts).entries()) {
    client.write(ask(index));
    t.is((await client.response()).body.toString(), 'abc', name);
    await usedUp(t, proxied, index, name);
  }
  await servesNext(t, proxied);
}
