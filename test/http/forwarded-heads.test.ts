import { METHODS } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import type { MessageHead } from '../../src/http/message-head.ts';
import { originForm } from '../../src/http/request-target.ts';
import { requestHead, responseHead } from '../../src/http/serializer.ts';
import { type Kind, MessageLog, visible } from './message-log.ts';
import { Mutations } from './mutations.ts';
import { type NodeMessage, NodeParser, whyNoNodeParser } from './node-parser.ts';

const INPUTS = process.env.SLUICE_LONG === '1' ? 200_000 : 8_000;
const LONG_MS = 600_000;
/** Longer bodies than this are not made. */
const BODY_BYTES_MAX = 4096;
/** Fields that end here, or are said anew. */
const OURS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|proxy-connection|expect|http2-settings|x-forwarded-for): ?/;

/** A head as it would be forwarded, with a body that fits it. */
type Forwarded = { head: string; body: string; first: string; fields: string[] };

const METHOD_FOR_NODE = 'POST';

function forwardedRequest(head: MessageHead): Forwarded {
  // Node refuses methods that it does not know.
  const method = METHODS.includes(head.method) ? head.method : METHOD_FOR_NODE;
  const text = requestHead(head, 'Host: upstream\r\n', '');
  return {
    head: method + text.slice(head.method.length),
    body: bodyOf(head),
    first: `${method} ${originForm(head)} HTTP/1.1`,
    fields: keptFields(head, (name) => !name.includes('_')),
  };
}

function forwardedResponse(head: MessageHead): Forwarded {
  const chunked = head.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  const close = head.framing === 'close' ? 'Connection: close\r\n' : '';
  return {
    head: responseHead(head, chunked + close),
    body: bodyOf(head),
    first: `HTTP/1.1 ${head.status}`,
    fields: keptFields(head, () => true),
  };
}

function bodyOf({ framing, contentLength }: MessageHead): string {
  if (framing === 'chunked') return '3\r\nabc\r\n0\r\n\r\n';
  if (framing === 'length') return 'x'.repeat(Math.min(contentLength, BODY_BYTES_MAX));
  return framing === 'close' ? 'abc' : '';
}

function keptFields(head: MessageHead, keeps: (name: string) => boolean): string[] {
  const gone = new Set(head.nominated);
  return Array.from({ length: head.fieldCount }, (_, index) => {
    return [head.fieldName(index).toLowerCase(), head.fieldValue(index)] as const;
  })
    .filter(([name]) => !gone.has(name) && keeps(name))
    .map(([name, value]) => `${name}: ${value}`)
    .filter((line) => !OURS.test(line));
}

/** What a strict reader makes of it differs from what was meant; `undefined`: it does not. */
function misread(node: NodeParser, { head, body, first, fields }: Forwarded): string | undefined {
  const write = (text: string): void => node.write(Buffer.from(text, 'latin1'));
  node.start();
  write(head.slice(0, -1));
  if (node.messages.length > 0) return 'a head that ends too early';
  write(head.slice(-1));
  const message = node.messages[0] as NodeMessage | undefined;
  if (message === undefined) return `no head: ${node.refused}`;
  if (message.first !== first) return `${message.first} instead of ${first}`;
  const kept = message.fields.filter((line) => !OURS.test(line));
  if (kept.join('\n') !== fields.join('\n')) return `${kept} instead of ${fields}`;
  write(body.slice(0, -1));
  if (body !== '' && message.complete) return 'an end before the last byte';
  write(body.slice(-1));
  if (!message.complete) node.end();
  if (node.refused !== undefined) return node.refused;
  return message.complete ? undefined : 'no end';
}

function compareAll(t: ExecutionContext, kind: Kind, file: string): void {
  t.timeout(LONG_MS);
  const mutations = new Mutations(file);
  const node = new NodeParser(kind);
  let compared = 0;
  for (let seed = 0; seed < INPUTS; seed += 1) {
    const log = new MessageLog(kind);
    const heads: Forwarded[] = [];
    log.onHead = (head) => {
      if (kind === 'request') heads.push(forwardedRequest(head));
      else if (head.status >= 200) heads.push(forwardedResponse(head));
    };
    log.write(mutations.wire(seed));
    for (const forwarded of heads) {
      if (isTooLong(forwarded.head)) continue;
      compared += 1;
      const wrong = misread(node, forwarded);
      if (wrong !== undefined) t.fail(`input ${seed}: ${wrong}, in ${visible(forwarded.head)}`);
    }
  }
  t.log(`${INPUTS} inputs, ${compared} forwarded heads`);
  t.true(compared > INPUTS / 10);
}

function isTooLong(head: string): boolean {
  return Number(/\r\ncontent-length:[\t ]*(\d+)/i.exec(head)?.[1] ?? 0) > BODY_BYTES_MAX;
}

for (const [kind, file] of [
  ['request', 'http-request.md'],
  ['response', 'http-response.md'],
  ['answer to HEAD', 'http-response.md'],
] as const) {
  const title = `what is forwarded of any ${kind}, Node reads as what was meant`;
  if (whyNoNodeParser === undefined) test(title, (t) => compareAll(t, kind, file));
  else test.skip(`${title}: ${whyNoNodeParser}`, () => {});
}
