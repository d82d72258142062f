/** One exchange, as formats see it. */
export type AccessEntry = {
  /** Milliseconds since 1970, at its end. */
  readonly timeMs: number;
  readonly clientIp: string;
  /** As it came; `-` for what was no request. */
  readonly requestLine: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
  /** The server that was tried last, `address:port`. */
  readonly upstream: string | undefined;
  /** The type of the error that ended it. */
  readonly error: string | undefined;
  /** A field of the request. */
  readonly header: (name: string) => string | undefined;
};

/** Makes the line of an exchange, without its end. */
export type LineOf = (entry: AccessEntry) => string;

/**
 * `combined`, `json` (an object per line), a template with nginx's variables such as
 * `$remote_addr "$request" $status`, or a function.
 */
export type AccessFormat = 'combined' | 'json' | (string & {}) | LineOf;

/** How lines of a format are made; `undefined`: combined ones. Throws for an unknown variable. */
export function lineOf(format: AccessFormat): LineOf | undefined {
  if (typeof format === 'function') return format;
  if (format === 'combined') return undefined;
  return format === 'json' ? jsonLine : template(format);
}

function jsonLine(entry: AccessEntry): string {
  const { timeMs, header, requestLine: _, ...rest } = entry;
  const time = new Date(timeMs).toISOString();
  return JSON.stringify({ time, ...rest, referer: header('referer'), agent: header('user-agent') });
}

const VARIABLES: Readonly<Record<string, (entry: AccessEntry) => string | number | undefined>> = {
  remote_addr: ({ clientIp }) => clientIp,
  remote_user: () => undefined,
  time_local: ({ timeMs }) => logTime(new Date(timeMs)),
  time_iso8601: ({ timeMs }) => new Date(timeMs).toISOString().replace(/\.\d+Z$/, '+00:00'),
  msec: ({ timeMs }) => (timeMs / 1000).toFixed(3),
  request: ({ requestLine }) => requestLine,
  request_method: ({ method }) => method,
  request_uri: ({ target }) => target,
  status: ({ status }) => status,
  body_bytes_sent: ({ bodyBytes }) => bodyBytes,
  request_time: ({ durationMs }) => (durationMs / 1000).toFixed(3),
  upstream_addr: ({ upstream }) => upstream,
  error: ({ error }) => error,
};

function template(text: string): LineOf {
  const parts = text.split(/\$(?:\{(\w+)\}|(\w+))/);
  if (parts.length === 1) {
    throw new TypeError(`access log: '${text}' is not combined, not json, and has no variable`);
  }
  const makers: LineOf[] = [];
  for (let i = 0; i < parts.length; i += 3) {
    const literal = parts[i] as string;
    makers.push(() => literal);
    const name = parts[i + 1] ?? parts[i + 2];
    if (name !== undefined) makers.push(variable(name));
  }
  return (entry) => makers.map((make) => make(entry)).join('');
}

function variable(name: string): LineOf {
  const known = VARIABLES[name];
  if (known !== undefined) return (entry) => escaped(String(known(entry) ?? '-'));
  if (!name.startsWith('http_')) throw new TypeError(`access log: no variable '$${name}'`);
  const field = name.slice('http_'.length).replaceAll('_', '-');
  return (entry) => escaped(entry.header(field) ?? '-');
}

/** A function may return anything: control characters of it cannot end its line. */
export function oneLine(line: string): string {
  return CONTROL.test(line) ? line.replaceAll(CONTROLS, escapedChar) : line;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const CONTROLS = new RegExp(CONTROL.source, 'g');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function logTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** A value can end neither its quotes nor its line: nginx's escape=default. */
export function escaped(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(SPECIAL, escapedChar);
}

const PLAIN = /^[ !#-[\]-~]*$/;
const SPECIAL = /[^ !#-[\]-~]/g;

function escapedChar(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
