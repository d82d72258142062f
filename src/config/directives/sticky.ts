import type { StickyConf } from '../../server/conf/sticky-conf.ts';
import type { Use } from '../directive.ts';
import { secondsOf, sizeOf, timeOf } from '../values.ts';

const ZONE_BYTES_MIN = 8 * 4096;
const LEARN_MS = 600_000;
const SAME_SITE = /^(?:strict|lax|none)$/i;

/** `sticky cookie|route|learn …`. */
export function stickyOf(use: Use): StickyConf {
  const [kind, ...words] = use.args;
  if (kind === 'cookie') return cookieOf(use, words);
  if (kind === 'route') return { kind, variables: words.map((word) => variableOf(use, word)) };
  if (kind === 'learn') return learnOf(use, words);
  return use.fail(`unknown parameter "${kind}"`);
}

function variableOf(use: Use, word: string): string {
  if (!word.startsWith('$')) use.fail(`invalid variable name "${word}"`);
  return word.slice(1).toLowerCase();
}

type CookieConf = Extract<StickyConf, { kind: 'cookie' }>;

function cookieOf(use: Use, [name = '', ...words]: readonly string[]): StickyConf {
  if (name === '') use.fail('"sticky" directive empty cookie name');
  const cookie: { -readonly [Key in keyof CookieConf]: CookieConf[Key] } = {
    kind: 'cookie',
    name,
    domain: undefined,
    path: undefined,
    expires: undefined,
    httpOnly: false,
    secure: false,
    sameSite: undefined,
  };
  const seen = new Set<string>();
  for (const word of words) {
    const { key, value } = partsOf(use, word, seen);
    if (key === 'domain' && value !== undefined) cookie.domain = use.template(filled(use, word));
    else if (key === 'path' && value !== undefined) cookie.path = filled(use, word);
    else if (key === 'expires' && value !== undefined) cookie.expires = expiresOf(use, value);
    else if (key === 'samesite' && value !== undefined) cookie.sameSite = sameSiteOf(use, value);
    else if (word === 'httponly') cookie.httpOnly = true;
    else if (word === 'secure') cookie.secure = true;
    else use.fail(`unknown parameter "${word}"`);
  }
  return cookie;
}

/** A word once, as `key` or `key=value`. */
function partsOf(
  use: Use,
  word: string,
  seen: Set<string>,
): { readonly key: string; readonly value: string | undefined } {
  const equals = word.indexOf('=');
  const key = equals < 0 ? word : word.slice(0, equals);
  if (seen.has(key)) use.fail(`"sticky" directive parameter "${key}" is duplicate`);
  seen.add(key);
  return { key, value: equals < 0 ? undefined : word.slice(equals + 1) };
}

function filled(use: Use, word: string): string {
  const equals = word.indexOf('=');
  if (equals === word.length - 1) {
    use.fail(`"sticky" directive no value for "${word.slice(0, equals)}"`);
  }
  return word.slice(equals + 1);
}

function expiresOf(use: Use, value: string): number | 'max' {
  if (value === 'max') return value;
  const seconds = secondsOf(value);
  return seconds === undefined
    ? use.fail('"sticky" directive invalid "expires" parameter value')
    : seconds * 1000;
}

function sameSiteOf(use: Use, value: string): CookieConf['sameSite'] {
  if (!value.includes('$') && !SAME_SITE.test(value)) {
    use.fail('"sticky" directive invalid "samesite" parameter value');
  }
  return use.template(value);
}

function learnOf(use: Use, words: readonly string[]): StickyConf {
  const create: string[] = [];
  const lookup: string[] = [];
  let zone: { readonly name: string; readonly bytes: number } | undefined;
  let timeout: number | undefined;
  let afterHeader = false;
  const bad = (what: string): never => use.fail(`"sticky" directive ${what}`);
  for (const word of words) {
    const value = word.slice(word.indexOf('=') + 1);
    if (word.startsWith('zone='))
      zone = zone === undefined ? zoneOf(value, bad) : bad('duplicate zone');
    else if (word.startsWith('timeout=')) {
      if (timeout !== undefined) bad('duplicate timeout');
      timeout = timeOf(value) || bad('invalid timeout');
    } else if (word.startsWith('create=')) create.push(namedBy(value, 'create', bad));
    else if (word.startsWith('lookup=')) lookup.push(namedBy(value, 'lookup', bad));
    else if (word === 'header') afterHeader = true;
    else use.fail(`unknown parameter "${word}"`);
  }
  if (lookup.length === 0) bad('"lookup" parameter is not specified');
  if (create.length === 0) bad('"create" parameter is not specified');
  if (zone === undefined) return bad('"zone" parameter is not specified');
  const { name, bytes } = zone;
  const sessions = { zone: name, zoneBytes: bytes, timeout: timeout ?? LEARN_MS };
  return { kind: 'learn', create, lookup, ...sessions, afterHeader };
}

function zoneOf(
  value: string,
  bad: (what: string) => never,
): { readonly name: string; readonly bytes: number } {
  const colon = value.indexOf(':');
  if (colon < 0) bad('zone size is not specified');
  if (colon === 0) bad('zone name is not specified');
  const bytes = sizeOf(value.slice(colon + 1)) ?? bad('invalid zone size');
  if (bytes < ZONE_BYTES_MIN) bad('zone is too small');
  return { name: value.slice(0, colon), bytes };
}

function namedBy(value: string, parameter: string, bad: (what: string) => never): string {
  if (!value.startsWith('$')) bad(`missing variable in the "${parameter}" parameter`);
  return value.slice(1).toLowerCase();
}
