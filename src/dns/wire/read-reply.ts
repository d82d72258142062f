import { Chain } from './chain.ts';
import { uint16 } from './field.ts';
import type { NameKey } from './name.ts';
import { negativeTtl } from './negative.ts';
import { HEADER_BYTES, QUESTION_BYTES, questionEnd } from './query.ts';
import type { DropReason, Reply } from './reply.ts';
import { Sections } from './sections.ts';

/** QR and OPCODE, in the third byte of the header (RFC 1035 §4.1.1). */
const QR_OPCODE = 0xf8;
const QR = 0x80;
const TC = 0x02;
/** In the fourth byte of the header. */
const AD = 0x20;
const RCODE = 0x0f;
const NOERROR = 0;
const FORMERR = 1;
const NXDOMAIN = 3;

export type ReadOptions = {
  /** Was the case of the letters chosen by chance (0x20), so that it must come back? */
  readonly exactCase: boolean;
  /** Did the query have an OPT record? Without it, one that comes back says nothing. */
  readonly hadOpt: boolean;
  /** What is counted beside the reply; filled in where there is one. */
  readonly notes?: ReadNotes;
};

/** What reading one message showed. */
export type ReadNotes = {
  /** Bytes of names that were looked at, a pointer as two; at most a little above `workMaxOf`. */
  work: number;
  /** Bytes behind the last record. They are ignored. */
  trailingBytes: number;
};

const TRUNCATED: Reply = { kind: 'truncated' };
const DROPS: Readonly<Record<DropReason, Reply>> = {
  short: { kind: 'drop', reason: 'short' },
  header: { kind: 'drop', reason: 'header' },
  question: { kind: 'drop', reason: 'question' },
  case: { kind: 'drop', reason: 'case' },
  parse: { kind: 'drop', reason: 'parse' },
  owner: { kind: 'drop', reason: 'owner' },
};

/** One of each for all messages: a message is read in one go. */
const sections = new Sections();
const chain = new Chain();

/**
 * What `message` is to who sent `query`, whose number it has. Never throws, and keeps nothing of
 * the message: what is taken from it is text. `asked`: the name that the query asks for, where the
 * sender has it at hand, so that it need not be made again.
 */
export function readReply(
  query: Uint8Array,
  message: Uint8Array,
  options: ReadOptions,
  asked?: NameKey,
): Reply {
  const stray = strayReason(query, message, options.exactCase);
  if (stray !== undefined) return DROPS[stray];
  if (((message[2] as number) & TC) !== 0) return TRUNCATED;
  const { notes } = options;
  const end = questionEnd(query);
  const type = uint16(query, end - QUESTION_BYTES);
  const whole = sections.walk(message, end, type);
  const code = (message[3] as number) & RCODE;
  // The upper bits are the first byte where other records have their TTL (RFC 6891 §6.1.3).
  const extended = whole && options.hadOpt && sections.optAt > 0 ? message[sections.optAt] : 0;
  const rcode = ((extended as number) << 4) | code;
  let reply: Reply;
  if (rcode !== NOERROR && rcode !== NXDOMAIN) reply = { kind: 'rcode', rcode };
  else if (!whole) reply = DROPS.parse;
  else reply = settle(message, type, rcode, asked);
  if (notes !== undefined) {
    notes.work = sections.names.work;
    notes.trailingBytes = whole ? message.length - sections.end : 0;
  }
  return reply;
}

/**
 * Why `message` is no response to the question of `query`; the number is not looked at. These are
 * the checks that need no more than header and question.
 */
export function strayReason(
  query: Uint8Array,
  message: Uint8Array,
  exactCase: boolean,
): DropReason | undefined {
  if (message.length < HEADER_BYTES) return 'short';
  if (((message[2] as number) & QR_OPCODE) !== QR) return 'header';
  if (message[4] !== 0 || message[5] !== 1) return 'question';
  const end = questionEnd(query);
  if (message.length < end) return 'question';
  const nameEnd = end - QUESTION_BYTES;
  let exact = true;
  for (let at = HEADER_BYTES; at < nameEnd; at += 1) {
    const difference = (message[at] as number) ^ (query[at] as number);
    if (difference === 0) continue;
    // Length bytes are below 0x40: what is a letter in one of both is one in the other.
    const lower = (query[at] as number) | 0x20;
    if (difference !== 0x20 || lower < 0x61 || lower > 0x7a) return 'question';
    exact = false;
  }
  for (let at = nameEnd; at < end; at += 1) if (message[at] !== query[at]) return 'question';
  return exact || !exactCase ? undefined : 'case';
}

/**
 * Is this FORMERR with a header and nothing else, as servers send it that do not know EDNS? It
 * names no question, so anybody may have sent it; it is worth a try without EDNS, and no more.
 */
export function isBareFormerr(message: Uint8Array): boolean {
  return (
    message.length === HEADER_BYTES &&
    ((message[2] as number) & QR_OPCODE) === QR &&
    ((message[3] as number) & RCODE) === FORMERR &&
    uint16(message, 4) === 0
  );
}

/** What the chain that `sections` holds comes to. */
function settle(
  message: Uint8Array,
  type: number,
  rcode: number,
  asked: NameKey | undefined,
): Reply {
  const { names } = sections;
  const authenticated = ((message[3] as number) & AD) !== 0;
  // NXDOMAIN is about the end of the chain (RFC 6604 §3): records that stand there all the same
  // are not believed.
  const end = chain.follow(sections, rcode === NOERROR ? type : 0);
  if (end === 'parse' || end === 'owner') return DROPS[end];
  const { links, data } = chain;
  let canonical = links === 0 ? asked : undefined;
  if (canonical === undefined) {
    if (!names.load(chain.nameAt)) return DROPS.parse;
    canonical = names.key();
  }
  if (end === 'data') {
    return { kind: 'answer', canonical, data, ttl: chain.ttl, links, authenticated };
  }
  const soaTtl = negativeTtl(sections, canonical);
  if (names.exhausted) return DROPS.parse;
  const ttl = soaTtl === undefined ? undefined : Math.min(soaTtl, chain.ttl);
  if (rcode === NXDOMAIN) return { kind: 'nxdomain', canonical, ttl, links, authenticated };
  // Whose zone ends here does not know what the alias leads to.
  if (links > 0 && ttl === undefined) {
    return { kind: 'alias', canonical, ttl: chain.ttl, links, authenticated };
  }
  return { kind: 'nodata', canonical, ttl, links, authenticated };
}
