import { COMBINED } from '../../server/conf/defaults.ts';
import type { LogEscape, LogFormat, LogLevel } from '../../server/conf/log-conf.ts';
import type { Template } from '../../server/conf/template.ts';
import { type DirectiveTable, MANY, type Use } from '../directive.ts';
import type { Scope } from '../scope.ts';
import { isSyslog, syslogOf } from '../syslog.ts';
import { numberOf, sizeOf, timeOf } from '../values.ts';

const LEVELS: readonly LogLevel[] = [
  'debug',
  'info',
  'notice',
  'warn',
  'error',
  'crit',
  'alert',
  'emerg',
];

const FORMATS = 'log formats';

/** The formats of the `http` or `stream` block around. */
export function logFormatsOf(scope: Scope): Map<string, LogFormat> {
  const root = scope.enclosing('http') ?? scope.enclosing('stream') ?? scope;
  let formats = root.parts.get(FORMATS) as Map<string, LogFormat> | undefined;
  if (formats === undefined) {
    formats = new Map(root.context === 'http' ? [[COMBINED.name, COMBINED]] : []);
    root.parts.set(FORMATS, formats);
  }
  return formats;
}

/** `error_log`, `access_log` and `log_format`. */
export const logDirectives: DirectiveTable = {
  error_log: {
    contexts: ['main', 'http', 'server', 'location', 'stream', 'stream-server'],
    args: [1, 2],
    default: 'logs/error.log error',
    read: (use) => {
      const [path = '', word = 'error'] = use.args;
      const level = LEVELS.find((one) => one === word);
      if (level === undefined) return use.fail(`invalid log level "${word}"`);
      checkSyslog(use, path);
      use.append('errorLogs', { path, level });
    },
  },
  log_format: {
    contexts: ['http', 'stream'],
    args: [2, MANY],
    default: 'combined "…"',
    read: readFormat,
  },
  access_log: {
    contexts: [
      'http',
      'server',
      'location',
      'if-location',
      'limit_except',
      'stream',
      'stream-server',
    ],
    args: [1, MANY],
    default: 'logs/access.log combined',
    read: readAccessLog,
  },
  open_log_file_cache: {
    contexts: ['http', 'server', 'location', 'stream', 'stream-server'],
    args: [1, 4],
    default: 'off',
    read: readCache,
  },
};

const CACHE_DEFAULTS = { inactive: '10s', min_uses: '1', valid: '60s' };
/** Names that are known at once, whatever a file says. */
const CACHE_MAX = 10_000;

function readCache(use: Use): void {
  if (use.first === 'off' && use.args.length === 1) {
    use.set('openLogCache', undefined);
    return;
  }
  const words: Record<string, string> = { ...CACHE_DEFAULTS };
  for (const word of use.args) {
    const [, name = '', value = ''] = /^(max|inactive|min_uses|valid)=(.+)$/.exec(word) ?? [];
    if (name === '') use.fail(`invalid "open_log_file_cache" parameter "${word}"`);
    words[name] = value;
  }
  const { max, inactive = '', min_uses: minUses = '', valid = '' } = words;
  if (max === undefined) use.fail('"open_log_file_cache" must have "max" parameter');
  const bad = (name: string): never =>
    use.fail(`invalid "open_log_file_cache" parameter "${name}=${words[name]}"`);
  use.set('openLogCache', {
    max: Math.min(numberOf(max) || bad('max'), CACHE_MAX),
    inactiveMs: timeOf(inactive) ?? bad('inactive'),
    minUses: numberOf(minUses) || bad('min_uses'),
    validMs: timeOf(valid) ?? bad('valid'),
  });
}

function checkSyslog(use: Use, path: string): void {
  if (!isSyslog(path)) return;
  const conf = syslogOf(path);
  if (typeof conf === 'string') use.fail(conf);
}

function readFormat(use: Use): void {
  const [name = '', ...rest] = use.args;
  const formats = logFormatsOf(use.scope);
  if (formats.has(name)) use.fail(`duplicate "log_format" name "${name}"`);
  let escaping: LogEscape = 'default';
  const [first] = rest;
  if (first?.startsWith('escape=')) {
    const word = first.slice('escape='.length);
    if (word !== 'default' && word !== 'json' && word !== 'none') {
      use.fail(`unknown log format escaping "${word}"`);
    }
    escaping = word;
    rest.shift();
  }
  formats.set(name, { name, escape: escaping, template: use.template(rest.join('')) });
}

function bufferOf(use: Use, text: string): number {
  return sizeOf(text) || use.fail(`invalid buffer size "${text}"`);
}

function flushOf(use: Use, text: string): number {
  return timeOf(text) || use.fail(`invalid flush time "${text}"`);
}

/** Bytes that are compressed together where nothing else is said. */
const GZIP_BUFFER = 64 * 1024;

function compressionOf(use: Use, word: string): number {
  if (word === 'gzip') return 1;
  const level = word.slice('gzip='.length);
  return /^[1-9]$/.test(level) ? Number(level) : use.fail(`invalid compression level "${level}"`);
}

function readAccessLog(use: Use): void {
  const [path = '', ...rest] = use.args;
  if (path === 'off') {
    if (rest.length > 0) use.fail(`invalid parameter "${rest[0]}"`);
    use.append('accessLogs');
    return;
  }
  checkSyslog(use, path);
  let formatName = 'combined';
  let buffer = 0;
  let flush: number | undefined;
  let gzip = 0;
  let when: Template | undefined;
  for (const [index, word] of rest.entries()) {
    if (word.startsWith('buffer=')) buffer = bufferOf(use, word.slice('buffer='.length));
    else if (word.startsWith('flush=')) flush = flushOf(use, word.slice('flush='.length));
    else if (word.startsWith('if=')) when = use.template(word.slice('if='.length));
    else if (word === 'gzip' || word.startsWith('gzip=')) {
      gzip = compressionOf(use, word);
      if (buffer === 0) buffer = GZIP_BUFFER;
    } else if (index === 0) formatName = word;
    else use.fail(`invalid parameter "${word}"`);
  }
  const format = logFormatsOf(use.scope).get(formatName);
  if (format === undefined) use.fail(`unknown log format "${formatName}"`);
  if (flush !== undefined && buffer === 0)
    use.fail(`no buffer is defined for access_log "${path}"`);
  if (buffer > 0 && path.includes('$')) use.fail('buffered logs cannot have variables in name');
  if (buffer > 0 && isSyslog(path)) use.fail('logs to syslog cannot be buffered');
  if (!isSyslog(path) && !path.includes('$')) use.reader.logPaths.add(path);
  // What is said of a syslog is taken as it is written.
  const to = isSyslog(path) ? path : use.template(path);
  use.append('accessLogs', { path: to, format, buffer, flush, gzip, when });
}
