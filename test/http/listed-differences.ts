import type { Difference } from './compare-parsers.ts';
import type { Kind } from './message-log.ts';

/** What Sluice and Node's strict parser may read in different ways, and why no harm comes of it. */
export type Listed = {
  readonly title: string;
  readonly reason: string;
  /** `message`: the input from where the message begins. */
  applies(difference: Difference, message: string, kind: Kind): boolean;
  /** The same message without the cause, up to the input's end: from here on both must agree. */
  cured(message: string): string;
  /** The cause may stand in a message before. */
  readonly earlier?: true;
};

/** The input without the cause of the difference. */
export function cured(listed: Listed, { input, at }: Difference): string {
  const from = listed.earlier ? 0 : at;
  return input.slice(0, from) + listed.cured(input.slice(from));
}

const TRAILERS = /\r\n0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)+\r\n/g;
const TRAILER =
  /(?<=\r\n)(content-length|transfer-encoding|connection|proxy-connection|upgrade)(?=:)/gi;
const EXTENSION = /(\r\n[0-9a-f]+);[^\r\n]*(?=\r\n)/gi;
const BLANK =
  /(\r\n(?:content-length|transfer-encoding|(?:proxy-)?connection):[^\r\n]*?)[ ]*\t[\t ]*(?=\r\n|,)/gi;

export const LISTED: readonly Listed[] = [
  {
    title: 'a field that frames or closes, in a trailer section',
    reason:
      'Node takes Connection for what it is in a head, and refuses a length. Here trailers are ' +
      'dropped: none of them can mean anything.',
    applies: ({ what, theirs, input }) => {
      if (what !== 'end' && theirs !== 'HPE_CLOSED_CONNECTION') return false;
      return [...input.matchAll(TRAILERS)].some(([all]) => all.search(TRAILER) >= 0);
    },
    cured: (text) => text.replaceAll(TRAILERS, (all) => all.replaceAll(TRAILER, 'x')),
    earlier: true,
  },
  {
    title: 'an odd chunk extension',
    reason:
      'Node refuses what the grammar of extensions does not have, white space included, which ' +
      'RFC 9112 §7.1.1 allows. Here extensions are dropped; with no CR, LF or control character in ' +
      'one, and every quote closed, its line ends where it seems to end.',
    applies: ({ what, theirs }) => what === 'end' && /HPE_(?:STRICT|INVALID_CHUNK)/.test(theirs),
    cured: (message) => afterHead(message, (body) => body.replace(EXTENSION, '$1')),
  },
  {
    title: 'a tab behind a length, a coding or an option',
    reason:
      'Node refuses the first, and does not know the others again. White space around a value is ' +
      'no part of it (RFC 9110 §5.5), and what is forwarded of these fields is said anew.',
    applies: (_, message) => headOf(message).search(BLANK) >= 0,
    cured: (message) => inHead(message, (head) => head.replace(BLANK, '$1')),
  },
  {
    title: 'Proxy-Connection',
    reason: 'Node takes it for Connection. No RFC gives it a meaning (RFC 9112 §C.2.2): dropped.',
    applies: ({ what }, message) => {
      return what === 'persistence' && /\r\nproxy-connection:/i.test(headOf(message));
    },
    cured: (message) => inHead(message, (head) => head.replaceAll(/\r\nproxy-con/gi, '\r\nx')),
  },
  {
    title: 'a chunked response of HTTP/1.0 with keep-alive',
    reason: 'Node keeps the connection. Here it is closed: RFC 9112 §6.1 suspects such a sender.',
    applies: ({ what, ours }, message, kind) => {
      const old = /^HTTP\/1\.0 [\s\S]*\r\ntransfer-encoding:/i.test(headOf(message));
      return kind === 'response' && what === 'persistence' && ours === 'false' && old;
    },
    cured: (message) => inHead(message, (head) => head.replaceAll(/\r\nconnection:/gi, '\r\nx:')),
  },
  {
    title: 'an interim response that nobody has registered, with a length',
    reason: 'Node reads a body. There is none behind any status below 200 (RFC 9110 §15.2).',
    applies: ({ what }, message, kind) => {
      return kind !== 'request' && what === 'end' && /^HTTP\/1\.[01] 1/.test(message);
    },
    cured: (message) => message.replace(/ 1\d\d/, ' 103'),
  },
  {
    title: 'the answer to HEAD without a length',
    reason: 'Node decides that it ends with the connection before it is told that it has no body.',
    applies: ({ what, ours }, message, kind) => {
      const has = /\r\n(?:content-length|transfer-encoding):/i.test(headOf(message));
      return kind === 'answer to HEAD' && what === 'persistence' && ours === 'true' && !has;
    },
    cured: (message) => message.replace('\r\n', '\r\nContent-Length: 0\r\n'),
  },
  {
    title: 'close and keep-alive together in HTTP/1.0',
    reason: 'Node keeps the connection. Here close outweighs keep-alive in every version.',
    applies: ({ what, ours }, message) => {
      const head = headOf(message);
      const old = /^(?:[A-Z0-9_-]+ \S+ )?HTTP\/1\.0[ \r]/.test(head);
      return what === 'persistence' && ours === 'false' && old && /close/i.test(head);
    },
    cured: (message) => inHead(message, (head) => head.replaceAll(/keep-alive/gi, 'x')),
  },
];

/** With the end of its last line. */
function headOf(message: string): string {
  return message.slice(0, message.indexOf('\r\n\r\n') + 2);
}

function inHead(message: string, change: (head: string) => string): string {
  const head = headOf(message);
  return change(head) + message.slice(head.length);
}

function afterHead(message: string, change: (body: string) => string): string {
  const head = headOf(message);
  return head + change(message.slice(head.length));
}
