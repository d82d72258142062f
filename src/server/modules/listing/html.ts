import { Buffer } from 'node:buffer';
import type { Entry } from './entries.ts';

/** Characters of a name that are shown. */
const NAME_MAX = 50;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const EXACT_WIDTH = 19;
const ROUNDED_WIDTH = 7;

export type HtmlOptions = {
  readonly exactSize: boolean;
  readonly localTime: boolean;
  /** Names are UTF-8: characters are counted, not bytes. */
  readonly utf8: boolean;
};

/** A page with the names as links, in columns. */
export function htmlListing(uri: string, entries: readonly Entry[], options: HtmlOptions): string {
  const title = escapeHtml(uri);
  let text =
    `<html>\r\n<head><title>Index of ${title}</title></head>\r\n<body>\r\n` +
    `<h1>Index of ${title}</h1><hr><pre><a href="../">../</a>\r\n`;
  for (const entry of entries) text += line(entry, options);
  return `${text}</pre><hr></body>\r\n</html>\r\n`;
}

function line(entry: Entry, options: HtmlOptions): string {
  const isDirectory = entry.kind === 'directory';
  const href = escapeComponent(entry.name) + (isDirectory ? '/' : '');
  const size = isDirectory ? '-' : options.exactSize ? String(entry.size) : rounded(entry.size);
  const width = options.exactSize ? EXACT_WIDTH : ROUNDED_WIDTH;
  return (
    `<a href="${href}">${shownName(entry, options.utf8)} ` +
    `${timeText(entry.mtime, options.localTime)} ${size.padStart(width)}\r\n`
  );
}

/** The name, cut where it is too long, and as wide as all others. */
function shownName({ name, kind }: Entry, utf8: boolean): string {
  const characters = utf8 ? [...Buffer.from(name, 'latin1').toString('utf8')] : [...name];
  const back = (list: readonly string[]): string =>
    utf8 ? Buffer.from(list.join(''), 'utf8').toString('latin1') : list.join('');
  if (characters.length > NAME_MAX) {
    return `${escapeHtml(back(characters.slice(0, NAME_MAX - 3)))}..&gt;</a>`;
  }
  const slash = kind === 'directory' && characters.length < NAME_MAX ? '/' : '';
  const shown = utf8 ? back(characters) : name;
  return `${escapeHtml(shown)}${slash}</a>${' '.repeat(NAME_MAX - characters.length - slash.length)}`;
}

/** `28-Sep-1970 12:00`. */
function timeText(seconds: number, local: boolean): string {
  const date = new Date(seconds * 1000);
  const [day, month, year, hour, minute] = local
    ? [date.getDate(), date.getMonth(), date.getFullYear(), date.getHours(), date.getMinutes()]
    : [
        date.getUTCDate(),
        date.getUTCMonth(),
        date.getUTCFullYear(),
        date.getUTCHours(),
        date.getUTCMinutes(),
      ];
  return `${two(day)}-${MONTHS[month]}-${year} ${two(hour)}:${two(minute)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

const KIB = 1024;

/** Seven characters at most: the last one is the unit. */
function rounded(bytes: number): string {
  if (bytes >= KIB ** 3) return `${Math.round(bytes / KIB ** 3)}G`;
  if (bytes >= KIB ** 2) return `${Math.round(bytes / KIB ** 2)}M`;
  return bytes > 9999 ? `${Math.round(bytes / KIB)}K` : String(bytes);
}

const HTML: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => HTML[char] as string);
}

/** As a segment of a URL: only what is reserved nowhere stays (RFC 3986 §2.3). */
function escapeComponent(text: string): string {
  return text.replace(
    /[^A-Za-z0-9\-._~]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
