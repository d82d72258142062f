import type { NameKey } from '../wire/name.ts';
import { readReply } from '../wire/read-reply.ts';
import type { Reply } from '../wire/reply.ts';
import type { Attempt } from './attempt.ts';
import { type Server, UNABLE_MS } from './server.ts';

const FORMERR = 1;
const NOTIMP = 4;
const BADVERS = 16;

/** By 2 × exact case + had OPT, so that none is made per answer. */
const READ_OPTIONS = [
  { exactCase: false, hadOpt: false },
  { exactCase: false, hadOpt: true },
  { exactCase: true, hadOpt: false },
  { exactCase: true, hadOpt: true },
] as const;
type Options = (typeof READ_OPTIONS)[number];

/** What `message` is to an attempt for `name` that it has the number of; `cut`: the receive took a part of it. */
export function readFor(
  attempt: Attempt,
  name: NameKey,
  message: Uint8Array,
  cut: boolean,
  nowMs: number,
): Reply {
  const { query, exactCase, hadOpt, transport } = attempt;
  const options = READ_OPTIONS[(exactCase ? 2 : 0) + (hadOpt ? 1 : 0)] as Options;
  let reply = readReply(query, message, options, name);
  if (reply.kind === 'drop' && reply.reason === 'case' && transport === 'tcp') {
    // Nobody has forged this: the server itself does not give the letters back.
    (attempt.server as Server).smallUntilMs = nowMs + UNABLE_MS;
    reply = readReply(query, message, READ_OPTIONS[hadOpt ? 1 : 0] as Options, name);
  }
  const isStray = reply.kind === 'drop' && reply.reason !== 'parse';
  return cut && !isStray ? { kind: 'truncated' } : reply;
}

/** May a server that says this have meant the OPT record? */
export function mayBeAboutOpt(rcode: number): boolean {
  return rcode === FORMERR || rcode === NOTIMP || rcode === BADVERS;
}
