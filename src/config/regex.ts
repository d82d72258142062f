import { ConfigError, type Position } from './config-error.ts';

/**
 * A regular expression of PCRE's as one of JavaScript's: `(?P<name>…)`, `\A`, `\z`, `(?i)` in front.
 * Throws `ConfigError` for what it cannot say.
 */
export function regexOf(pattern: string, ignoreCase: boolean, position: Position): RegExp {
  let source = pattern;
  let flags = ignoreCase ? 'i' : '';
  const inline = /^\(\?([imsx]*)(?:-([imsx]+))?\)/.exec(source);
  if (inline !== null) {
    source = source.slice(inline[0].length);
    for (const flag of inline[1] as string)
      if (!flags.includes(flag) && flag !== 'x') flags += flag;
    for (const flag of inline[2] ?? '') flags = flags.replace(flag, '');
  }
  source = source
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, text: string) => escaped(text))
    .replace(/\\([pP])(?:\{(\^?\w+)\}|(\w))/g, (all, kind: string, name = '', short = '') =>
      propertyClass(all, kind === 'P', name === '' ? short : name),
    )
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?'(\w+)'/g, '(?<$1>')
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$')
    .replace(/\\h/g, '[ \\t]')
    .replace(/\[:(\w+):\]/g, (all, name: string) => POSIX[name] ?? all)
    .replace(/([*+?}])\+/g, '$1'); // There are no possessive ones: what is greedy matches at least as much.
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`regex "${pattern}" cannot be used: ${why}`, position);
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

const BYTES = 256;

/** `\\p{N}`: the bytes that have a property, as latin1. */
function propertyClass(all: string, isInverted: boolean, name: string): string {
  const negative = name.startsWith('^') !== isInverted;
  let property: RegExp;
  try {
    property = new RegExp(`^\\p{${name.replace('^', '')}}$`, 'u');
  } catch {
    return all;
  }
  let members = '';
  for (let code = 0; code < BYTES; code += 1) {
    if (property.test(String.fromCharCode(code)) === negative) continue;
    members += `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return `[${members}]`;
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\s',
  xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~',
};
