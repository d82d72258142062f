import type { Request } from '../../engine/request.ts';
import { UnknownVariable } from '../../engine/variables.ts';
import { sharedOf } from './shared.ts';

/** A command cannot be followed: `message` is for the log. */
export class SsiError extends Error {}

/** What a name stands for: a page's own variable, or one of the server's. */
export function variableValue(request: Request, name: string): string | undefined {
  const lower = name.toLowerCase();
  const shared = sharedOf(request);
  if (/^\d$/.test(lower) && shared.captures.length > 0) return shared.captures[Number(lower)] ?? '';
  const own = shared.variables.get(lower);
  if (own !== undefined) return own;
  return mayAsk(request, lower) ? serverValue(request, lower) : undefined;
}

/** Names are learned by looking for them, and pages may come from anywhere. */
const ASKED_MAX = 10_000;
const ASKED = Symbol('names that pages have asked for');

function mayAsk({ site: { parts } }: Request, name: string): boolean {
  const asked = (parts.get(ASKED) as Set<string> | undefined) ?? new Set<string>();
  if (asked.size === 0) parts.set(ASKED, asked);
  if (asked.size < ASKED_MAX) asked.add(name);
  return asked.has(name);
}

function serverValue(request: Request, name: string): string | undefined {
  try {
    return request.site.variables.find(name).get(request);
  } catch (error) {
    if (error instanceof UnknownVariable) return undefined;
    throw error;
  }
}

const VARIABLE = /\$(\{?)([A-Za-z0-9_]*)(\}?)/y;

/** A value with variables in it; a backslash takes its meaning from a quote, a dollar and itself. */
export function evaluated(request: Request, text: string): string {
  let value = '';
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char === '\\') {
      const next = text[at + 1] ?? '';
      value += /[\\'"$]/.test(next) ? next : char + next;
      at += 2;
    } else if (char === '$') {
      VARIABLE.lastIndex = at;
      const [all = '', open = '', name = '', close = ''] = VARIABLE.exec(text) ?? [];
      if (name === '') throw new SsiError(`invalid variable name in "${text}"`);
      if (open !== '' && close === '') {
        throw new SsiError(`the closing bracket in "${name}" variable is missing`);
      }
      value += variableValue(request, name) ?? '';
      at += open === '' ? 1 + name.length : all.length;
    } else {
      value += char;
      at += 1;
    }
  }
  return value;
}
