import type { Template } from '../server/conf/template.ts';
import { ConfigError, type Position } from './config-error.ts';

const NAME = /^[A-Za-z0-9_]+/;

/** A text with `$name` and `${name}` in it. Throws `ConfigError`. */
export function templateOf(text: string, position: Position): Template {
  if (!text.includes('$')) return text;
  const parts: (string | { readonly name: string })[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '$') {
      const next = text.indexOf('$', at);
      const end = next < 0 ? text.length : next;
      literal += text.slice(at, end);
      at = end;
      continue;
    }
    const braced = text[at + 1] === '{';
    const start = at + (braced ? 2 : 1);
    const name = NAME.exec(text.slice(start))?.[0] ?? '';
    const end = start + name.length;
    if (braced && text[end] !== '}') {
      throw new ConfigError(`the closing bracket in "${name}" variable is missing`, position);
    }
    if (name === '') throw new ConfigError('invalid variable name', position);
    // One digit is a capture; what follows it is text.
    const digit = /^[0-9]/.test(name) && !braced ? (name[0] as string) : name;
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ name: digit });
    at = braced ? end + 1 : start + digit.length;
  }
  if (literal !== '') parts.push(literal);
  return parts;
}
