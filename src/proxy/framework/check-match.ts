import { checkNames } from '../checked-numbers.ts';
import type { Match } from './match.ts';

const NAMES: Readonly<Record<keyof Match, true>> = {
  host: true,
  path: true,
  exact: true,
  method: true,
  header: true,
};
/** As request lines have them: letters are capitals, or the request is refused. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;

/** Throws `TypeError` for a match that would match something else than it seems to, or nothing. */
export function checkMatch(match: Match): void {
  if (typeof match !== 'object' || match === null) throw bad(`${String(match)} is no match`);
  checkNames('route()', match, Object.keys(NAMES));
  const { host, path, exact, method, header = {} } = match;
  checkText('host', host);
  checkText('path', path);
  for (const [name, wanted] of Object.entries(header)) checkText(`header '${name}'`, wanted);
  if (exact !== undefined && typeof exact !== 'string') throw bad('`exact` is no text');
  if (typeof path === 'string') checkPath(path);
  if (exact !== undefined) checkPath(exact);
  if (exact !== undefined && path !== undefined) throw bad('either `exact` or `path`');
  if (method === undefined) return;
  if (!Array.isArray(method)) throw bad('`method` is a list');
  for (const one of method) if (!METHOD.test(one)) throw bad(`'${one}' is no method`);
}

function checkText(what: string, text: unknown): void {
  if (text === undefined || typeof text === 'string' || text instanceof RegExp) return;
  throw bad(`${what} is neither text nor an expression`);
}

function checkPath(path: string): void {
  if (!path.startsWith('/')) throw bad(`the path '${path}' does not begin with '/'`);
}

function bad(what: string): TypeError {
  return new TypeError(`route(): ${what}`);
}
