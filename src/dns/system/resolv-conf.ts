import type { Endpoint } from '../../core/endpoint.ts';
import { ipOf } from './ip-text.ts';
import { eachLine } from './text-lines.ts';

/** Where name servers listen (RFC 1035 §4.2). */
export const DNS_PORT: number = 53;
/** Servers that are taken from a resolv.conf (MAXNS of the C library). */
export const RESOLV_SERVERS_MAX: number = 3;
/** Domains of a search list; those after it are not searched. */
export const SEARCH_MAX: number = 32;
/** The C library's bound for `ndots`. */
export const NDOTS_MAX: number = 15;
/** Characters that are read; no resolv.conf that anybody wrote is so long. */
export const RESOLV_CONF_CHARS_MAX: number = 256 * 1024;
/** Bounds of the C library: RES_MAXRETRANS, RES_MAXRETRY. */
const TIMEOUT_S_MAX = 30;
const ATTEMPTS_MAX = 5;
/** A name of 255 bytes on the wire, as text without the root's dot. */
const DOMAIN_CHARS_MAX = 253;

/** What a resolv.conf(5) says. */
export type ResolvConf = {
  readonly servers: readonly Endpoint[];
  /** Without the root's dot; of several `search` and `domain` lines the last one counts. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** `undefined`: the file does not say. */
  readonly timeoutMs: number | undefined;
  /** How often each server is asked. */
  readonly attempts: number | undefined;
  /** `use-vc`: over TCP alone. */
  readonly tcp: boolean;
  /** Lines, options, servers and domains that could not be understood, or were too many. */
  readonly junk: number;
};

type Draft = { -readonly [Key in keyof ResolvConf]: ResolvConf[Key] } & {
  servers: Endpoint[];
};

/** What others do and we need not, or always do: no junk. */
const IGNORED = new Set([
  'debug',
  'edns0',
  'inet6',
  'ip6-bytestring',
  'ip6-dotint',
  'no-aaaa',
  'no-check-names',
  'no-ip6-dotint',
  'no-reload',
  'no-tld-query',
  'rotate',
  'single-request',
  'single-request-reopen',
  'strict-error',
  'trust-ad',
]);
const IGNORED_LINES = new Set(['sortlist', 'lookup', 'family', 'port']);

/** Reads the text of a resolv.conf; what it cannot understand is counted, and does no harm. */
export function parseResolvConf(text: string): ResolvConf {
  const conf: Draft = {
    servers: [],
    search: [],
    ndots: 1,
    timeoutMs: undefined,
    attempts: undefined,
    tcp: false,
    junk: text.length > RESOLV_CONF_CHARS_MAX ? 1 : 0,
  };
  // The C library ends a server's address at a comment, with or without a space before it.
  eachLine(text.slice(0, RESOLV_CONF_CHARS_MAX), /[#;]/, (words) => readLine(conf, words));
  return conf;
}

function readLine(conf: Draft, words: readonly string[]): void {
  switch (words[0]) {
    case 'nameserver':
      addServer(conf, words[1] ?? '');
      break;
    case 'domain':
      setSearch(conf, words.slice(1, 2));
      break;
    case 'search':
      setSearch(conf, words.slice(1));
      break;
    case 'options':
      for (let i = 1; i < words.length; i += 1) readOption(conf, words[i] as string);
      break;
    default:
      if (!IGNORED_LINES.has(words[0] as string)) conf.junk += 1;
  }
}

function addServer(conf: Draft, text: string): void {
  const ip = ipOf(text);
  if (ip === undefined || conf.servers.length === RESOLV_SERVERS_MAX) conf.junk += 1;
  else conf.servers.push({ family: ip.family, address: ip.address, port: DNS_PORT });
}

function setSearch(conf: Draft, words: readonly string[]): void {
  const search: string[] = [];
  for (const word of words) {
    const domain = word.endsWith('.') ? word.slice(0, -1) : word;
    // `search .` says that nothing is to be searched: the root is where every name ends anyway.
    if (domain === '') continue;
    const isOdd = domain.length > DOMAIN_CHARS_MAX || domain.startsWith('.');
    if (isOdd || domain.includes('..') || search.length === SEARCH_MAX) conf.junk += 1;
    else search.push(domain);
  }
  conf.search = search;
}

function readOption(conf: Draft, option: string): void {
  const colon = option.indexOf(':');
  const name = colon < 0 ? option : option.slice(0, colon);
  const value = colon < 0 ? '' : option.slice(colon + 1);
  switch (name) {
    case 'ndots':
      conf.ndots = numberOf(conf, value, 0, NDOTS_MAX) ?? conf.ndots;
      break;
    case 'timeout': {
      const seconds = numberOf(conf, value, 1, TIMEOUT_S_MAX);
      if (seconds !== undefined) conf.timeoutMs = seconds * 1_000;
      break;
    }
    case 'attempts':
      conf.attempts = numberOf(conf, value, 1, ATTEMPTS_MAX) ?? conf.attempts;
      break;
    case 'use-vc':
    case 'usevc':
    case 'tcp':
      conf.tcp = true;
      break;
    default:
      if (!IGNORED.has(name)) conf.junk += 1;
  }
}

/** Numbers out of the range are taken to its end, as the C library does. */
function numberOf(conf: Draft, digits: string, min: number, max: number): number | undefined {
  if (/^-?[0-9]+$/.test(digits)) return Math.min(Math.max(Number(digits), min), max);
  conf.junk += 1;
  return undefined;
}
