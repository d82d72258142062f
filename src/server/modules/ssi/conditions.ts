import type { Request } from '../../engine/request.ts';
import { NAMES_MAX, sharedOf } from './shared.ts';
import { evaluated, SsiError } from './values.ts';

const EXPRESSION = /^([A-Za-z0-9${}_"']*) *(?:(=|!=) *([\s\S]*))?$/;

/** What `expr` of `if` says: `$a`, `$a = text`, `text != $a`, `$a = /regex/`. */
export function holds(request: Request, expression: string): boolean {
  const match = EXPRESSION.exec(expression);
  if (match === null) throw new SsiError(`invalid expression in "${expression}"`);
  const [, first = '', operator, second = ''] = match;
  const left = evaluated(request, first.toLowerCase());
  if (operator === undefined) return left !== '';
  const not = operator === '!=';
  if (second.length > 1 && second.startsWith('/')) {
    if (!second.endsWith('/')) throw new SsiError(`invalid expression in "${expression}"`);
    return matches(request, evaluated(request, second.slice(1, -1)), left) !== not;
  }
  const right = evaluated(request, second.startsWith('\\/') ? second.slice(1) : second);
  return (left === right) !== not;
}

function matches(request: Request, pattern: string, text: string): boolean {
  const captures = regexOf(pattern).exec(text);
  if (captures === null) return false;
  const shared = sharedOf(request);
  shared.captures = [...captures];
  for (const [name, value] of Object.entries(captures.groups ?? {})) {
    if (shared.variables.size < NAMES_MAX) shared.variables.set(name.toLowerCase(), value ?? '');
  }
  return true;
}

function regexOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern.replaceAll('(?P<', '(?<'));
  } catch (error) {
    throw new SsiError(error instanceof Error ? error.message : String(error));
  }
}
