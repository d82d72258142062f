import type { ServerConnection } from '../../http/server-connection.ts';
import type { Template, VariablePart } from '../conf/template.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { Evaluate } from '../engine/templates.ts';
import { escapeArgument } from '../engine/uri.ts';

/** What `rewrite` makes of its replacement: `args` is `undefined` where that has no `?`. */
export type RewriteText = { readonly path: Evaluate; readonly args: Evaluate | undefined };

/**
 * Captures are decoded; among arguments they are escaped again, if the client had escaped anything.
 * A `?` counts where it is written, not where a variable has one.
 */
export function rewriteText(replacement: Template, site: Site): RewriteText {
  const parts: readonly (string | VariablePart)[] =
    typeof replacement === 'string' ? [replacement] : replacement;
  const at = parts.findIndex((part) => typeof part === 'string' && part.includes('?'));
  if (at < 0) return { path: site.template(replacement), args: undefined };
  const text = parts[at] as string;
  const query = text.indexOf('?');
  const path = [...parts.slice(0, at), text.slice(0, query)];
  const args = [text.slice(query + 1), ...parts.slice(at + 1)];
  return { path: site.template(path), args: escapingText(args, site) };
}

/** The same for a redirect, which is one text: captures are escaped wherever they stand. */
export function redirectText(replacement: Template, site: Site): Evaluate {
  const parts = typeof replacement === 'string' ? [replacement] : replacement;
  const evaluate = escapingText(parts, site);
  return (request) => unescapedPath(evaluate(request));
}

function escapingText(parts: readonly (string | VariablePart)[], site: Site): Evaluate {
  const pieces = parts.map((part): Evaluate => {
    if (typeof part === 'string') return () => part;
    const { get } = site.variables.find(part.name);
    if (!/^[0-9]$/.test(part.name)) return (request) => get(request) ?? '';
    return (request) => {
      const text = get(request) ?? '';
      return isEscaped(request) ? escapeArgument(text) : text;
    };
  });
  return (request) => {
    let text = '';
    for (const piece of pieces) text += piece(request);
    return text;
  };
}

/** Had the client's path anything that was escaped? */
function isEscaped(request: Request): boolean {
  const { target } = (request.client as ServerConnection).head;
  const query = target.indexOf('?');
  return /[%+]/.test(query < 0 ? target : target.slice(0, query));
}

/** What is visible and of no meaning is not escaped in a path. */
function unescapedPath(text: string): string {
  const query = text.indexOf('?');
  const path = query < 0 ? text : text.slice(0, query);
  if (!path.includes('%')) return text;
  const plain = path.replace(/%([0-9A-Fa-f]{2})/g, (all, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code > PERCENT && code < DEL ? String.fromCharCode(code) : all;
  });
  return query < 0 ? plain : plain + text.slice(query);
}

const PERCENT = 0x25;
const DEL = 0x7f;
