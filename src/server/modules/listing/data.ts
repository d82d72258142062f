import { httpDate } from '../../engine/http-date.ts';
import type { Entry } from './entries.ts';
import { escapeHtml } from './html.ts';

/** An array of objects; with `callback`, a call of that function. */
export function jsonListing(entries: readonly Entry[], callback: string): string {
  const list = `[${entries.map(object).join(',')}\r\n]`;
  return callback === '' ? list : `/* callback */\r\n${callback}(${list});`;
}

function object({ name, kind, mtime, size }: Entry): string {
  const common = `\r\n{ "name":"${escapeJson(name)}", "type":"${kind}", "mtime":"${httpDate(mtime)}"`;
  return kind === 'file' ? `${common}, "size":${size} }` : `${common} }`;
}

export function xmlListing(entries: readonly Entry[]): string {
  return `<?xml version="1.0"?>\r\n<list>\r\n${entries.map(element).join('')}</list>\r\n`;
}

function element({ name, kind, mtime, size }: Entry): string {
  const time = new Date(mtime * 1000).toISOString().replace(/\.\d+/, '');
  const bytes = kind === 'file' ? ` size="${size}"` : '';
  return `<${kind} mtime="${time}"${bytes}>${escapeHtml(name)}</${kind}>\r\n`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

function escapeJson(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\0-\x1f"\\]/g, (char) => {
    const code = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return SHORT[char] ?? `\\u${code}`;
  });
}
